#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's programs with Debian's libjemalloc2, each in a test case of programs_test.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
PATH=$PATH:/usr/sbin

# one NAME COMMAND...: the test case NAME, which needs the commands.
one() {
	name=$1
	shift
	for command in gdb "$@"; do
		command -v "$command" >/dev/null || {
			tap_skip "$name" "$command is not installed"
			return
		}
	done
	CK_RUN_CASE=$name tests/probe/programs_test >"$tap_dir/out" 2>&1
	tap_result "$(($? + $(grep -c '^not ok' "$tap_dir/out")))" \
		"$name: the probe says what the program's allocator says"
	grep '^ok' "$tap_dir/out" >"$tap_dir/passed" || sed 's/^/# /' "$tap_dir/out"
	[ -s "$tap_dir/passed" ] || tap_result 1 "$name: its test case ran"
}

one redis-server redis-check-rdb redis-benchmark redis-cli
one redis-benchmark redis-check-rdb redis-benchmark
one nghttpd nghttpd h2load
one h2load nghttpd h2load
tap_end
