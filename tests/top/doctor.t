#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# ktstr-top --doctor on this machine, and on what is made to look like a worse one: what it says, that
# its exit code is that of a run, and how it looks to people and to programs.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
top=${top_builddir:?}/ktstr-top
unset NO_COLOR TMPDIR TMUX
TERM=xterm
export TERM

# doctor CODE ARGUMENT...: exits with CODE, says nothing on stderr; stdout is in $tap_dir/out.
doctor() {
	code=$1
	shift
	status=0
	"$top" --doctor "$@" >"$tap_dir/out" 2>"$tap_dir/err" </dev/null || status=$?
	cat "$tap_dir/out" "$tap_dir/err"
	if [ "$status" -ne "$code" ] || [ -s "$tap_dir/err" ]; then
		echo "exit code $status, not $code; or something on stderr"
		return 1
	fi
}

# says STATE ID PATTERN: that check is in this state, and its texts, lines joined, match.
says() {
	awk -v id="$2" '/^[a-z]/ { inside = $2 == id } inside { $1 = $1; printf "%s ", $0 }' \
		"$tap_dir/out" >"$tap_dir/check"
	grep -q -e "^$1 $2 .*$3" "$tap_dir/check" || {
		echo "not '$1 $2 ... $3'"
		return 1
	}
}

# --- this machine ---------------------------------------------------------------------------

# What a run would use, from elsewhere.
"${KTSTR_QEMU:-qemu-system-x86_64}" --version >"$tap_dir/qemu" 2>&1
version=$(sed -n 's/.* version \([0-9.]*[0-9]\).*/\1/p;q' "$tap_dir/qemu")
"$top" --dry-run known-allocation >"$tap_dir/dry" 2>&1
kernel=$(sed -n 's/^# kernel: \(.*\) (.*)$/\1/p' "$tap_dir/dry")

usual() {
	doctor 0 && [ -n "$version" ] && [ -n "$kernel" ] &&
		says '\(ok\|warn\)' qemu "$version, /" && says ok kernel "${kernel##*/}" &&
		says ok image 'init, probe, worker of' && says '\(ok\|warn\)' memory 'a guest takes' &&
		says '\(ok\|warn\)' accelerator '\(KVM\|emulation\): .*\(good\|refused\), [0-9]' &&
		[ "$(tail -n 1 "$tap_dir/out")" = 'the built-in scenarios can run here' ]
}
tap_check 'this machine can run, and its QEMU and kernel are named' usual

one_screen() {
	doctor 0 && [ "$(wc -l <"$tap_dir/out")" -lt 24 ] &&
		! awk 'length > 80 && NF > 1' "$tap_dir/out" | grep .
}
tap_check 'it fits on one screen' one_screen

same_accelerator() {
	doctor 0 && "$top" --dry-run known-allocation >"$tap_dir/dry" || return 1
	if says '[a-z]*' accelerator 'KVM: '; then
		grep -q -e '-accel kvm' "$tap_dir/dry"
	else
		says '[a-z]*' accelerator 'emulation: ' && grep -q -e '-accel tcg' "$tap_dir/dry"
	fi
}
tap_check 'the accelerator is that of a run' same_accelerator

wished() {
	doctor 0 --accel tcg && says ok accelerator 'tcg was asked for' && doctor 0 thread-churn &&
		[ "$(tail -n 1 "$tap_dir/out")" = 'what was named can run here' ]
}
tap_check 'wishes are heard' wished

json() {
	doctor "$@" --format json && [ "$(wc -l <"$tap_dir/out")" -eq 1 ] &&
		jq -e --argjson code "$1" '.schema == 1 and .exit_code == $code and
			.can_run == ($code == 0) and ([.checks[].id] == ["program", "qemu",
			"accelerator", "kernel", "isolation", "image", "ptrace", "bpf", "terminal", "cache",
			"temporary", "memory", "cores"]) and all(.checks[];
			(.found | length > 0) and (if .state == "ok" then has("advice") | not
			else (.state | test("^(warn|bad|unknown)$")) and (.advice | length > 0) end))' \
			"$tap_dir/out"
}
tap_check 'JSON' json 0
tap_check 'JSON of what cannot run' json 3 -k /does/not/exist
tap_check 'JSON of what is skipped' json 77 -k /does/not/exist --skip-missing

escape=$(printf '\033')
plain() {
	TERM=xterm-256color doctor 0 && ! grep -q "$escape" "$tap_dir/out" &&
		doctor 0 --color always && grep -q "^$escape\\[32mok$escape\\[0m  " "$tap_dir/out"
}
tap_check 'a pipe gets no escape sequences, unless they are wanted' plain

# --- worse machines -------------------------------------------------------------------------

# as_a_run CODE ARGUMENT...: a run ends with CODE before it boots anything, and so does the doctor.
as_a_run() {
	code=$1
	shift
	status=0
	"$top" -bc "$@" >"$tap_dir/run" 2>&1 </dev/null || status=$?
	[ "$status" -eq "$code" ] || {
		cat "$tap_dir/run"
		echo "a run exits with $status"
		return 1
	}
	doctor "$code" "$@" && grep -q "cannot run here (exit code $code)" "$tap_dir/out"
}

# fake NAME TEXT: a QEMU that says TEXT.
fake() {
	printf '#!/bin/sh\necho "%s"\n' "$2" >"$tap_dir/$1" && chmod +x "$tap_dir/$1"
}

no_qemu() {
	mkdir -p "$tap_dir/bin" && PATH=$tap_dir/bin "$top" --doctor >"$tap_dir/out"
	[ $? -eq 3 ] && says bad qemu 'not found on PATH.*-> install' && says ok kernel . &&
		says ok image .
}
tap_check 'no QEMU on PATH: the rest is looked at all the same' no_qemu

qemus() {
	KTSTR_QEMU=/does/not/exist as_a_run 3 && says bad qemu '/does/not/exist' || return 1
	KTSTR_QEMU=/does/not/exist as_a_run 77 --skip-missing && says bad qemu . || return 1
	KTSTR_QEMU=$(command -v true) as_a_run 3 && says bad qemu 'says no version' || return 1
	fake old 'QEMU emulator version 5.2.0' && KTSTR_QEMU=$tap_dir/old as_a_run 3 &&
		says bad qemu 'too old'
}
tap_check 'a QEMU that is missing, none, or too old' qemus

defects() {
	fake qemu 'QEMU emulator version 8.0.4' && KTSTR_QEMU=$tap_dir/qemu doctor 0 --accel tcg &&
		says warn qemu '8.0.4.*corrupts guests' || return 1
	fake qemu 'QEMU emulator version 8.1.0' && KTSTR_QEMU=$tap_dir/qemu doctor 0 --accel tcg &&
		says ok qemu '8.1.0.*no known defect'
}
tap_check 'the defects of a QEMU' defects

kernels() {
	as_a_run 3 -k /does/not/exist && says bad kernel '--kernel: /does/not/exist' || return 1
	as_a_run 77 -k /does/not/exist --skip-missing && says bad kernel . || return 1
	as_a_run 3 -k /bin/sh && says bad kernel 'not a Linux kernel' || return 1
	KTSTR_KERNEL=9.9.9 as_a_run 3 && says bad kernel 'KTSTR_KERNEL: 9.9.9'
}
tap_check 'no kernel, and what is none' kernels

kvm() {
	if [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
		doctor 0 --accel kvm && says unknown accelerator 'probe-guest skipped.*leave out'
	else
		as_a_run 3 --accel kvm && says bad accelerator '/dev/kvm.*leave out'
	fi
}
tap_check 'KVM, if it is wanted' kvm

# A build of which a part is missing.
partial() {
	mkdir -p "$tap_dir/partial/scenarios" &&
		cp "$top" "$top_builddir/ktstr-jemalloc-probe" \
			"$top_builddir/ktstr-jemalloc-alloc-worker" "$tap_dir/partial" &&
		cp "$top_srcdir/scenarios/not-jemalloc.json" "$tap_dir/partial/scenarios" || return 1
	top=$tap_dir/partial/ktstr-top
	as_a_run 3 && says bad image 'ktstr-init' && as_a_run 3 --skip-missing || return 1
	says unknown memory 'image can be made' && cp "$top_builddir/ktstr-init" "$tap_dir/partial" &&
		as_a_run 3 && says bad image '1 of 1 .*worker-libc' && as_a_run 77 --skip-missing
}
tap_check 'a build without PID 1, and without a worker' partial
top=${top_builddir:?}/ktstr-top

scenarios() {
	as_a_run 2 no-such-thing && says bad image 'no-such-thing.*--list' &&
		KTSTR_SCENARIO_DIR=/does/not/exist as_a_run 3
}
tap_check 'scenarios that there are not' scenarios

# --- places, and the terminal ---------------------------------------------------------------

places() {
	: >"$tap_dir/file"
	XDG_CACHE_HOME=$tap_dir/file/x doctor 0 -k "$kernel" &&
		says warn cache 'cannot be written to: Not a directory' || return 1
	XDG_CACHE_HOME='' HOME='' doctor 0 -k "$kernel" && says warn cache 'XDG_CACHE_HOME' || return 1
	TMPDIR=$tap_dir/file doctor 0 && says warn temporary 'Not a directory.*-> set TMPDIR' ||
		return 1
	TMPDIR=/does/not/exist doctor 0 && says warn temporary 'No such file' || return 1
	XDG_CACHE_HOME=/proc/does/not/exist doctor 0 -k "$kernel" &&
		says warn cache '/proc/does/not/exist/ktstr-top: not there yet; /proc: '
}
tap_check 'a cache and a TMPDIR that are no directories: a warning' places

# on_disk OPTIONS STATE PATTERN: TMPDIR is a file system of its own, made with OPTIONS.
on_disk() {
	mkdir -p "$tap_dir/disk" || return 1
	# shellcheck disable=SC2016 # for the inner shell
	TMPDIR=$tap_dir/disk unshare "$namespaces" sh -c \
		'mount -t tmpfs -o "$1" none "$TMPDIR" && exec "$2" --doctor' sh "$1" "$top" \
		>"$tap_dir/out" </dev/null && cat "$tap_dir/out" && says "$2" temporary "$3"
}

# mount_dead COMMAND...: with a file system at $tap_dir/dead whose server says nothing.
mount_dead() {
	# shellcheck disable=SC2016 # for the inner shell
	unshare "$namespaces" sh -c 'exec 9<>/dev/fuse || exit 1
		mount -i -t fuse -o fd=9,rootmode=40000,user_id=0,group_id=0 none "$1" || exit 1
		shift
		"$@"' sh "$tap_dir/dead" "$@"
}
# What reads our output sees its end: nobody is left who has it open.
dead_disk() {
	TMPDIR=$tap_dir/dead mount_dead "$top" --doctor 2>"$tap_dir/err" </dev/null |
		cat >"$tap_dir/out"
	cat "$tap_dir/out" "$tap_dir/err"
	says unknown temporary 'unknown, did not answer in 3000 ms.*-> set TMPDIR' &&
		[ "$(tail -n 1 "$tap_dir/out")" = 'the built-in scenarios can run here' ]
}
dead_cache() {
	XDG_CACHE_HOME=$tap_dir/dead mount_dead "$top" --doctor >"$tap_dir/out" 2>"$tap_dir/err" \
		</dev/null
	status=$?
	cat "$tap_dir/out" "$tap_dir/err"
	[ "$status" -eq 3 ] && says unknown cache 'unknown, did not answer in 3000 ms' &&
		says bad kernel 'not searched for'
}
namespaces=-m
unshare -m mount -t tmpfs none "$tap_dir" 2>"$tap_dir/err" || namespaces=-rm
if unshare "$namespaces" mount -t tmpfs none "$tap_dir" 2>"$tap_dir/err"; then
	tap_check 'a disk that is nearly full' on_disk size=64k warn '64.0 KiB free.*cannot save'
	tap_check 'a disk without inodes' on_disk nr_inodes=2 warn ' 1 inodes.*cannot save'
	tap_check 'a disk that is read-only' on_disk ro warn 'Read-only file system'
	tap_check 'a disk with room' on_disk size=1g ok '1.0 GiB free'
	mkdir -p "$tap_dir/dead"
	if mount_dead : 2>"$tap_dir/err"; then
		tap_check 'a disk that never answers' dead_disk
		tap_check 'the same with the cache on it' dead_cache
	else
		tap_skip 'a disk that never answers' "no FUSE here: $(head -n 1 "$tap_dir/err")"
	fi
else
	tap_skip 'disks' "no mount namespace here: $(head -n 1 "$tap_dir/err")"
fi

no_terminal() {
	TERM=dumb doctor 0 && says ok terminal "stdout is none.*'dumb'" || return 1
	TERM='' doctor 0 && says ok terminal 'TERM is not set' || return 1
	TERM=xterm LC_ALL=C.UTF-8 doctor 0 && says ok terminal 'xterm is known, UTF-8'
}
tap_check 'that stdout is no terminal is no fault' no_terminal

foreign() {
	KTSTR_QEMU=$(printf '/no\033[31m\n/x') doctor 3 && ! grep -q "$escape" "$tap_dir/out" &&
		KTSTR_QEMU=$(printf '/no\033[31m\377/x') doctor 3 --format json &&
		jq -e '.checks[1].found | contains("31m")' "$tap_dir/out"
}
tap_check 'foreign text does nothing to a terminal' foreign

full_stdout() {
	"$top" --doctor >/dev/full 2>"$tap_dir/err"
	[ $? -eq 3 ] && grep -q 'No space left' "$tap_dir/err"
}
tap_check 'a full stdout' full_stdout

# in_terminal TERM: runs it in a real one, whose screen, with its colours, is then in $tap_dir/out.
cleanup() {
	tmux -S "$tap_dir/socket" kill-server 2>"$tap_dir/tmux-err"
	rm -rf "$tap_dir"
}
in_terminal() {
	rm -f "$tap_dir/code"
	printf 'TERM=%s "%s" --doctor; echo $? >"%s"; cat\n' "$1" "$top" "$tap_dir/code" \
		>"$tap_dir/script"
	LC_ALL=C.UTF-8 tmux -S "$tap_dir/socket" -f /dev/null new-session -d -x 80 -y 30 \
		"sh $tap_dir/script" || return 1
	tries=0
	until [ -s "$tap_dir/code" ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || return 1
		sleep 0.1
	done
	tmux -S "$tap_dir/socket" capture-pane -p -e >"$tap_dir/coloured"
	tmux -S "$tap_dir/socket" kill-server
	sed "s/$escape\\[[0-9;]*m//g" "$tap_dir/coloured" >"$tap_dir/out"
	cat "$tap_dir/coloured"
	[ "$(cat "$tap_dir/code")" -eq 0 ]
}

good_terminal() {
	in_terminal screen && says ok terminal 'screen is known, 80x30, UTF-8, 8 colours' &&
		grep -q "$escape\\[32mok" "$tap_dir/coloured" || return 1
}
dumb_terminal() {
	in_terminal dumb && says warn terminal "'dumb'.*-> set TERM" &&
		! grep -q "$escape" "$tap_dir/coloured"
}
if command -v tmux >"$tap_dir/where"; then
	trap cleanup EXIT
	tap_check 'a terminal' good_terminal
	tap_check 'a terminal that is dumb' dumb_terminal
else
	tap_skip 'a terminal' 'tmux is not installed'
fi

tap_end
