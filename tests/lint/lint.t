#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The project's own files against its rules (CONTRIBUTING.md, "Lint").

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
aux=$top_srcdir/build-aux

"$aux/lint-files" "$top_srcdir" >"$tap_dir/files"
tap_check 'the files can be listed' grep -q -x src/base/error.c "$tap_dir/files"

# lint NAME TEXT: build-aux/lint-NAME has nothing to say; what it tells otherwise is shown.
lint() {
	status=0
	"$aux/lint-$1" "$top_srcdir" <"$tap_dir/files" >"$tap_dir/said" 2>&1 || status=$?
	if [ "$status" -eq 77 ]; then
		tap_skip "$2" 'the tool for it is missing'
		return
	fi
	tap_result "$status" "$2"
	sed 's/^/# /' "$tap_dir/said"
}

lint includes 'modules include only what docs/architecture.md lets them'
lint sizes 'no file over 800 lines, no function over 90'
lint headers 'each prototype is documented'
lint text 'license lines, no paths of one machine, no unfinished work'
lint scripts 'shellcheck'
lint format 'clang-format'
tap_end
