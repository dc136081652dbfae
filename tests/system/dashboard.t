#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The dashboard on a real terminal (tmux), with real processes and a real guest: what is shown, what keys
# do, how it ends, and that the terminal is then as it was.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
# shellcheck source=tests/terminal.sh
. "$top_srcdir/tests/terminal.sh"
top=$(realpath "${top_builddir:?}/ktstr-top")
worker=$(realpath "$top_builddir/ktstr-jemalloc-alloc-worker")
XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache} # where the kernel is
TZ=UTC
LC_ALL=C.UTF-8
HOME=$tap_dir
XDG_CONFIG_HOME=$tap_dir/config
# A sanitizer would take the fatal signals that the program is to die of.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}handle_segv=0
export TZ LC_ALL HOME XDG_CACHE_HOME XDG_CONFIG_HOME ASAN_OPTIONS
unset NO_COLOR COLUMNS LINES ESCDELAY TMUX

if ! command -v tmux >"$tap_dir/where"; then
	tap_skip 'the dashboard in a terminal' 'tmux is not installed'
	tap_end
	exit
fi

# Each program gets a server of its own: one that ends may still be there.
session=0
terminal() {
	tmux -S "$tap_dir/socket.$session" -f /dev/null "$@"
}
cleanup() {
	terminal kill-server 2>"$tap_dir/tmux-err"
	for file in "$tap_dir"/*.pid; do
		[ -f "$file" ] && kill -9 "$(cat "$file")" 2>"$tap_dir/kill-err"
	done
	rm -rf "$tap_dir"
}
trap cleanup EXIT

# target NAME COMMAND...: a process to look at.
target() {
	name=$1
	shift
	"$@" >"$tap_dir/$name.out" 2>&1 &
	echo "$!" >"$tap_dir/$name.pid"
}
pid_of() {
	cat "$tap_dir/$1.pid"
}

# begin ARGUMENT...: a shell on a new terminal that runs ktstr-top in $environment and says how it ended.
environment=
begin() {
	rm -f "$tap_dir/top.pid" "$tap_dir/modes" "$tap_dir/modes-after"
	cat >"$tap_dir/run.sh" <<-END
		stty -a >"$tap_dir/modes"
		$environment sh -c 'echo \$\$ >"$tap_dir/top.pid"; exec "\$@"' sh "$top" $*
		echo "ended with \$?"
		stty -a >"$tap_dir/modes-after"
		exec cat
	END
	terminal kill-server 2>"$tap_dir/tmux-err"
	session=$((session + 1))
	terminal new-session -d -x 110 -y 20 "exec sh '$tap_dir/run.sh'"
}

# ended CODE: the program ended so, and the terminal is as it was.
ended() {
	shows "ended with $1" && until_true test -s "$tap_dir/modes-after" &&
		diff "$tap_dir/modes" "$tap_dir/modes-after" &&
		[ "$(terminal display-message -p '#{alternate_on}#{cursor_flag}')" = 01 ]
}

target steady "$worker" 33554432

first_frame() {
	begin --no-config --pid "$(pid_of steady)"
	shows " LIVE " && shows "^> *$(pid_of steady) .*32.0MiB" && shows '^snapshot [1-9]'
}
tap_check 'the first frame, and snapshots that follow' first_frame

views() {
	keys 2 && shows '\[2 Checks' && keys 3 && shows '\[3 Guests' &&
		keys '?' && shows 'Show all keys' && keys '?' && keys 1 && shows '\[1 Threads'
}
tap_check 'keys change the view' views

time_travel() {
	shows '^snapshot \([3-9]\|[1-9][0-9]\)' && keys Space && shows 'PAUSED' && keys '[' && shows 'BACK IN TIME' &&
		keys '(' && shows '^snapshot 0\b' && keys ')' && shows ' LIVE '
}
tap_check 'pause, a step back, the first, and on' time_travel

thread_page() {
	keys Enter && shows "$(pid_of steady)" && keys Escape && shows '\[1 Threads'
}
tap_check 'the page of a thread' thread_page

leave() {
	keys q && ended 0
}
tap_check 'q ends it' leave

# What was saved shows the same as what it was saved from, at the time of its last snapshot; but for the
# lines of where one is and of the keys.
frame_of() {
	"$top" --no-config --screen-dump --size 110x20 --replay "$@" | sed '1d;$d'
}
saved() {
	begin --no-config --pid "$(pid_of steady)" --interval-ms 100 --record "$tap_dir/run.ktr"
	shows '^snapshot \([3-9]\|[1-9][0-9]\)' && keys s && shows 'save as' && keys C-u && keys "$tap_dir/saved.ktr" Enter &&
		shows 'saved as' && keys q && ended 0 || return 1
	"$top" --batch --replay "$tap_dir/run.ktr" --format json >"$tap_dir/all" || return 1
	cmp "$tap_dir/all" "$tap_dir/run.ktr" || return 1
	count=$(wc -l <"$tap_dir/saved.ktr")
	[ "$count" -gt 3 ] && head -n "$count" "$tap_dir/run.ktr" | cmp - "$tap_dir/saved.ktr" || return 1
	# Rounded up, for what is shown is at or before it.
	last=$(jq -s '([.[] | .host_mono_ns] | max) / 1e6 | ceil / 1e3' "$tap_dir/saved.ktr")
	frame_of "$tap_dir/saved.ktr" >"$tap_dir/frame" && grep -q '32.0MiB' "$tap_dir/frame" &&
		frame_of "$tap_dir/run.ktr" --at "$last" | diff "$tap_dir/frame" -
}
tap_check 'recorded and saved' saved

# Without a screen: events alone, the same for a pipe and a terminal.
sampled() {
	"$top" --batch --pid "$(pid_of steady)" --snapshots 3 --interval-ms 20 >"$tap_dir/events" || return 1
	! grep -q "$(printf '\033')" "$tap_dir/events" && jq -e -s '
		.[0].event == "run_start" and .[-1].event == "run_end" and .[-1].exit_code == 0
		and ([.[] | select(.event == "snapshot")] | length) == 3
		and all(.[]; .schema == 1)
	' "$tap_dir/events"
}
tap_check 'events without a screen' sampled

dumped() {
	TERM=dumb "$top" --no-config --pid "$(pid_of steady)" --screen-dump --size 90x9 >"$tap_dir/frame" &&
		[ "$(wc -l <"$tap_dir/frame")" -eq 9 ] && grep -q "^> *$(pid_of steady) .*32.0MiB" "$tap_dir/frame" &&
		! grep -q "$(printf '\033')" "$tap_dir/frame"
}
tap_check 'a frame of a process without a terminal' dumped

dumb() {
	environment=TERM=dumb
	begin --no-config --pid "$(pid_of steady)"
	environment=
	ended 3 && screen_has 'TERM is "dumb"' && screen_has 'batch'
}
tap_check 'a terminal that cannot place the cursor is told' dumb

kept() {
	begin --pid "$(pid_of steady)"
	shows ' LIVE ' && keys u W && shows 'kept in' && keys q && ended 0 &&
		grep -x 'units = si' "$tap_dir/config/ktstr-top/config.ini" &&
		"$top" --replay "$tap_dir/run.ktr" --screen-dump | grep '33.6MB'
}
tap_check 'preferences are kept, and taken' kept

for signal in TERM:143 INT:130 HUP:129 SEGV:139 ABRT:134; do
	by_signal() {
		begin --no-config --pid "$(pid_of steady)"
		shows ' LIVE ' && kill -s "${signal%:*}" "$(pid_of top)" && ended "${signal#*:}"
	}
	tap_check "SIG${signal%:*} ends it with ${signal#*:}, the terminal restored" by_signal
done

is_gone() {
	! kill -0 "$1" 2>"$tap_dir/kill-err"
}
closed() {
	begin --no-config --pid "$(pid_of steady)"
	shows ' LIVE ' || return 1
	program=$(pid_of top)
	terminal kill-server
	until_true is_gone "$program"
}
tap_check 'a terminal that is closed ends it' closed
rm -f "$tap_dir/top.pid"

target_ends() {
	begin --no-config --pid "$(pid_of steady)"
	shows '^snapshot ' && kill -9 "$(pid_of steady)" && shows 'the process has ended' &&
		shows '32.0MiB' && keys q && ended 0
}
tap_check 'a target that is killed is told, and its numbers stay' target_ends

# A shell with a jemalloc that becomes another program when it is told to.
execs() {
	mkfifo "$tap_dir/go"
	# shellcheck disable=SC2016
	LD_PRELOAD=$library target exec bash -c 'read -r x <"$0"; exec sleep 1000' "$tap_dir/go"
	begin --no-config --pid "$(pid_of exec)" --interval-ms 50
	shows '^snapshot ' && echo >"$tap_dir/go" && shows 'another program' && keys q && ended 0
}
library=$(find /usr/lib /lib -name libjemalloc.so.2 2>"$tap_dir/find-err" | head -n 1)
if [ -n "$library" ]; then
	tap_check 'a target that executes another program is told' execs
else
	tap_skip 'a target that executes another program is told' 'there is no libjemalloc.so.2'
fi

guest() {
	begin --no-config --record "$tap_dir/guest.ktr" known-allocation
	shows '\[1 Threads' && keys 3 && shows 'known-alloc' && shows ' ENDED ' && keys 2 &&
		shows '5 of 5 pass' && cp "$tap_dir/screen" "$tap_dir/live" && keys q && ended 0 &&
		"$top" --batch --check --replay "$tap_dir/guest.ktr" | grep '^PASS  known-allocation'
}
tap_check 'a guest, live, and its recording reported' guest

# The list of checks; what is above and below it tells that it is a recording.
checks_of() {
	sed -n '/ *CHECK /,/^$/p'
}
guest_again() {
	"$top" --no-config --replay "$tap_dir/guest.ktr" --view checks --screen-dump --size 110x20 |
		checks_of >"$tap_dir/replayed"
	checks_of <"$tap_dir/live" | diff - "$tap_dir/replayed" && grep -q known-alloc "$tap_dir/replayed"
}
tap_check 'its recording shows what was shown live' guest_again

# The last verdict of each check.
verdicts_of() {
	jq -r -s '[.[] | select(.event == "check")] | group_by(.check) | .[] | last |
		"\(.scenario) \(.check) \(.verdict) \(.text)"' "$1"
}
as_in_batch() {
	"$top" --batch --check --format json known-allocation >"$tap_dir/batch.ktr" &&
		verdicts_of "$tap_dir/guest.ktr" >"$tap_dir/verdicts" &&
		[ "$(wc -l <"$tap_dir/verdicts")" -eq 5 ] &&
		verdicts_of "$tap_dir/batch.ktr" | diff "$tap_dir/verdicts" -
}
tap_check 'judged live as in a batch run' as_in_batch

guest_left() {
	begin --no-config --check known-allocation
	shows '\[1 Threads' && keys 3 && shows 'known-alloc' && keys q && ended 3
}
tap_check 'a guest that is left on its way could not be judged' guest_left

# Guests that each suffer something else (CONTRIBUTING.md): none is left, as a zombie neither, while the
# screen still shows how they ended.
suffering() {
	faults=
	set --
	for fault in kill@ready stop@kernel+500 hang@kernel+500 panic@kernel starve@kernel+500 corrupt@kernel; do
		name=${fault%@*}
		faults="$faults,$name:$fault"
		set -- "$@" "$tap_dir/$name.json"
		cat >"$tap_dir/$name.json" <<-END
			{ "schema": 1, "name": "$name", "probes": [ { "name": "p", "pid": 1 } ],
			  "checks": [ { "exit_code": { "probe": "p", "equals": 0 } } ] }
		END
	done
	begin --no-config --no-template --record "$tap_dir/faults.ktr" --view guests --jobs 2 --fault "${faults#,}" "$@"
	shows ' ENDED ' && shows '6 ended' && keys Enter && shows 'QEMU was killed by signal 9' &&
		[ -z "$(ps -o pid= --ppid "$(pid_of top)")" ] && keys q && ended 0 || return 1
	"$top" --batch --check --replay "$tap_dir/faults.ktr" >"$tap_dir/report"
	[ "$?" -eq 3 ] || return 1
	cat >"$tap_dir/expected" <<-END
		corrupt protocol:
		hang no-agent:
		kill qemu-exit:
		panic kernel-panic:
		starve no-agent:
		stop no-agent:
	END
	awk '/^ERROR / { print $2, $6 }' "$tap_dir/report" | sort | diff "$tap_dir/expected" - || {
		cat "$tap_dir/report"
		return 1
	}
}
tap_check 'guests that suffer leave nothing, and the terminal as it was' suffering

tap_end
