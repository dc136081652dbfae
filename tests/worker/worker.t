#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The allocation worker from outside: every exit code, the marker, its threads, its symbols.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
worker=${top_builddir:?}/ktstr-jemalloc-alloc-worker
marker=$tap_dir/marker
export KTSTR_WORKER_READY_MARKER_OVERRIDE="$marker"
unset MALLOC_CONF _RJEM_MALLOC_CONF
deadline_s=20
pid=
trap 'stop_worker; rm -rf "$tap_dir"' EXIT

# run COMMAND...: COMMAND to its end; its status in $status, its streams in files.
run() {
	status=0
	timeout -s KILL "$deadline_s" "$@" >"$tap_dir/out" 2>"$tap_dir/err" </dev/null || status=$?
}

# expect STATUS PATTERN...: what the last run must have ended with and said on stderr.
expect() {
	[ "$status" -eq "$1" ] || {
		echo "exit status $status, not $1; stderr:"
		cat "$tap_dir/err"
		return 1
	}
	shift
	for pattern in '^jemalloc-alloc-worker: ' "$@"; do
		grep -q -e "$pattern" "$tap_dir/err" || {
			echo "stderr does not match $pattern:"
			cat "$tap_dir/err"
			return 1
		}
	done
	# Of a death by a signal the shell and timeout(1) tell there too.
	[ "$status" -gt 128 ] || ! grep -v '^jemalloc-alloc-worker: ' "$tap_dir/err"
}

# start_worker ARGUMENT...: a worker in the background, its id in $pid.
start_worker() {
	rm -f "$marker"
	"$worker" "$@" >"$tap_dir/out" 2>"$tap_dir/err" </dev/null &
	pid=$!
}

# shellcheck disable=SC2317 # called by the trap too
stop_worker() {
	[ -n "$pid" ] || return 0
	kill -KILL "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	pid=
}

# until_true COMMAND...: waits until COMMAND succeeds, at most $deadline_s.
until_true() {
	end=$(($(date +%s) + deadline_s))
	until "$@"; do
		[ "$(date +%s)" -lt "$end" ] && kill -0 "$pid" 2>/dev/null || return 1
	done
}

is_ready() {
	[ -s "${1:-$marker}" ] && [ -s "$tap_dir/out" ]
}

threads_count() {
	find "/proc/$pid/task" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l
}

has_helper() {
	[ "$(threads_count)" -eq 2 ]
}

# hidden_proc FLAGS: runs the worker, in namespaces of unshare FLAGS, where /proc is empty.
hidden_proc() {
	# shellcheck disable=SC2016 # for the inner shell
	run unshare "$1" sh -c 'mount -t tmpfs none /proc && exec "$@"' sh "$worker" 1024
}

# --- exit codes ---------------------------------------------------------------------

run "$worker" 0
tap_check 'zero bytes: 2' expect 2
run "$worker" --churn 0
tap_check 'zero bytes with --churn: 2' expect 2

run "$worker"
tap_check 'no argument: 5' expect 5
run "$worker" --churn --other
tap_check 'only unknown flags: 5' expect 5
for bytes in word -5 '' ' 1' 1k 0x10 18446744073709551616; do
	run "$worker" "$bytes"
	tap_check "not a number ('$bytes'): 5" expect 5
done
run "$worker" word 1024
tap_check 'the first positional argument counts: 5' expect 5

KTSTR_WORKER_READY_MARKER_OVERRIDE=$tap_dir/missing/marker MALLOC_CONF=background_thread:false \
	_RJEM_MALLOC_CONF=background_thread:false run "$worker" 1024
tap_check 'marker below a missing directory: 4' expect 4 'ready marker' "$tap_dir/missing/marker"
KTSTR_WORKER_READY_MARKER_OVERRIDE=/dev/full run "$worker" 1024
tap_check 'marker on a full device: 4' expect 4 'ready marker' /dev/full
mkfifo "$tap_dir/fifo"
KTSTR_WORKER_READY_MARKER_OVERRIDE=$tap_dir/fifo run "$worker" 1024
tap_check 'marker is a FIFO without reader: 4, no hang' expect 4 'ready marker' "$tap_dir/fifo"

MALLOC_CONF=background_thread:true _RJEM_MALLOC_CONF=background_thread:true run "$worker" 1024
tap_check 'a second thread: 3' expect 3 /proc/self/task MALLOC_CONF background_thread ' 2 '

if hidden_proc -m; [ "$status" -ne 6 ]; then
	hidden_proc -rm
fi
if [ "$status" -eq 1 ] && grep -q '^unshare\|^mount' "$tap_dir/err"; then
	tap_skip 'no /proc: 6' "no mount namespace here: $(head -n 1 "$tap_dir/err")"
else
	tap_check 'no /proc: 6' expect 6 /proc/self/task
fi

run "$worker" 9223372036854775808
tap_check 'beyond the address range: 101' expect 101
run "$worker" "$(printf '\377')"
tap_check 'an argument that is not UTF-8: 101' expect 101
for text in '\300\200' '\355\240\200' '\364\220\200\200' '\342\202' '\200'; do
	# shellcheck disable=SC2059 # the escapes are the point
	run "$worker" 0 "$(printf "$text")"
	tap_check "invalid UTF-8 ($text): 101" expect 101
done
run "$worker" 0 'grüße € 𝄞'
tap_check 'valid UTF-8 is ignored: 2' expect 2
# shellcheck disable=SC2016 # for the inner shell
run sh -c 'exec "$1" 1024 >/dev/full' sh "$worker"
tap_check 'standard output full: 101' expect 101 'standard output'
# shellcheck disable=SC2016
run sh -c 'exec "$1" 1024 >&-' sh "$worker"
tap_check 'standard output closed: 101' expect 101 'standard output'
# shellcheck disable=SC2016
run sh -c 'ulimit -c 0; exec "$1" 1000000000000000000' sh "$worker"
tap_check 'more memory than there is: SIGABRT' expect 134

# --- the normal life ----------------------------------------------------------------

start_worker 16777216
until_true is_ready
tap_result $? 'gets ready'
tap_check 'the marker says ready' test "$(cat "$marker")" = ready
tap_check 'the marker is one line' test "$(wc -c <"$marker")" -eq 6
tap_check 'the line for people' \
	test "$(cat "$tap_dir/out")" = "jemalloc-alloc-worker ready pid=$pid bytes=16777216"
tap_check 'one thread' test "$(threads_count)" -eq 1
tap_check 'nothing on stderr' test ! -s "$tap_dir/err"
kill -TERM "$pid"
status=0
wait "$pid" 2>/dev/null || status=$?
pid=
tap_check 'ends by the signal' test "$status" -eq 143
tap_check 'leaves its marker' test -f "$marker"

start_worker 4096 --unknown surplus --churn
until_true is_ready
tap_result $? '--churn is found anywhere, the rest ignored'
until_true has_helper
tap_result $? 'a helper thread is seen'
stop_worker

export KTSTR_WORKER_READY_MARKER_OVERRIDE=
start_worker +1024
until_true is_ready "/tmp/ktstr-worker-ready-$pid"
tap_result $? 'an empty override means the default marker'
rm -f "/tmp/ktstr-worker-ready-$pid"
stop_worker

# --- what the probe needs to find ------------------------------------------------------

readelf --wide --sections "$worker" >"$tap_dir/sections" 2>&1
tap_check 'has .symtab' grep -q ' \.symtab ' "$tap_dir/sections"
tap_check 'has DWARF' grep -q ' \.debug_info ' "$tap_dir/sections"
readelf --wide --symbols "$worker" >"$tap_dir/symbols" 2>&1
tap_check 'has jemalloc in itself' grep -q 'TLS .* je_tsd_tls$' "$tap_dir/symbols"

# --- the variants -------------------------------------------------------------------------

# variant NAME ALLOCATOR: gets ready, and has this jemalloc, or none, among its libraries.
variant() {
	worker=$top_builddir/ktstr-jemalloc-alloc-worker-$1
	start_worker 16777216
	until_true is_ready || return 1
	grep -o 'libjemalloc[^ ]*$' "/proc/$pid/maps" | sort -u >"$tap_dir/mapped"
	stop_worker
	cat "$tap_dir/mapped"
	readelf --wide --symbols "$worker" | grep -q 'je_tsd_tls' && return 1
	[ "$(cat "$tap_dir/mapped")" = "$2" ]
}
export KTSTR_WORKER_READY_MARKER_OVERRIDE="$marker"
tap_check 'the variant -libc has no jemalloc' variant libc ''
if [ -x "$top_builddir/ktstr-jemalloc-alloc-worker-dso" ]; then
	tap_check 'the variant -dso has the shared one' variant dso libjemalloc.so.2
else
	tap_skip 'the variant -dso' 'it is not built: libjemalloc2 is missing'
fi
tap_end
