#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Templates as a user has them: said with -v, kept between runs, cleared, refused where they make no
# sense; what was kept and is damaged costs a boot, nothing else.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
top=$(realpath "${top_builddir:?}/ktstr-top")

kernel=$("$top" --dry-run nonexistent-pid 2>&1 | sed -n 's/^# kernel: \(.*\) (.*)$/\1/p')
export XDG_CACHE_HOME="$tap_dir/cache"
mkdir "$XDG_CACHE_HOME"
kept=$XDG_CACHE_HOME/ktstr-top/templates

run() {
	"$top" -bc --format json --kernel "$kernel" "$@" >"$tap_dir/out" 2>"$tap_dir/err"
}
# starts WORD COUNT: so many guests got ready, by a start of this kind, and no other did.
starts() {
	jq -r 'select(.event == "guest_state" and .state == "ready") | .start' "$tap_dir/out" |
		sort | uniq -c | sed 's/^ *//' >"$tap_dir/starts"
	cat "$tap_dir/starts"
	[ "$(cat "$tap_dir/starts")" = "$2 $1" ]
}
said() {
	jq -r 'select(.event == "note") | .text' "$tap_dir/out" | tee "$tap_dir/notes"
	[ "$(grep -c "$1" "$tap_dir/notes")" -eq "$2" ]
}
is_empty() {
	ls -A "$kept"
	[ -z "$(ls -A "$kept")" ]
}

run nonexistent-pid known-allocation
tap_check 'two scenarios of one machine pass' test $? -eq 0
tap_check 'both wake' starts template 2
tap_check 'from one template' said 'was made in' 1
tap_check 'nothing is kept unasked' test ! -e "$kept"

run --jobs 1 nonexistent-pid known-allocation not-jemalloc
tap_check 'one after the other they pass too' test $? -eq 0
jq -r 'select(.event == "scenario_end") | .start' "$tap_dir/out" >"$tap_dir/ends"
tap_check 'and a QEMU stood by for the second and the third' \
	test "$(tr '\n' ' ' <"$tap_dir/ends")" = 'template standby standby '

run --no-template nonexistent-pid
tap_check 'without templates it passes too' test $? -eq 0
tap_check 'after a boot' starts cold 1

run --template-cache 512 nonexistent-pid
tap_check 'a template is made to be kept' said 'was made in' 1
tap_check 'and kept' test "$(find "$kept" -type f | wc -l)" -eq 1
tap_check 'for its owner alone' test "$(stat -c %a "$kept" "$kept"/*)" = "$(printf '700\n600')"
run --template-cache 512 nonexistent-pid
tap_check 'the next run passes' test $? -eq 0
tap_check 'without a boot' starts template 1
tap_check 'from what was kept' said 'was kept, and read in' 1
tap_check 'and makes none' said 'was made in' 0

file=$(find "$kept" -type f)
printf X | dd of="$file" bs=1 seek=600 conv=notrunc 2>/dev/null
run --template-cache 512 nonexistent-pid
tap_check 'a damaged one costs nothing but a boot' test $? -eq 0
tap_check 'it is made anew' said 'was made in' 1

run --template-cache 1 nonexistent-pid
tap_check 'a limit that it exceeds' test $? -eq 0
run --template-cache 1 thread-churn
tap_check 'holds' is_empty

run --template-cache 512 nonexistent-pid
"$top" --clear-templates >"$tap_dir/out" 2>&1
tap_check 'clearing says what went' grep -q '^1 template removed from .*templates (' "$tap_dir/out"
tap_check 'and nothing is left' is_empty

chmod 555 "$kept"
if [ -w "$kept" ]; then
	tap_skip 'a place that cannot be written' 'this user may write everywhere'
else
	run --template-cache 512 nonexistent-pid
	tap_check 'a place that cannot be written does no harm' said 'could not be kept' 1
fi
chmod 755 "$kept"

# refused STATUS TEXT ARGUMENT...: one line with TEXT.
refused() {
	status=$1
	text=$2
	shift 2
	"$top" "$@" >"$tap_dir/out" 2>"$tap_dir/err"
	got=$?
	cat "$tap_dir/err"
	[ "$got" -eq "$status" ] && [ "$(wc -l <"$tap_dir/err")" -eq 1 ] &&
		grep -q -e "$text" "$tap_dir/err" && [ ! -s "$tap_dir/out" ]
}
tap_check 'keeping what is not made' refused 2 'no-template and --template-cache do not go' \
	-bc --no-template --template-cache 10
tap_check 'keeping nothing' refused 2 'template-cache' -bc --template-cache 0
tap_check 'a process has none' refused 2 'template-cache' -b --pid 1 --template-cache 10
XDG_CACHE_HOME=/proc/nowhere
tap_check 'a cache that cannot be' refused 3 'templates cannot be kept' \
	-bc --template-cache 10 --kernel "$kernel" nonexistent-pid
tap_end
