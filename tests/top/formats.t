#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# One real run in every format: valid for the tools that read it, free of escape sequences
# in a pipe, and the same verdicts everywhere.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
top=${top_builddir:?}/ktstr-top
name=known-allocation
escape=$(printf '\033')

run() {
	"$top" --batch --check "$@" "$name" >"$tap_dir/out" 2>"$tap_dir/err" </dev/null
}

plain() {
	run && cat "$tap_dir/out" && grep -q "^PASS  $name  *[0-9.]* s" "$tap_dir/out" &&
		grep -q '^1 scenario: 1 passed' "$tap_dir/out" && [ ! -s "$tap_dir/err" ]
}
tap_check "plain" plain

no_escape() {
	! grep -q "$escape" "$tap_dir/out"
}
tap_check "plain in a pipe has no escape sequence" no_escape

quiet() {
	run --quiet --color always && [ "$(wc -l <"$tap_dir/out")" -eq 1 ]
}
tap_check "quiet is the summary alone" quiet

tap() {
	run --format tap && cp "$tap_dir/out" "$tap_dir/result" &&
		prove -e cat "$tap_dir/result"
}
tap_check "prove accepts the TAP" tap

json() {
	run --format json --record "$tap_dir/run.ktr" && jq -e -s '
		.[0].event == "run_start" and .[-1].event == "run_end" and .[-1].exit_code == 0
		and all(.[]; .schema == 1)
		and ([.[] | select(.event == "snapshot")] | length) == 1
		and ([.[] | select(.event == "check" and .verdict == "pass")] | length) == 5
	' "$tap_dir/out"
}
tap_check "jq accepts the events" json

# The guest's clock is the host's: a machine's RTC alone is read in whole seconds.
clock() {
	jq -e -s '
		(.[0].started_at_unix_sec) as $began
		| [.[] | select(.event == "snapshot") | .timestamp_unix_sec - $began]
		| all(.[]; . >= 0 and . < 300)
	' "$tap_dir/out"
}
tap_check "the guest has the host's time" clock

recorded() {
	cmp "$tap_dir/out" "$tap_dir/run.ktr"
}
tap_check "the recording is the same events" recorded

# A name with '#' is a name everywhere: in plain text, in TAP (where it begins a directive unless it is
# escaped), in a recording, and on the screen.
name=nonexistent-pid
repeated() {
	run --repeat 2 --record "$tap_dir/two.ktr" && cat "$tap_dir/out" &&
		grep -q "^PASS  $name#1  *[0-9.]* s" "$tap_dir/out" &&
		grep -q "^PASS  $name#2  *[0-9.]* s" "$tap_dir/out" &&
		[ "$(wc -l <"$tap_dir/out")" -eq 3 ] &&
		grep -q '^2 scenarios: 2 passed in ' "$tap_dir/out" &&
		jq -e -s --arg name "$name" '.[0].scenarios == ["\($name)#1", "\($name)#2"]
			and ([.[] | select(.event == "scenario_end") | .scenario] | sort)
				== ["\($name)#1", "\($name)#2"]
			and .[-1].passed == 2' "$tap_dir/two.ktr"
}
tap_check "--repeat" repeated

repeated_tap() {
	"$top" --batch --format tap --replay "$tap_dir/two.ktr" >"$tap_dir/result" &&
		cat "$tap_dir/result" && prove -e cat "$tap_dir/result" &&
		[ "$(grep -c "^ok [1-4] - $name\\\\#[12]/" "$tap_dir/result")" -eq 4 ] &&
		grep -q '^1\.\.4$' "$tap_dir/result" && ! grep -q SKIP "$tap_dir/result"
}
tap_check "--repeat in TAP" repeated_tap

repeated_screen() {
	"$top" --replay "$tap_dir/two.ktr" --screen-dump --view guests --no-config \
		>"$tap_dir/frame" && cat "$tap_dir/frame" &&
		grep -q 'non[^ ]*#1 ' "$tap_dir/frame" && grep -q 'non[^ ]*#2 ' "$tap_dir/frame" &&
		"$top" --replay "$tap_dir/two.ktr" --screen-dump --view checks --no-config \
			--size 132x20 >"$tap_dir/frame" && cat "$tap_dir/frame" &&
		[ "$(grep -c 'non[^ ]*#2 ' "$tap_dir/frame")" -eq 2 ]
}
tap_check "--repeat on a screen" repeated_screen
name=known-allocation

# Under nohup a hang-up is nobody's wish.
nohup_holds() {
	(
		trap '' HUP
		exec "$top" --batch --check --format json nonexistent-pid
	) >"$tap_dir/out" 2>"$tap_dir/err" </dev/null &
	pid=$!
	until grep -q '"state":"kernel"' "$tap_dir/out"; do
		kill -0 "$pid" || return 1
		sleep 0.05
	done
	kill -HUP "$pid"
	wait "$pid"
}
tap_check "an ignored hang-up stays ignored" nohup_holds

tap_end
