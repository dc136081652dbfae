#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line of ktstr-top: every bad input is one clear line and the documented exit
# code, and nothing is booted for it; what is printed for people and for programs.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
top=${top_builddir:?}/ktstr-top

# refused CODE PART ARGUMENT...: exit CODE, one line with PART on stderr, nothing on stdout.
refused() {
	code=$1
	part=$2
	shift 2
	status=0
	"$top" "$@" >"$tap_dir/out" 2>"$tap_dir/err" </dev/null || status=$?
	cat "$tap_dir/err"
	if [ "$status" -ne "$code" ]; then
		echo "exit code $status, not $code"
		return 1
	fi
	if [ "$(wc -l <"$tap_dir/err")" -ne 1 ]; then
		echo "not one line on stderr"
		return 1
	fi
	if [ -s "$tap_dir/out" ]; then
		echo "something on stdout"
		return 1
	fi
	grep -q -F -e "$part" "$tap_dir/err"
}

# scenario TEXT: the file with this content, to be refused with PART at its place.
scenario() {
	printf '%s' "$2" >"$tap_dir/s.json"
	refused 2 "$tap_dir/s.json:$1" --batch --check "$tap_dir/s.json"
}

# What goes together, and what a screen needs.  The tests have no terminal.
tap_check "no arguments, no terminal" refused 3 "--batch --check"
tap_check "the dashboard with an unknown theme" refused 2 "high-contrast" --theme pink
tap_check "the dashboard with an unknown view" refused 2 "guests" --view nowhere
tap_check "the dashboard with an unknown column" refused 2 "alloc-rate" --columns tid,colour
tap_check "a process that is not there" refused 3 "--pid 4194304" \
	--pid 4194304 --screen-dump --no-config
tap_check "pid 0" refused 2 "1 to 2147483647" --pid 0
tap_check "pid and a scenario" refused 2 "no scenarios to run" --pid 1 thread-churn
tap_check "pid and --check" refused 2 "do not go together" -bc --pid 1
tap_check "pid and --replay" refused 2 "do not go together" --pid 1 --replay x
tap_check "pid and --jobs" refused 2 "do not go together" --pid 1 -j 2
tap_check "replay and --record" refused 2 "do not go together" -R x -r y
tap_check "replay and --list" refused 2 "do not go together" -R x -l
tap_check "an interval without --pid" refused 2 "only makes sense with --pid" --interval-ms 5
tap_check "--at without --replay" refused 2 "only makes sense with --replay" --at 5
tap_check "--size without --screen-dump" refused 2 "only makes sense with --screen-dump" --size 8x8
tap_check "the screen's options with --batch" refused 2 "do not go together" -b --view checks
tap_check "a dump with --batch" refused 2 "do not go together" -b --screen-dump
tap_check "a dump of nothing" refused 2 "say what to show" --screen-dump
tap_check "a format with a screen" refused 2 "only makes sense with --batch" --format tap
tap_check "a format with events" refused 2 "--batch --check" -b --format tap
for option in --batch --check --list --dry-run --screen-dump --verbose --quiet --fail-fast; do
	tap_check "the doctor and $option" refused 2 "--doctor and $option do not go" --doctor $option
done
tap_check "the doctor and a process" refused 2 "do not go together" --doctor --pid 1
tap_check "the doctor and a recording" refused 2 "do not go together" --doctor --replay x
tap_check "the doctor with TAP" refused 2 "json or plain" --doctor --format tap
for option in --batch --check --list --dry-run --screen-dump --verbose --quiet --fail-fast --no-config; do
	tap_check "the shell and $option" refused 2 "do not go together" --shell $option
done
tap_check "the shell and a process" refused 2 "do not go together" --shell --pid 1
tap_check "the shell and a recording" refused 2 "do not go together" --shell --replay x
tap_check "the shell and --record" refused 2 "do not go together" --shell --record x
tap_check "the shell and a format" refused 2 "do not go together" --shell --format json
tap_check "a shell in two guests" refused 2 "takes one scenario" --shell thread-churn not-jemalloc
tap_check "a shell in all guests of a directory" refused 2 "is 3 scenarios" --shell demo
tap_check "a shell in an unknown scenario" refused 2 "no-such-thing" --shell no-such-thing
tap_check "a shell with a kernel that is missing" refused 3 "/does/not/exist" --shell -k /does/not/exist
tap_check "an unknown word of --with" refused 2 "sched, cpu, tcache, process" -p 1 --with all
tap_check "an unknown engine" refused 2 "readv" -p 1 --engine steam
tap_check "a speed of 0" refused 2 "0.01 to 1000" -R x --speed 0
tap_check "a speed that is no decimal" refused 2 "0.01 to 1000" -R x --speed 1e2
tap_check "a time that is none" refused 2 "50%" -R x --at noon
tap_check "a size that is none" refused 2 "80x24" --screen-dump --size 80
tap_check "a size beyond all limits" refused 2 "1000x500" --screen-dump --size 1001x10
tap_check "a key that is none" refused 2 "<Enter>" --keys '<Entr>'
tap_check "a mouse that is neither" refused 2 "on or off" --mouse maybe
tap_check "a shell without completion" refused 2 "bash, zsh or fish" --completion csh
tap_check "preferences that are not there" refused 2 "/does/not/exist" \
	--config /does/not/exist --screen-dump -R x
tap_check "a dump of no snapshots" refused 2 "at least 1" -p 1 --screen-dump --snapshots 0
for what in --batch --screen-dump; do
	tap_check "a recording that is missing: $what" refused 2 "/does/not/exist" \
		"$what" --replay /does/not/exist
done
tap_check "an unknown option" refused 2 "unknown option '--frobnicate'" --frobnicate
tap_check "an abbreviated option" refused 2 "unknown option '--bat'" --bat
tap_check "an option twice" refused 2 "more than once" --batch --batch
tap_check "a value that is missing" refused 2 "needs a value" --batch --check --jobs
tap_check "repeat 0" refused 2 "1 to 1000" -bc --repeat 0
tap_check "repeat 1001" refused 2 "1 to 1000" -bc --repeat=1001
tap_check "repeat with rubbish" refused 2 "1 to 1000" -bc --repeat 2x
tap_check "repeat beyond all limits" refused 2 "more than 4096" -bc --repeat 1000
tap_check "repeat and --pid" refused 2 "do not go together" --pid 1 --repeat 2
tap_check "repeat and --replay" refused 2 "do not go together" -R x --repeat 2
tap_check "repeat and the doctor" refused 2 "do not go together" --doctor --repeat 2
tap_check "the name of a repeated one" refused 2 "thread-churn#1" -bc 'thread-churn#1'
tap_check "a scenario that calls itself so" scenario "1:24:" '{ "schema": 1, "name": "x#1",
"probes": [], "checks": [] }'
tap_check "jobs 0" refused 2 "from 1 to 64" -bc --jobs 0
tap_check "jobs 65" refused 2 "from 1 to 64" -bc --jobs=65
tap_check "jobs -1" refused 2 "needs a value" -bc --jobs -1
tap_check "jobs with rubbish" refused 2 "from 1 to 64" -bc --jobs 2x
tap_check "timeout 0" refused 2 "1 to 86400" -bc --timeout 0
tap_check "timeout beyond 64 bits" refused 2 "1 to 86400" -bc --timeout 99999999999999999999
tap_check "an unknown format" refused 2 "plain, tap or json" -bc --format xml
tap_check "an unknown accelerator" refused 2 "auto, kvm or tcg" -bc --accel fast
tap_check "threads of an unknown kind" refused 2 "auto, single or multi" -bc --tcg-threads many
tap_check "an unknown colour" refused 2 "auto, always or never" -bc --color blue
tap_check "verbose and quiet" refused 2 "do not go together" -bc -v -q
tap_check "an unknown built-in" refused 2 "no-such-thing" -bc no-such-thing
tap_check "a built-in twice" refused 2 "nonexistent-pid" -bc nonexistent-pid nonexistent-pid
tap_check "a file that is missing" refused 2 "/does/not/exist.json" -bc /does/not/exist.json
tap_check "a directory for a file" refused 2 "$tap_dir" -bc "$tap_dir/"
tap_check "an empty file" scenario "1:1:" ""
tap_check "a truncated file" scenario "1:24:" '{ "schema": 1, "name": "x'
tap_check "a file that is no JSON" scenario "1:1:" 'hello'
tap_check "text behind the end" scenario "1:3:" '{}}'
tap_check "a duplicate key" scenario "2:1:" '{ "schema": 1,
"schema": 1 }'
tap_check "an unknown key" scenario "1:16:" '{ "schema": 1, "colour": 1 }'
tap_check "another schema" scenario "1:13:" '{ "schema": 2 }'
head -c 100000 "$top" >"$tap_dir/binary"
tap_check "a binary file" refused 2 "$tap_dir/binary:1:1:" -bc "$tap_dir/binary"
tap_check "an endless file" refused 2 "/dev/zero" -bc /dev/zero
head -c 2000000 /dev/zero | tr '\0' ' ' >"$tap_dir/huge.json"
tap_check "a huge file" refused 2 "larger than" -bc "$tap_dir/huge.json"
tap_check "a kernel that is missing" refused 3 "/does/not/exist" -bc -k /does/not/exist
tap_check "a kernel that is a program" refused 3 "not a Linux kernel" -bc -k /bin/sh
tap_check "a kernel that is empty" refused 3 "/dev/null" -bc -k /dev/null
tap_check "a recording that cannot be made" refused 2 "--record /does/not/exist/x" \
	-bc --record /does/not/exist/x nonexistent-pid

# A build without one of the workers: that scenario cannot be judged, and says why.
without_variant() {
	mkdir -p "$tap_dir/partial/scenarios" &&
		cp "$top" "$top_builddir/ktstr-init" "$top_builddir/ktstr-jemalloc-probe" \
			"$top_builddir/ktstr-jemalloc-alloc-worker" "$tap_dir/partial" &&
		cp "$top_srcdir/scenarios/not-jemalloc.json" "$tap_dir/partial/scenarios" || return 1
	code=$1
	shift
	status=0
	"$tap_dir/partial/ktstr-top" "$@" >"$tap_dir/out" 2>&1 || status=$?
	cat "$tap_dir/out"
	[ "$status" -eq "$code" ] &&
		grep -q 'ktstr-jemalloc-alloc-worker-libc is neither beside' "$tap_dir/out"
}
tap_check "a worker that was not built: cannot judge" without_variant 3 -bc
tap_check "the same with --skip-missing" without_variant 77 -bc --skip-missing
tap_check "the same with --dry-run" without_variant 3 --dry-run
tap_check "the same with --shell" without_variant 3 --shell not-jemalloc

skipped() {
	status=0
	"$top" -bc --skip-missing -k /does/not/exist >"$tap_dir/out" 2>&1 || status=$?
	[ "$status" -eq 77 ] && grep -q skipped "$tap_dir/out"
}
tap_check "--skip-missing" skipped
shell_skipped() {
	status=0
	"$top" --shell --skip-missing -k /does/not/exist >"$tap_dir/out" 2>&1 || status=$?
	[ "$status" -eq 77 ] && grep -q skipped "$tap_dir/out"
}
tap_check "--skip-missing with a shell" shell_skipped

moved() {
	KTSTR_SCENARIO_DIR=$tap_dir/none "$top" --list 2>&1 | grep -q 'KTSTR_SCENARIO_DIR'
	mkdir -p "$tap_dir/empty" &&
		! KTSTR_SCENARIO_DIR=$tap_dir/empty "$top" --list 2>"$tap_dir/err" &&
		[ "$(wc -l <"$tap_dir/err")" -eq 1 ]
}
tap_check "a directory of scenarios that is not there, or empty" moved

listed() {
	"$top" --list >"$tap_dir/out" && cat "$tap_dir/out" &&
		[ "$(wc -l <"$tap_dir/out")" -eq 6 ] &&
		grep -q '^thread-churn  *1n1l2c2t ' "$tap_dir/out"
}
tap_check "--list" listed

listed_json() {
	"$top" --list --format json >"$tap_dir/out" &&
		jq -e -s 'length == 6 and all(.[]; .schema == 1 and .check_count > 0)' "$tap_dir/out"
}
tap_check "--list --format json" listed_json

# In the order given, which is not the one in which they would run.
listed_again() {
	"$top" --list --repeat 2 nonexistent-pid thread-churn >"$tap_dir/out" &&
		[ "$(awk '{ printf "%s ", $1 }' "$tap_dir/out")" = \
			'nonexistent-pid#1 nonexistent-pid#2 thread-churn#1 thread-churn#2 ' ] &&
		"$top" --dry-run --repeat 2 nonexistent-pid thread-churn >"$tap_dir/out" &&
		[ "$(sed -n 's/^# \([^ ]*\)$/\1/p' "$tap_dir/out" | tr '\n' ' ')" = \
			'nonexistent-pid#1 nonexistent-pid#2 thread-churn#1 thread-churn#2 ' ] &&
		"$top" --list --repeat 1 nonexistent-pid | grep -q '^nonexistent-pid#1 '
}
tap_check "--list and --dry-run with --repeat" listed_again

# What completes a name offers none that cannot be given.
completed_again() {
	"$top" --completion bash >"$tap_dir/once" && "$top" --completion bash --repeat 3 |
		cmp - "$tap_dir/once"
}
tap_check "--completion with --repeat" completed_again

dry() {
	"$top" --dry-run known-allocation thread-churn >"$tap_dir/out" && cat "$tap_dir/out" &&
		[ "$(grep -c 'qemu-system-x86_64 -nodefaults' "$tap_dir/out")" -eq 2 ] &&
		grep -q -e '-smp 4,sockets=1,dies=1,cores=2,threads=2' "$tap_dir/out"
}
tap_check "--dry-run" dry
threads() {
	for how in single multi; do
		"$top" --dry-run -a tcg --tcg-threads "$how" known-allocation >"$tap_dir/out" &&
			cat "$tap_dir/out" && grep -q "tcg,thread=$how " "$tap_dir/out" || return 1
	done
}
tap_check "--tcg-threads, whatever QEMU's version" threads

helped() {
	"$top" --help --nothing >/dev/null 2>&1 && return 1
	"$top" --help >"$tap_dir/out" && grep -q -e '--fail-fast' "$tap_dir/out" &&
		"$top" --version | grep -q '^ktstr-top [0-9]'
}
tap_check "--help and --version" helped

closed() {
	"$top" --help >/dev/full 2>"$tap_dir/err" && return 1
	grep -q 'No space left' "$tap_dir/err"
}
tap_check "a full stdout" closed

tap_end
