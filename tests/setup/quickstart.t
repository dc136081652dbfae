#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# quickstart: what it does when all is there, and its one line when something is wrong, with
# pretended package tools in a copy of the sources.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
# shellcheck source=tests/setup/fakes.sh
. "$top_srcdir/tests/setup/fakes.sh"
copy=$tap_dir/copy

# copy_reset: the scripts, with a configure and helpers that only tell they were called.
copy_reset() {
	rm -rf "$copy" "${tap_dir:?}/home"
	mkdir -p "$copy/build-aux" "$tap_dir/home"
	cp "$top_srcdir/quickstart" "$copy/"
	chmod -R u+w "$copy"
	cp "$top_srcdir/build-aux/packages" "$copy/build-aux/"
	fakes_reset
	# shellcheck disable=SC2016 # for the pretended commands
	for script in configure:'echo all: >Makefile' build-aux/build-jemalloc:true \
		build-aux/fetch-kernel:true; do
		printf '#!/bin/sh\necho "%s" >>"%s"\n%s\n' "${script%%:*}" "$calls" \
			"${script#*:}" >"$copy/${script%%:*}"
		chmod +x "$copy/${script%%:*}"
	done
	fake make 'true'
	fake apt-get 'true'
}

# --- command line -----------------------------------------------------------------------

copy_reset
pretend "$copy/quickstart" nonsense
tap_check 'an unknown word: 2' expect 2
pretend "$copy/quickstart" check surplus
tap_check 'a surplus word: 2' expect 2
pretend "$copy/quickstart" --help
tap_check '--help: 0' expect 0
tap_check 'usage does nothing' test ! -s "$calls"

# --- everything there -----------------------------------------------------------------------

pretend "$copy/quickstart" setup
tap_check 'setup builds' expect 0 '^quickstart: done; next: '
tap_check 'nothing is installed' not_called apt-get sudo
tap_check 'configure is called' grep -q '^configure' "$calls"
tap_check 'jemalloc is built' grep -q '^build-aux/build-jemalloc' "$calls"
tap_check 'the kernel is fetched' grep -q '^build-aux/fetch-kernel' "$calls"
: >"$calls"
pretend "$copy/quickstart" setup
tap_check 'again' expect 0 '^quickstart: done; next: '
tap_check 'configure is not called again' not_called configure apt-get
pretend "$copy/quickstart" check
tap_check 'check' expect 0 '^quickstart: done; next: '
tap_check 'configure is called for what check needs' grep -q '^configure' "$calls"
tap_check 'the suite is run' grep -q '^make .*check' "$calls"
printf '#!/bin/sh\necho "ktstr-top $*" >>"%s"\nexit 3\n' "$calls" >"$copy/build/ktstr-top"
chmod +x "$copy/build/ktstr-top"
pretend "$copy/quickstart" run --jobs 1
tap_check "run ends with ktstr-top's exit status" expect 3 'exit status 3'
tap_check 'and passes options on' grep -q '^ktstr-top --batch --check --jobs 1$' "$calls"

# --- something missing ------------------------------------------------------------------

copy_reset
# shellcheck disable=SC2016
fake dpkg-query 'for last; do :; done; [ "$last" = scdoc ] || echo installed'
fake id 'echo 0'
pretend "$copy/quickstart" setup
tap_check 'as root: done' expect 0 '^quickstart: done'
tap_check 'it says what, before' grep -q 'missing.*: scdoc$' "$tap_dir/out"
tap_check 'update comes first' sh -c "grep ^apt-get '$calls' | head -n 1 | grep -q ' update'"
tap_check 'only that is installed' grep -q '^apt-get .* install --no-install-recommends scdoc$' \
	"$calls"

fake id 'echo 1000'
pretend "$copy/quickstart" setup
tap_check 'no sudo' expect 1 'no sudo.*apt-get install scdoc'
fake sudo 'exit 1'
pretend "$copy/quickstart" setup
tap_check 'sudo wants a password, no terminal' expect 1 'sudo apt-get install scdoc'
# shellcheck disable=SC2016
fake sudo 'shift_env() { "$@"; }; [ "$1" = -n ] && shift; shift_env "$@"'
: >"$calls"
pretend "$copy/quickstart" setup
tap_check 'with sudo: done' expect 0 '^quickstart: done'
tap_check 'through sudo' grep -q '^sudo .*install' "$calls"

fake id 'echo 0'
fake apt-get 'echo "W: Temporary failure resolving something"; case $* in *install*) exit 100; esac'
pretend "$copy/quickstart" setup
tap_check 'no network' expect 1 'is there a network'
fake apt-get 'echo "E: You do not have enough free space in somewhere."; exit 100'
pretend "$copy/quickstart" setup
tap_check 'full disk while installing' expect 1 'disk is full'
fake apt-get 'echo "E: Unable to locate package scdoc"; exit 100'
pretend "$copy/quickstart" setup
tap_check 'another failure: its text and its log' expect 1 'whole output is in .*quickstart.log'
tap_check 'its text' grep -q 'Unable to locate package' "$tap_dir/err"
rm "$fakes/apt-get"
pretend "$copy/quickstart" setup
tap_check 'no apt-get' expect 1 'no apt-get'

copy_reset
rm "$fakes/dpkg-query"
pretend "$copy/quickstart" setup
tap_check 'another distribution' expect 1 'not Debian'
copy_reset
fake df 'echo Filesystem; echo / 100000000 0 1024000 0% /'
pretend "$copy/quickstart" setup
tap_check 'a full disk' expect 1 'error: 1000 MiB are free in .*, [0-9]* MiB are needed'
copy_reset
fake make 'echo "cc: error: No space left on device"; exit 2'
pretend "$copy/quickstart" setup
tap_check 'full disk while building' expect 1 'disk is full'
copy_reset
printf '#!/bin/sh\necho broken >&2; exit 1\n' >"$copy/build-aux/fetch-kernel"
pretend "$copy/quickstart" setup
tap_check 'no kernel: its own words, no success' expect 1 broken
tap_end
