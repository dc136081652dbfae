# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced behind tap.sh by the scripts that look at a terminal: tmux, by the function `terminal`, which
# they define with the socket that they want.  $tap_dir is that of tap.sh.
# shellcheck disable=SC2154

# A tmux that is older than the test, or of the user, has no part in it.
unset TMUX

# until_true COMMAND...: waits until it succeeds, with a deadline.
until_true() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ "$tries" -lt 900 ] || return 1
		sleep 0.1
	done
}

screen_has() {
	terminal capture-pane -p >"$tap_dir/screen" 2>&1 && grep -q -e "$1" "$tap_dir/screen"
}

# shows PATTERN: the screen comes to show it.
shows() {
	until_true screen_has "$1" && return
	echo "no '$1' on the screen:"
	cat "$tap_dir/screen"
	return 1
}

keys() {
	terminal send-keys "$@"
}

is_alternate() {
	[ "$(terminal display-message -p '#{alternate_on}')" = "$1" ]
}
