# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced by the tests of quickstart and its helpers, after tests/tap.sh: a PATH of our own with
# the ordinary tools and, in their place, commands that pretend.

fakes=${tap_dir:?}/fakes
calls=$tap_dir/calls # one line for each call of a pretended command
mkdir -p "$fakes"

# fakes_reset: the tools that scripts may count on, and no packages' tools.
fakes_reset() {
	rm -rf "$fakes"
	mkdir -p "$fakes"
	: >"$calls"
	for tool in awk basename bzip2 cat chmod comm cp cut dirname env false flock getent grep head \
		id ls mkdir mktemp mv nproc printf rm rmdir sed sh sha256sum sleep sort tail tar \
		touch tr true uname; do
		ln -s "$(command -v "$tool")" "$fakes/$tool" 2>/dev/null || :
	done
	fake df 'echo Filesystem; echo / 100000000 0 100000000 0% /'
	fake dpkg 'echo amd64'
	fake dpkg-query 'echo installed'
}

# fake NAME BODY: the command NAME, which tells of its call and does BODY.
fake() {
	rm -f "$fakes/$1"
	printf '#!/bin/sh\necho "%s $*" >>"%s"\n%s\n' "$1" "$calls" "$2" >"$fakes/$1"
	chmod +x "$fakes/$1"
}

# pretend COMMAND...: COMMAND with that PATH; its status in $status, its streams in files.
pretend() {
	status=0
	env PATH="$fakes" HOME="$tap_dir/home" XDG_CACHE_HOME="$tap_dir/cache" "$@" \
		>"$tap_dir/out" 2>"$tap_dir/err" </dev/null || status=$?
}

# expect STATUS [PATTERN]: how the last pretended command ended, with PATTERN in the last line
# of stderr (of stdout, if it succeeded).
expect() {
	stream=$tap_dir/err
	[ "$1" -ne 0 ] || stream=$tap_dir/out
	if [ "$status" -ne "$1" ] || ! tail -n 1 "$stream" | grep -q -e "${2-}"; then
		echo "exit status $status, expected $1 and '${2-}'"
		cat "$tap_dir/out" "$tap_dir/err"
		return 1
	fi
}

# not_called NAME...: none of these was called.
not_called() {
	for name; do
		! grep "^$name " "$calls" || return 1
	done
}
