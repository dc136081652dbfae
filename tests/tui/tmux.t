#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The screen in tmux, a terminal of somebody else's: job control, a crash, another size.
: "${top_srcdir:?}" "${top_builddir:?}"
# shellcheck source=tests/tap.sh
. "$top_srcdir/tests/tap.sh"
# shellcheck source=tests/terminal.sh
. "$top_srcdir/tests/terminal.sh"

program=$top_builddir/tests/tui/screen_program
export LC_ALL=C.UTF-8
server=ktstr-screen-$$

terminal() {
	tmux -L "$server" -f /dev/null "$@"
}

if ! command -v tmux >/dev/null; then
	tap_skip "the screen in tmux" "there is no tmux"
	tap_end
	exit 0
fi
trap 'terminal kill-server 2>/dev/null; rm -rf "$tap_dir"' EXIT

# Modes and what else a program may leave behind.  The terminal echoes what is typed before the shell
# prompts, so what a command prints may come right behind a prompt.
state() {
	keys "stty -a >'$tap_dir/$1'; echo stty-\$((40 + 2))-$1" Enter
	shows "stty-42-$1" || return 1
	terminal display-message -p \
		'#{alternate_on} #{cursor_flag} #{keypad_cursor_flag} #{keypad_flag} #{mouse_any_flag}' \
		>>"$tap_dir/$1"
}

same_state() {
	state "$1" && diff "$tap_dir/begin" "$tap_dir/$1"
}

launch() {
	keys "ASAN_OPTIONS=handle_segv=0:detect_leaks=0 '$program'; echo ended-\$?" Enter
	shows '^ready 80x24' && is_alternate 1
}

# The shell's own line editing changes the modes while it waits for a command: sh has none.
terminal new-session -d -x 80 -y 24 "PS1='> ' exec sh" || exit 99
tap_check "a shell in tmux" state begin
tap_check "the program takes the screen" launch

tap_check "keys arrive" eval "keys Up; shows 'key 110000'"

# What the pane shows of an earlier stop is no sign of this one, and keys that come before the modes are
# restored would be the program's: the kernel tells when it has stopped.
is_stopped() {
	tries=200
	while [ "$tries" -gt 0 ]; do
		! grep -q '^State:.*stopped' "/proc/$1/status" || return 0
		tries=$((tries - 1))
		sleep 0.05
	done
	return 1
}
program_pid() {
	pgrep -P "$(terminal display-message -p '#{pane_pid}')" screen_program
}

suspends() {
	pid=$(program_pid) || return 1
	keys C-z
	is_stopped "$pid" && shows '\[1\].*[Ss]topped' && is_alternate 0
}
tap_check "Ctrl-Z stops it and gives the terminal back" suspends
tap_check "while it is stopped everything is as before" same_state stopped

continues() {
	keys fg Enter
	shows '^ready 80x24 key 1a' && is_alternate 1 && keys x && shows 'key 78'
}
tap_check "fg takes the terminal again" continues

stops_from_outside() {
	pid=$(program_pid) || return 1
	kill -TSTP "$pid"
	is_stopped "$pid" && shows '\[1\].*[Ss]topped' && is_alternate 0 && same_state outside && continues_again
}
continues_again() {
	keys fg Enter
	shows '^ready 80x24 key 78' && is_alternate 1
}
tap_check "SIGTSTP from outside does the same" stops_from_outside

resizes() {
	terminal resize-window -x 61 -y 13
	shows '^ready 61x13' || return 1
	terminal resize-window -x 80 -y 24
	shows '^ready 80x24'
}
tap_check "another size" resizes

crashes() {
	keys S
	shows 'Segmentation fault' && is_alternate 0 || return 1
	keys "echo ended-\$?" Enter
	shows 'ended-139'
}
tap_check "SIGSEGV ends it" crashes
tap_check "after the crash everything is as before" same_state crashed

quits() {
	launch && keys q && shows 'ended-0' && is_alternate 0 && same_state quit
}
tap_check "so it is after q" quits

dumb() {
	keys "TERM=dumb '$program'; echo ended-\$?" Enter
	shows 'terminals of type .dumb.*--batch' && shows 'ended-6'
}
tap_check "TERM=dumb is refused in one line" dumb
tap_end
