# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced by the tests that are scripts: TAP on stdout, a directory $tap_dir of the test's
# own that goes away with it.  Without the plan of tap_end the harness reports an error, so
# that a script which dies on the way does not pass.

set -u
tap_count=0
tap_dir=$(mktemp -d) || exit 99
trap 'rm -rf "$tap_dir"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# tap_result STATUS TEXT: one result, passed if STATUS is 0.
tap_result() {
	tap_count=$((tap_count + 1))
	if [ "$1" -eq 0 ]; then
		printf 'ok %d - %s\n' "$tap_count" "$2"
	else
		printf 'not ok %d - %s\n' "$tap_count" "$2"
	fi
}

# tap_check TEXT COMMAND...: passed if COMMAND succeeds; its output is shown otherwise.
tap_check() {
	tap_text=$1
	shift
	tap_status=0
	"$@" >"$tap_dir/.output" 2>&1 || tap_status=$?
	tap_result "$tap_status" "$tap_text"
	[ "$tap_status" -eq 0 ] || sed 's/^/# /' "$tap_dir/.output"
}

# tap_skip TEXT REASON: a result that could not be had here.
tap_skip() {
	tap_count=$((tap_count + 1))
	printf 'ok %d - %s # SKIP %s\n' "$tap_count" "$1" "$2"
}

# tap_end: the plan.
tap_end() {
	printf '1..%d\n' "$tap_count"
}
