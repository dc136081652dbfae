#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A probe in a guest knows the workers by what the host's probe found out: in its first run it
# has the layout already, and opens no debug information.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
top=${top_builddir:?}/ktstr-top

# known SCENARIO PART: passes, by a layout from the cache for an object with PART in its path.
known() {
	"$top" -bc -f json "$1" >"$tap_dir/out" 2>&1 || {
		cat "$tap_dir/out"
		return 1
	}
	jq -c 'select(.event == "probe_end") | .layout' "$tap_dir/out" | tee "$tap_dir/layout"
	jq -e --arg part "$2" '.cache == "hit" and .gate == "ok" and (has("debug_file") | not)
		and (.object | contains($part))' "$tap_dir/layout"
}

tap_check "the static worker" known known-allocation /bin/ktstr-jemalloc-alloc-worker
if [ -x "$top_builddir/ktstr-jemalloc-alloc-worker-dso" ]; then
	tap_check "a shared jemalloc" known dso-jemalloc /libjemalloc.so.2
else
	tap_skip "a shared jemalloc" "its worker is not built: libjemalloc2 is missing"
fi

# A second run could have it from the guest's own cache.
once() {
	[ "$(wc -l <"$tap_dir/layout")" -eq 1 ]
}
tap_check "by the only run of the probe" once
tap_end
