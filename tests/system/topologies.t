#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Real guests from one CPU to 64 in 8 nodes: each boots, says what its kernel makes of its CPUs, and
# that is what was asked for; one that is of another shape fails.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
top=${top_builddir:?}/ktstr-top

# Nodes, LLCs in all, cores per LLC, threads per core, and memory in MiB, which need not divide.
cat >"$tap_dir/cases" <<'END'
1 1 1 1 256
1 2 4 1 256
2 4 2 2 1025
8 8 1 1 128
3 3 2 1 1000
8 8 4 2 4096
END

# scenario NODES LLCS CORES THREADS MIB: prints one that boots and looks once.
scenario() {
	jq -n --argjson n "$1" --argjson l "$2" --argjson c "$3" --argjson t "$4" --argjson mib "$5" '
		{ schema: 1, name: "\($n)n\($l)l\($c)c\($t)t",
			guest: { memory_mib: $mib, timeout_s: 600,
				topology: { numa_nodes: $n, llcs: $l, cores: $c, threads: $t } },
			workers: [{ name: "w", command: ["ktstr-jemalloc-alloc-worker", "1048576"],
				ready: "marker", ready_timeout_ms: 60000 }],
			probes: [{ name: "p", target: "w", timeout_ms: 60000 }],
			checks: [{ exit_code: { equals: 0 } }] }'
}
set --
while read -r nodes llcs cores threads mib; do
	file=$tap_dir/${nodes}n${llcs}l${cores}c${threads}t.json
	scenario "$nodes" "$llcs" "$cores" "$threads" "$mib" >"$file"
	set -- "$@" "$file"
done <"$tap_dir/cases"
"$top" -bc --accel tcg -f json "$@" >"$tap_dir/out" 2>"$tap_dir/err"
status=$?
sed 's/^/# /' "$tap_dir/err"
tap_check "every guest passes" test "$status" -eq 0

# machine NAME: what the guest said, as "release cpus nodes llcs cores threads".
machine() {
	jq -r --arg name "$1" 'select(.event == "guest_state" and .scenario == $name and .machine) |
		.machine | "\(.release) \(.cpus) \(.numa_nodes) \(.llcs) \(.cores) \(.threads)"' \
		"$tap_dir/out"
}
# is_as_asked NODES LLCS CORES THREADS
is_as_asked() {
	said=$(machine "${1}n${2}l${3}c${4}t")
	echo "said: $said"
	[ -n "${said%% *}" ] && [ "${said#* }" = "$(($2 * $3 * $4)) $1 $2 $(($2 * $3)) $4" ]
}
# memory NAME: the MiB that the guest got.
memory() {
	jq -r --arg name "$1" 'select(.event == "scenario_start" and .scenario == $name) |
		.memory_mib' "$tap_dir/out"
}
while read -r nodes llcs cores threads mib; do
	name=${nodes}n${llcs}l${cores}c${threads}t
	tap_check "$name has what was asked for" is_as_asked "$nodes" "$llcs" "$cores" "$threads"
	got=$(memory "$name")
	echo "# $name: $got MiB"
	tap_check "$name has enough memory, equal in all nodes" \
		test "$got" -ge "$mib" -a "$((got % nodes))" -eq 0
done <"$tap_dir/cases"

# This CPU model hides its caches from an emulated guest.
"$top" -bcv --accel tcg --cpu EPYC "$tap_dir/1n2l4c1t.json" >"$tap_dir/out" 2>&1
status=$?
grep -v '| ' "$tap_dir/out" | sed 's/^/# /'
tap_check 'a guest of another shape cannot be judged' test "$status" -eq 3
tap_check 'what it has is told' grep -q '^guest 1n2l4c1t: ready after .*, 8 CPUs, 1 node, 1 LLC, 8 cores' \
	"$tap_dir/out"
tap_check 'what is wrong with it is one line' \
	grep -q '^ERROR 1n2l4c1t .* protocol: the guest has 1 LLC instead of 2$' "$tap_dir/out"
tap_end
