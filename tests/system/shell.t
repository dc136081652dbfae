#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # what the guest's shell is to expand
# A shell in a real guest: for scripts, through pipes and files; and for a person, on a terminal of tmux,
# which is as it was afterwards, however that ended.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
# shellcheck source=tests/terminal.sh
. "$top_srcdir/tests/terminal.sh"
top=$(realpath "${top_builddir:?}/ktstr-top")
TZ=UTC
LC_ALL=C.UTF-8
# A sanitizer would take the fatal signal that the program is to die of.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}handle_segv=0
export TZ LC_ALL ASAN_OPTIONS

# is FILE TEXT: FILE is TEXT and nothing else.
is() {
	printf '%b' "$2" >"$tap_dir/expected"
	diff "$tap_dir/expected" "$1"
}

# ---- for scripts ----

# script CODE TEXT ARGUMENT...: ktstr-top --shell ARGUMENT... with TEXT on stdin ends with CODE.
script() {
	code=$1
	text=$2
	shift 2
	status=0
	printf '%s\n' "$text" | "$top" --shell "$@" >"$tap_dir/out" 2>"$tap_dir/err" || status=$?
	[ "$status" -eq "$code" ] && return
	echo "exit code $status, not $code"
	head -n 20 "$tap_dir/out" "$tap_dir/err"
	return 1
}

plain() {
	script 42 'echo "$KTSTR_GUEST"; nproc; test -t 0 || echo no terminal; echo bad >&2; exit 42' &&
		is "$tap_dir/out" '1\n1\nno terminal\n' && is "$tap_dir/err" 'bad\n'
}
tap_check 'commands on stdin: output, diagnostics and exit code' plain

tap_check 'a shell that is killed' script 137 'kill -9 $$'

# Others that read the same file go on where we began, and we where they ended.
from_file() {
	printf 'first\necho from $((40 + 2))\nexit 5\n' >"$tap_dir/file"
	status=0
	{
		read -r line
		"$top" --shell >"$tap_dir/out" 2>"$tap_dir/err" || status=$?
	} <"$tap_dir/file"
	[ "$line-$status" = first-5 ] && is "$tap_dir/out" 'from 42\n' && is "$tap_dir/err" ''
}
tap_check 'commands in a file that was begun' from_file

nothing() {
	"$top" --shell </dev/null >"$tap_dir/out" 2>"$tap_dir/err" && is "$tap_dir/out" '' &&
		is "$tap_dir/err" '' && "$top" --shell <&- >"$tap_dir/out"
}
tap_check 'no commands at all' nothing

# More than fits into our stdout; the program in the guest has ended when it is read.
slow_reader() {
	: >"$tap_dir/err"
	echo 'seq 20000; echo told >&2; exit 6' |
		{ "$top" --shell 2>"$tap_dir/err"; echo "$?" >"$tap_dir/status"; } |
		{ until_true grep -q told "$tap_dir/err" && cat >"$tap_dir/out"; }
	is "$tap_dir/status" '6\n' && seq 20000 | diff -q - "$tap_dir/out"
}
tap_check 'a reader that is slow' slow_reader

all_arrives() {
	script 0 'seq 300000; seq 300000 >&2' && seq 300000 | diff -q - "$tap_dir/out" &&
		seq 300000 | diff -q - "$tap_dir/err"
}
tap_check 'much output arrives whole' all_arrives

much_input() {
	{
		echo 'n=0'
		yes 'n=$((n + 1))' | head -n 30000
		echo 'echo $n'
	} >"$tap_dir/long"
	"$top" --shell <"$tap_dir/long" >"$tap_dir/out" && is "$tap_dir/out" '30000\n'
}
tap_check 'much input arrives whole' much_input

reader_leaves() {
	echo 'seq 1000000' | { "$top" --shell 2>"$tap_dir/err"; echo "$?" >"$tap_dir/status"; } |
		head -n 1 >"$tap_dir/out"
	is "$tap_dir/out" '1\n' && is "$tap_dir/status" '141\n' && is "$tap_dir/err" ''
}
tap_check 'a reader that leaves' reader_leaves

full() {
	status=0
	echo 'echo x; exec sleep 1000' | "$top" --shell >/dev/full 2>"$tap_dir/err" || status=$?
	[ "$status" -eq 3 ] && is "$tap_dir/err" 'ktstr-top: stdout: No space left on device\n'
}
tap_check 'a full disk' full

endless() {
	status=0
	yes : | "$top" --shell --timeout 5 >"$tap_dir/out" 2>"$tap_dir/err" || status=$?
	[ "$status" -eq 3 ] &&
		is "$tap_dir/err" 'ktstr-top: the guest and its shell took longer than 5 s\n'
}
tap_check 'input without end, and a time limit' endless

# A socket cannot be opened anew: its flags are put back.
sockets() {
	python3 - "$top" <<-'END'
		import fcntl, os, socket, subprocess, sys
		ours, its = socket.socketpair()
		before = fcntl.fcntl(its, fcntl.F_GETFL)
		child = subprocess.Popen([sys.argv[1], '--shell'], stdin=its, stdout=its)
		ours.sendall(b'echo on a socket; exit 8\n')
		ours.shutdown(socket.SHUT_WR)
		status = child.wait()
		same = fcntl.fcntl(its, fcntl.F_GETFL) == before
		its.close()
		text = ours.recv(1000)
		print(status, same, text)
		sys.exit(not (status == 8 and same and text == b'on a socket\n'))
	END
}
tap_check 'sockets' sockets

cp "$(command -v env)" "$tap_dir/prog"
echo mine >"$tap_dir/file"
cat >"$tap_dir/s.json" <<'END'
{ "schema": 1, "name": "mine",
  "guest": { "topology": { "numa_nodes": 1, "llcs": 2, "cores": 1, "threads": 1 } },
  "workers": [ { "name": "w", "command": [ "./prog", "a b", "c" ],
    "environment": { "ONE": "two three", "EMPTY": "" },
    "files": [ { "from": "file", "to": "/etc/group" } ] } ],
  "probes": [ { "name": "p", "target": "w" } ],
  "checks": [ { "exit_code": { "probe": "p", "equals": 0 } } ] }
END
scenario() {
	script 0 'nproc; ls /bin/prog; prog echo runs; cat /etc/group
		type ktstr-jemalloc-alloc-worker && type ktstr-jemalloc-probe' "$tap_dir/s.json" &&
		is "$tap_dir/out" '2\n/bin/prog\nruns\nmine\nktstr-jemalloc-alloc-worker is /bin/ktstr-jemalloc-alloc-worker
ktstr-jemalloc-probe is /bin/ktstr-jemalloc-probe\n'
}
tap_check 'the guest of a scenario, with its programs' scenario

# machine NAME...: a directory for PATH with QEMU, what starts it, and these programs.
machine() {
	rm -rf "${tap_dir:?}/bin"
	mkdir "$tap_dir/bin"
	for name in qemu-system-x86_64 setpriv sh "$@"; do
		ln -s "$(command -v "$name")" "$tap_dir/bin/$name"
	done
}
without_busybox() {
	machine bash ls cat
	PATH=$tap_dir/bin script 3 'echo ${BASH_VERSION:+bash}; ls /proc/self/exe; cat /etc/group; exit 3' &&
		is "$tap_dir/out" 'bash\n/proc/self/exe\nroot:x:0:\n' || return 1
	machine
	PATH=$tap_dir/bin script 4 'echo $0; ls; exit 4' && is "$tap_dir/out" '/bin/sh\n' &&
		grep -q 'ls: .*not found' "$tap_dir/err"
}
tap_check 'without busybox: bash, or sh, and what there is' without_busybox

without_shell() {
	status=0
	PATH=$tap_dir/none "$top" --shell </dev/null >"$tap_dir/out" 2>"$tap_dir/err" || status=$?
	cat "$tap_dir/err"
	[ "$status" -eq 3 ] && [ "$(wc -l <"$tap_dir/err")" -eq 1 ] &&
		grep -q 'install busybox' "$tap_dir/err"
}
tap_check 'without any shell: what to install' without_shell

# qemu PID: the process that is QEMU, as soon as there is one.
qemu() {
	until_true pgrep -P "$1" >"$tap_dir/qemu" && cat "$tap_dir/qemu"
}
is_gone() {
	! kill -0 "$1" 2>"$tap_dir/kill-err"
}
signalled() {
	mkfifo "$tap_dir/keys"
	"$top" --shell <"$tap_dir/keys" >"$tap_dir/out" 2>"$tap_dir/err" &
	pid=$!
	exec 3>"$tap_dir/keys"
	echo 'echo here' >&3
	until_true grep -q here "$tap_dir/out" || return 1
	guest=$(qemu "$pid") && kill -TERM "$pid" || return 1
	status=0
	wait "$pid" || status=$?
	exec 3>&-
	[ "$status" -eq 143 ] && is "$tap_dir/err" 'ktstr-top: ended by SIGTERM\n' &&
		until_true is_gone "$guest"
}
tap_check 'SIGTERM' signalled

# ---- for a person ----

if ! command -v tmux >"$tap_dir/where"; then
	tap_skip 'a shell on a terminal' 'tmux is not installed'
	tap_end
	exit
fi
terminal() {
	tmux -S "$tap_dir/socket" -f /dev/null "$@"
}
trap 'terminal kill-server 2>"$tap_dir/tmux-err"; rm -rf "$tap_dir"' EXIT

# launch ARGUMENT...: ktstr-top --shell on the terminal; its pid is in $tap_dir/pid.
launch() {
	rm -f "$tap_dir/pid"
	terminal clear-history
	keys "clear; sh -c 'echo \$\$ >\"$tap_dir/pid\"; exec \"$top\" --shell $*'; echo \"rc=\$?\"" Enter
	until_true test -s "$tap_dir/pid"
}
begin() {
	launch "$@" && shows '^~ #$'
}
# ended CODE: it ended so, and the terminal is as it was in the beginning.
ended() {
	shows "^rc=$1\$" || return 1
	rm -f "$tap_dir/after"
	keys "stty -g >'$tap_dir/after'" Enter
	until_true test -s "$tap_dir/after" && diff "$tap_dir/before" "$tap_dir/after" &&
		[ "$(terminal display-message -p '#{alternate_on}#{cursor_flag}')" = 01 ]
}

terminal new-session -d -x 80 -y 24 "PS1='> ' exec sh" || exit 99
before() {
	keys "stty -g >'$tap_dir/before'" Enter
	until_true test -s "$tap_dir/before"
}
tap_check 'a shell in tmux' before

prompt() {
	begin "'$tap_dir/s.json'" && shows 'exit or Ctrl-D leaves it; if it hangs: Enter ~\.$' &&
		shows "worker 'w': .*ONE='two three' .*prog 'a b' c &" && shows 'read it: ktstr-jemalloc-probe --pid \$!' &&
		keys 'echo $((40 + 2))-$TERM-$(nproc); tty' Enter && shows '^42-[a-z].*-2$' &&
		shows '^/dev/pts/0$'
}
tap_check 'a prompt, and a command' prompt

# reaches SIZE: waits in the guest, where a change comes when it comes, and says the size.
reaches() {
	keys "clear; until stty size | grep '^$1\$'; do sleep 0.1; done" Enter && shows "^$1\$"
}
resizes() {
	reaches '24 80' && terminal resize-window -x 61 -y 19 && reaches '19 61' &&
		terminal resize-window -x 80 -y 24 && reaches '24 80'
}
tap_check 'its size is that of our terminal' resizes

interrupts() {
	keys 'clear; echo sleeps; sleep 1000; echo "slept-$?"' Enter && shows '^sleeps$' &&
		keys C-c && shows '\^C' && keys 'echo "after-$?"' Enter && shows '^after-130$'
}
tap_check 'Ctrl-C ends what runs, and nothing else' interrupts

job_control() {
	keys 'clear; echo naps; sleep 1000' Enter && shows '^naps$' && keys C-z &&
		shows 'Stopped *sleep 1000' && keys 'kill %1; fg; clear; jobs; echo none' Enter &&
		shows '^none$' && ! screen_has 'Stopped'
}
tap_check 'job control' job_control

colours() {
	keys "clear; printf '\\033[31mred\\033[m\\n'" Enter && shows '^red' &&
		terminal capture-pane -pe >"$tap_dir/screen" && grep -q "$(printf '^\033\\[31mred')" "$tap_dir/screen"
}
tap_check 'colours' colours

tap_check 'exit 7' eval "keys 'exit 7' Enter; ended 7"

# The stop reaches us some time after kill(1) has returned.
stops() {
	grep -q '^State:.*stopped' "/proc/$(cat "$tap_dir/pid")/status"
}
suspends() {
	begin && keys 'clear; echo here-$((1 + 1))' Enter && shows '^here-2$' &&
		kill -TSTP "$(cat "$tap_dir/pid")" && until_true stops && shows '[Ss]topped' || return 1
	rm -f "$tap_dir/after"
	keys "stty -g >'$tap_dir/after'" Enter
	until_true test -s "$tap_dir/after" && diff "$tap_dir/before" "$tap_dir/after" &&
		keys fg Enter && shows '^sh -c' && keys 'clear; echo again-$((1 + 1))' Enter && shows '^again-2$'
}
tap_check 'SIGTSTP from outside gives the terminal back, fg takes it again' suspends

# The shell that started us has said the status of the stop.
ctrl_d() {
	keys C-d && until_true is_gone "$(cat "$tap_dir/pid")" && keys 'clear; echo "rc=$?"' Enter &&
		ended 0
}
tap_check 'Ctrl-D' ctrl_d

# It does not even answer the monitor.
hangs() {
	begin && guest=$(qemu "$(cat "$tap_dir/pid")") && kill -STOP "$guest" &&
		keys 'ls' Enter '~.' && shows '^ktstr-top: ended by ~\.$' && ended 129 &&
		until_true is_gone "$guest"
}
tap_check 'a guest that hangs, and ~.' hangs

killed() {
	begin && keys 'vi' Enter && until_true is_alternate 1 &&
		kill -9 "$(qemu "$(cat "$tap_dir/pid")")" &&
		shows '^ktstr-top: the guest ended: qemu-exit: QEMU was killed by signal 9$' && ended 3
}
tap_check 'QEMU is killed while something has the screen' killed

panics() {
	begin && keys 'printf half; echo c >/proc/sysrq-trigger' Enter &&
		shows '^ktstr-top: the guest ended: kernel-panic: Kernel panic - not syncing' && ended 3
}
tap_check 'a panic' panics

dies() {
	begin && kill -SEGV "$(cat "$tap_dir/pid")" && ended 139
}
tap_check 'we die' dies

boot_is_interrupted() {
	launch && shows '^ktstr-top: booting a guest: 1n1l1c1t' && keys C-c && ended 130
}
tap_check 'Ctrl-C during the boot' boot_is_interrupted

goes_away() {
	begin && pid=$(cat "$tap_dir/pid") && guest=$(qemu "$pid") && terminal kill-server &&
		until_true is_gone "$pid" && until_true is_gone "$guest"
}
tap_check 'the terminal is closed' goes_away
tap_end
