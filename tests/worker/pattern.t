#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The worker's patterns, as the probe sees them from outside.  Bounds are on counters and on
# the times that the probe's document gives, with room for a machine that is busy.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
worker=${top_builddir:?}/ktstr-jemalloc-alloc-worker
probe=$top_builddir/ktstr-jemalloc-probe
marker=$tap_dir/marker
export KTSTR_WORKER_READY_MARKER_OVERRIDE="$marker"
unset MALLOC_CONF _RJEM_MALLOC_CONF
deadline_s=20
pid=
trap 'stop_worker; rm -rf "$tap_dir"' EXIT

# shellcheck disable=SC2317 # called by the trap too
stop_worker() {
	[ -n "$pid" ] || return 0
	kill -KILL "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	pid=
}

# start_worker ARGUMENT...: a worker in the background that is ready, its id in $pid.
start_worker() {
	stop_worker
	rm -f "$marker"
	"$worker" "$@" 1048576 >"$tap_dir/out" 2>"$tap_dir/err" </dev/null &
	pid=$!
	end=$(($(date +%s) + deadline_s))
	until [ -s "$marker" ] && [ -s "$tap_dir/out" ]; do
		if [ "$(date +%s)" -ge "$end" ] || ! kill -0 "$pid" 2>/dev/null; then
			cat "$tap_dir/err"
			return 1
		fi
	done
}

# look SNAPSHOTS INTERVAL_MS: what the probe sees of the worker goes to $tap_dir/seen: of each
# thread of each snapshot number, elapsed ns, name, allocated and deallocated bytes.
look() {
	if [ "$1" -gt 1 ]; then
		set -- "$1" --interval-ms "$2"
	fi
	"$probe" --json --pid "$pid" --snapshots "$@" >"$tap_dir/document" || return 1
	awk '
		{ gsub(/[",]/, "") }
		$1 == "elapsed_since_start_ns:" { elapsed = $2; number++ }
		$1 == "tid:" { comm = "-" } # a thread that has ended by now has no name
		$1 == "comm:" { comm = $2 }
		$1 == "allocated_bytes:" { allocated = $2 }
		$1 == "deallocated_bytes:" { print number, elapsed, comm, allocated, $2 }
	' "$tap_dir/document" >"$tap_dir/seen"
	[ -s "$tap_dir/seen" ]
}

# judge NAMES CONDITION: CONDITION, of awk, holds of the threads whose name matches NAMES in
# $tap_dir/seen; at the end.  Of each thread it may use the arrays first_ns, last_ns,
# first_alloc, last_alloc, first_flow, last_flow, max_flow, min_flow, last_freed, and of all of
# them together idle and busy, the pairs of snapshots between which nothing, something happened.
judge() {
	awk -v names="^($1)\$" '
		$3 !~ names { next }
		{ name = $3; flow = $4 - $5 }
		!(name in first_ns) {
			threads++
			first_ns[name] = $2; first_alloc[name] = $4
			first_flow[name] = max_flow[name] = min_flow[name] = flow
			last_alloc[name] = -1
		}
		last_alloc[name] >= 0 && $4 > last_alloc[name] { busy++ }
		last_alloc[name] > 0 && $4 == last_alloc[name] && flow == 0 { idle++ }
		$4 < last_alloc[name] || $5 < last_freed[name] { backwards++ }
		{
			last_ns[name] = $2; last_alloc[name] = $4; last_freed[name] = $5
			last_flow[name] = flow
			if (flow > max_flow[name]) max_flow[name] = flow
			if (flow < min_flow[name]) min_flow[name] = flow
		}
		END {
			if (!threads || backwards)
				exit 1
			for (name in first_ns) {
				span_s = (last_ns[name] - first_ns[name]) / 1e9
				grown = last_alloc[name] - first_alloc[name]
				if (!('"$2"'))
					exit 1
			}
		}
	' "$tap_dir/seen" || {
		cat "$tap_dir/seen"
		return 1
	}
}

# A thread that lives holds 256 KiB and one block; what happens between the reads of its two
# counters may be added.
live_bytes=524288

steady() {
	start_worker --pattern=steady --threads=3 --rate=8M --sizes=64-8k --names && look 11 25 &&
		judge 'alloc-[012]' "threads == 3 && max_flow[name] < $live_bytes && min_flow[name] > -$live_bytes"
}
tap_check 'steady: three threads, a flat flow' steady
# What was due while a thread was held up, 200 ms at most, may come on top.
tap_check 'steady: no faster than asked' \
	judge 'alloc-.' 'grown < 8388608 * (span_s + 0.3) * 1.1'
tap_check 'steady: it goes on' judge 'alloc-.' 'last_alloc[name] > 262144'
tap_check 'the main thread has its bytes, and little more' \
	judge 'ktstr-jemalloc-' 'threads == 1 && last_alloc[name] >= 1048576 && last_alloc[name] < 5242880 && last_freed[name] < 1048576'

slow_and_fast() {
	start_worker --rate=1k --sizes=16-64 --names && look 11 20 &&
		judge alloc-0 'last_alloc[name] < 4096' &&
		start_worker --rate=0 --names && look 11 20 &&
		judge alloc-0 'grown > 4194304 * span_s'
}
tap_check 'rate: a small one is kept, none is more than the default' slow_and_fast

burst() {
	start_worker --pattern=burst --burst=200/200 --rate=8M --names && look 41 25 &&
		judge burst-0 'idle >= 2 && busy >= 2 && max_flow[name] > 0'
}
tap_check 'burst: idle, and nothing held, between bursts' burst

leak() {
	start_worker --pattern=leak --leak=50 --rate=8M --names && look 11 25 &&
		judge leak-0 'last_flow[name] - first_flow[name] > grown * 0.2' &&
		judge leak-0 'last_flow[name] < last_alloc[name] * 0.8 + '"$live_bytes"
}
tap_check 'leak: half of it stays' leak
leak_all() {
	start_worker --leak=100 --rate=2M --names && look 6 20 &&
		judge leak-0 'last_freed[name] == 0 && last_alloc[name] > 0'
}
tap_check 'leak: all of it stays' leak_all
leak_limit() {
	start_worker --leak=100 --leak-limit=64k --threads=2 --rate=0 --sizes=16-1k --names &&
		look 11 20 &&
		judge 'leak-[01]' 'threads == 2 && last_alloc[name] > 1048576 && max_flow[name] < 131072'
}
tap_check 'leak: at its limit the oldest are freed' leak_limit

hand_over() {
	start_worker --pattern=hand-over --rate=8M --names && look 11 25 &&
		judge give-0 'last_freed[name] == 0 && grown > 0' &&
		judge free-1 'last_alloc[name] == 0 && last_flow[name] < first_flow[name] && last_flow[name] < 0'
}
tap_check 'hand-over: one flow up, one below zero' hand_over
hand_over_odd() {
	start_worker --hand-over --threads=3 --names && look 2 10 &&
		judge 'give-0|free-1|alloc-2' 'threads == 3'
}
tap_check 'hand-over: a thread without a partner is steady' hand_over_odd

mixed() {
	start_worker --pattern=mixed --threads=7 --names && look 1 &&
		judge 'alloc-0|burst-1|leak-2|give-3|free-4|alloc-5|burst-6' 'threads == 7'
}
tap_check 'mixed: the roles go round' mixed
together() {
	start_worker --burst=100/100 --leak=5 --names && look 1 && judge 'burst-0|leak-1' 'threads == 2'
}
tap_check 'options of roles ask for these roles' together

one_size() {
	start_worker --sizes=4k-4k --rate=8M --names && look 6 20 &&
		judge alloc-0 'grown > 0 && last_alloc[name] % 4096 == 0 && last_freed[name] % 4096 == 0'
}
tap_check 'sizes: all of one size' one_size
# first_size SEED: with one byte per second there is one allocation, and then none for long.
first_size() {
	start_worker --sizes=16-1M --rate=1 "--seed=$1" --names && look 2 10 || return 1
	awk '$3 == "alloc-0" { bytes = $4 } END { print bytes }' "$tap_dir/seen"
	stop_worker # this is a shell of its own, which nobody else ends
}
seeded() {
	[ "$(first_size 7)" -gt 0 ] && [ "$(first_size 7)" = "$(first_size 7)" ] &&
		[ "$(first_size 7)" != "$(first_size 8)" ]
}
tap_check 'seed: the same sizes again, other ones with another' seeded

unnamed() {
	start_worker --threads=2 && look 1 && cat "$tap_dir/seen" &&
		[ "$(grep -c ' ktstr-jemalloc- ' "$tap_dir/seen")" -eq 3 ]
}
tap_check 'without --names threads have none of their own' unnamed

# finished: the worker ended by itself; its count of each thread is in $tap_dir/out.
finished() {
	status=0
	wait "$pid" || status=$?
	pid=
	cat "$tap_dir/out" "$tap_dir/err"
	[ "$status" -eq 0 ] && [ ! -s "$tap_dir/err" ]
}
# A burst thread does not make up for its rests.
bursts_counted() {
	start_worker --burst=20/180 --rate=4M --seconds=1 && finished &&
		awk '/^burst-0/ { sub(/.*=/, "", $3); if ($3 + 0 > 0 && $3 + 0 < 4194304 / 2) good = 1 }
			END { exit !good }' "$tap_dir/out"
}
tap_check 'burst: the rate counts while it allocates' bursts_counted
# What was seen is no more than what the worker counts at its end, to the byte.
counted() {
	start_worker --pattern=mixed --burst=50/50 --rate=4M --names --seconds=1 && look 6 20 &&
		finished || return 1
	awk 'NR == FNR { if (/tid=/) { sub(/.*=/, "", $3); sub(/.*=/, "", $4); alloc[$1] = $3 + 0; freed[$1] = $4 + 0; told++ }; next }
		$3 in alloc { seen++; if ($4 > alloc[$3] || $5 > freed[$3]) bad = 1; if ($4 + $5 > 0) moving = 1 }
		END { exit bad || !moving || told != 5 || seen != 30 || freed["free-4"] > alloc["give-3"] }' \
		"$tap_dir/out" "$tap_dir/seen"
}
tap_check 'seconds: ends, and counts what the probe saw' counted
churning() {
	start_worker --churn --threads=2 --names --seconds=1 && look 1 &&
		judge 'alloc-[01]' 'threads == 2' && finished
}
tap_check '--churn and a pattern' churning

# --- values that are none ---------------------------------------------------------------

# bad OPTION COMPLAINT [OPTION...]: ends with 5 and one line that has COMPLAINT.
bad() {
	rm -f "$marker"
	complaint=$2
	status=0
	timeout -s KILL "$deadline_s" "$worker" "$1" 1024 >"$tap_dir/out" 2>"$tap_dir/err" </dev/null || status=$?
	cat "$tap_dir/err"
	[ "$status" -eq 5 ] && [ "$(wc -l <"$tap_dir/err")" -eq 1 ] && [ ! -e "$marker" ] &&
		grep -q -e "^jemalloc-alloc-worker: $complaint must be " "$tap_dir/err"
}
stop_worker
for option in --threads=0 --threads=1025 --threads= --threads=two --threads=-1 \
	--rate= --rate=1x --rate=1kk --rate=2000G --rate=99999999999999999999 \
	--sizes=8-16 --sizes=32-16 --sizes=16 --sizes=16- --sizes=16-65M --sizes=-16 \
	--burst=5 --burst=0/5 --burst=5/0 --burst=5/ --burst=5/3600001 \
	--leak=0 --leak=101 --leak=x --leak-limit=0 --leak-limit=k \
	--seed=-1 --seed=18446744073709551616 --seconds=x --seconds=31536001 \
	--pattern= --pattern=odd; do
	tap_check "$option: 5" bad "$option" "${option%%=*}"
done
few() {
	timeout -s KILL "$deadline_s" "$worker" --pattern=mixed --threads=4 1024 2>"$tap_dir/err"
	[ $? -eq 5 ] && grep -q 'threads must be at least' "$tap_dir/err"
}
tap_check 'fewer threads than roles: 5' few

# Words that only look like these options are ignored, as all others, and start nothing.
lookalikes() {
	start_worker --names=x --hand-overs --thread=4 --patterns=mixed --threads --seconds &&
		look 1 && [ "$(wc -l <"$tap_dir/seen")" -eq 1 ]
}
tap_check 'lookalikes are ignored' lookalikes

# --- the variants -------------------------------------------------------------------------

variant() {
	worker=$top_builddir/ktstr-jemalloc-alloc-worker-$1
	start_worker --pattern=mixed --names --seconds=1 && finished &&
		[ "$(grep -c 'tid=[0-9]* allocated=[0-9]* freed=[0-9]*$' "$tap_dir/out")" -eq 5 ]
}
tap_check 'the variant -libc has patterns' variant libc
if [ -x "$top_builddir/ktstr-jemalloc-alloc-worker-dso" ]; then
	tap_check 'the variant -dso has patterns' variant dso
else
	tap_skip 'the variant -dso has patterns' 'it is not built: libjemalloc2 is missing'
fi
tap_end
