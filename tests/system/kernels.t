#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Several kernels in one run: given by --kernel or named by scenarios, told apart by name, each with the
# guest that says so; and kernels that will not do, each one line.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
top=$(realpath "${top_builddir:?}/ktstr-top")

"$top" --dry-run nonexistent-pid >"$tap_dir/dry" 2>&1
packed=$(sed -n 's/^# kernel: \(.*\) (.*)$/\1/p' "$tap_dir/dry")
version=$(sed -n 's/^# kernel: .* (\(.*\))$/\1/p' "$tap_dir/dry")
XDG_CACHE_HOME=$tap_dir/cache "$top" --dry-run -k "$packed" nonexistent-pid >"$tap_dir/dry" 2>&1
unpacked=$packed # it may have been an ELF from the beginning
for file in "$tap_dir"/cache/ktstr-top/vmlinux/*; do
	[ -f "$file" ] && unpacked=$file
done

# A second kernel, which tells another release of the same length.
other=$(printf '%s' "$version" | sed 's/...$/kt2/')
mkdir "$tap_dir/own"
cp "$unpacked" "$tap_dir/same"
OLD=$version NEW=$other perl -pe 's/\Q$ENV{OLD}\E/$ENV{NEW}/g' "$unpacked" >"$tap_dir/own/vmlinux"
tap_check 'there are two kernels' test -n "$version" -a "$version" != "$other" -a -s "$tap_dir/own/vmlinux"

# scenario NAME [KERNEL]: the file NAME.json, which looks at nothing; it passes.
scenario() {
	jq -n --arg name "$1" --arg kernel "${2-}" '
		{ schema: 1, $name, guest: ({ timeout_s: 300 } + if $kernel == "" then {} else { $kernel } end),
			probes: [{ name: "p", pid: 999999 }],
			checks: [{ fatal_kind: { is: "pid-missing" } }] }' >"$tap_dir/$1.json"
}
scenario plain
scenario own own/vmlinux
scenario gone own/gone
scenario program own.json
cd "$tap_dir" || exit 99

# ran NAME: "VERDICT RELEASE FILE" of a scenario.
ran() {
	jq -r -s --arg name "$1" 'map(select(.scenario == $name)) | (map(select(.verdict and .event ==
		"scenario_end"))[0].verdict) + " " + (map(.machine.release // empty)[0]) + " " +
		(map(.kernel // empty)[0])' out
}
is_run() {
	echo "$1: $(ran "$1")"
	[ "$(ran "$1")" = "pass $2 $3" ]
}

"$top" -bc --format json -k "$packed" --kernel own/vmlinux plain.json >out 2>err
tap_check 'a scenario under two kernels passes twice' test $? -eq 0
sed 's/^/# /' err
tap_check 'once under the first' is_run "plain@$version" "$version" "$packed"
tap_check 'once under the second' is_run "plain@$other" "$other" own/vmlinux
tap_check 'and no more' test "$(jq -r 'select(.event == "run_start") | .scenarios | length' out)" = 2
tap_check 'a recording of that run is read' "$top" -b --replay out

"$top" -bcv plain.json own.json >out 2>&1
tap_check 'a scenario names its kernel' test $? -eq 0
sed 's/^/# /' out
tap_check 'it gets it, by a path relative to its file' grep -q "^guest own: ready after .*, kernel $other, " out
tap_check 'another does not' grep -q "^guest plain: ready after .*, kernel $version, " out

# names ARGUMENT...: the scenarios that would run.
names() {
	"$top" --list "$@" | sed 's/ .*//' | tr '\n' ' '
}
tap_check 'kernels of one version are told apart' \
	test "$(names -k "$packed" -k same -k own/vmlinux plain.json own.json)" = \
	"plain@$version plain@$version:2 plain@$other own@$version own@$version:2 own@$other "
tap_check 'one kernel changes no name' test "$(names -k own/vmlinux plain.json)" = 'plain '
comes_first() {
	"$top" --dry-run -k same own.json | grep -q "^# kernel: same ($version)$"
}
tap_check '--kernel comes before what the scenario names' comes_first

# refused CODE TEXT ARGUMENT...: the one line.
refused() {
	code=$1
	text=$2
	shift 2
	"$top" "$@" >out 2>err
	status=$?
	cat err
	[ "$status" -eq "$code" ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] && grep -q -e "$text" err
}
tap_check 'a file given twice' refused 2 '^ktstr-top: --kernel: same and ./same are the same file' \
	-bc -k same -k ./same plain.json
tap_check 'one of two is missing' refused 3 '^ktstr-top: --kernel: nothing: No such file' \
	-bc -k same -k nothing plain.json
tap_check 'one of two is none' refused 3 '^ktstr-top: --kernel: .*not a Linux kernel' \
	-bc -k same -k /bin/sh plain.json
tap_check "a scenario's own is missing" refused 3 \
	'^ktstr-top: gone.json:6:15: kernel: own/gone: No such file' -bc plain.json gone.json
tap_check "a scenario's own is none" refused 3 '^ktstr-top: program.json:6:15: kernel: own.json: ' \
	-bc program.json
set --
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do
	set -- "$@" -k same
done
tap_check 'too many' refused 2 "'--kernel' is given more than 16 times" -bc "$@" plain.json
tap_end
