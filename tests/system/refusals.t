#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In a guest: processes that cannot be read are refused, each for its own reason, with exit
# code 1 and without a document.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
top=${top_builddir:?}/ktstr-top
worker=$top_builddir/tests/system/refusal_worker
scenario=$tap_dir/refusals.json

# Name of the probe, process id ("-": the worker), fatal kind; 4000 and 4001 are the worker's
# children.
cat >"$tap_dir/cases" <<'END'
agent 1 jemalloc-not-found
kernel-thread 2 kernel-thread
missing 999999999 pid-missing
zombie 4000 zombie
i386 4001 arch-mismatch
libc - jemalloc-not-found
END

# shellcheck disable=SC2016 # jq's own variables
jq -n -R --arg worker "$worker" '
	[inputs | split(" ") | { name: .[0], pid: .[1], kind: .[2] }] as $cases
	| { schema: 1, name: "refusals",
		workers: [{ name: "w", command: [$worker], ready: "marker", ready_timeout_ms: 20000 }],
		probes: [$cases[] | { name } + (
			if .pid == "-" then { target: "w" } else { pid: .pid | tonumber } end)],
		checks: [$cases[] |
			{ fatal_kind: { id: .name, probe: .name, is: .kind } },
			{ exit_code: { id: (.name + ".exit"), probe: .name, equals: 1 } },
			{ metric_count: { id: (.name + ".metrics"), probe: .name, equals: 0 } }] }
' <"$tap_dir/cases" >"$scenario"
"$top" -bc -f json "$scenario" >"$tap_dir/out" 2>"$tap_dir/err"
status=$?
sed 's/^/# /' "$tap_dir/err"
tap_check "the scenario passes" test "$status" -eq 0

# verdict ID: the last verdict of this check.
verdict() {
	jq -r --arg id "$1" 'select(.event == "check" and .check == $id) | .verdict' \
		"$tap_dir/out" | tail -n 1
}

# refused NAME: all three checks of a probe passed, and it had one line to say.
refused() {
	jq -r --arg name "$1" 'select(.event == "probe_end" and .probe == $name) | .stderr_tail' \
		"$tap_dir/out" | tee "$tap_dir/said"
	[ "$(verdict "$1")" = pass ] && [ "$(verdict "$1.exit")" = pass ] &&
		[ "$(verdict "$1.metrics")" = pass ] && [ "$(grep -c '^error: ' "$tap_dir/said")" -eq 1 ] &&
		[ "$(grep -c . "$tap_dir/said")" -eq 2 ]
}
while read -r name pid kind; do
	tap_check "$name (pid $pid) is refused: $kind" refused "$name"
done <"$tap_dir/cases"
tap_end
