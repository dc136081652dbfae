#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The TAP report is read by those it is for: Automake's driver and perl's prove.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
reports=$top_srcdir/tests/report

# driver FILE RESULT COUNT: Automake's driver finds COUNT results RESULT in FILE, no error.
driver() {
	sh "$top_srcdir/build-aux/tap-driver.sh" --test-name x --log-file "$tap_dir/x.log" \
		--trs-file "$tap_dir/x.trs" --color-tests no --enable-hard-errors yes \
		--expect-failure no -- cat "$reports/$1" >"$tap_dir/said"
	cat "$tap_dir/said"
	! grep -q '^ERROR' "$tap_dir/said" && [ "$(grep -c "^$2" "$tap_dir/said")" -eq "$3" ]
}

# judged STATUS FILE: prove ends with STATUS on FILE and finds nothing wrong with its syntax.
judged() {
	status=0
	prove -e cat "$reports/$2" >"$tap_dir/said" 2>&1 || status=$?
	cat "$tap_dir/said"
	[ "$status" -eq "$1" ] && ! grep -q 'Parse errors' "$tap_dir/said"
}

# cut_is_error: a stream that ends early is no pass.
cut_is_error() {
	sed '$d' "$reports/good.tap" >"$tap_dir/cut.tap"
	! prove -e cat "$tap_dir/cut.tap" >"$tap_dir/said" 2>&1
}

tap_check "Automake's driver sees the passes of the good run" driver good.tap PASS 2
tap_check "Automake's driver sees the skips of the good run" driver good.tap SKIP 2
tap_check "Automake's driver sees every failure of the bad run" driver bad.tap FAIL 6
if command -v prove >/dev/null; then
	tap_check "prove passes the good run" judged 0 good.tap
	tap_check "prove fails the bad run" judged 1 bad.tap
	tap_check "prove fails a cut report" cut_is_error
else
	tap_skip "prove" "prove is missing"
fi
tap_end
