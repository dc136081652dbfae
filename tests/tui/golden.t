#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Frames of recorded runs against the kept ones, to the letter: sizes x UTF-8 and ASCII x what was
# typed.  KT_GOLDEN_UPDATE=1 writes them anew (make update-golden); look at the difference then.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
golden=$top_srcdir/tests/tui/golden
top=${top_builddir:?}/ktstr-top
TZ=UTC
export TZ
unset NO_COLOR COLUMNS LINES XDG_CONFIG_HOME ESCDELAY

# frame CHARSET RECORDING SIZE KEYS [OPTION...]: what the screen shows, as text.
frame() {
	locale=C.UTF-8
	[ "$1" = utf8 ] || locale=C
	recording=$2 size=$3 keys=$4
	shift 4
	[ -z "$keys" ] || set -- --keys "$keys" "$@"
	(cd "$golden" && LC_ALL=$locale "$top" --no-config --replay "$recording.ktr" --screen-dump \
		--size "$size" "$@" 2>&1)
}

# compare KEPT CHARSET RECORDING SIZE KEYS [OPTION...]
compare() {
	kept=$golden/$1
	shift
	status=0
	frame "$@" >"$tap_dir/frame" || status=$?
	if [ "${KT_GOLDEN_UPDATE:-}" ]; then
		cp "$tap_dir/frame" "$kept"
	fi
	[ "$status" -eq 0 ] || {
		echo "exit status $status"
		cat "$tap_dir/frame"
		return 1
	}
	# What is said in ASCII must be ASCII.
	if [ "$1" = ascii ] && LC_ALL=C grep -n '[^ -~]' "$tap_dir/frame"; then
		echo 'not ASCII'
		return 1
	fi
	diff -u "$kept" "$tap_dir/frame"
}

# What is looked at: name, recording, keys.
cases() {
	cat <<-'END'
		threads process
		checks guests 2
		guests guests 3
		failed failed 2
		back process [[[[[[
		thread process <Enter>
		check failed 2<Enter>
		guest guests 3<Enter>
		help process ?
	END
}

cases >"$tap_dir/cases"
while read -r name recording keys; do
	for size in 20x4 40x10 80x24 132x43 200x60; do
		for charset in utf8 ascii; do
			tap_check "$name, $size, $charset" \
				compare "$name.$size.$charset" "$charset" "$recording" "$size" "$keys"
		done
	done
	# Nothing may depend on colour, so a frame as text is the same without.
	tap_check "$name, 80x24, mono" \
		compare "$name.80x24.utf8" utf8 "$recording" 80x24 "$keys" --theme mono
done <"$tap_dir/cases"
tap_end
