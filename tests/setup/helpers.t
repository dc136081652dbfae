#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# build-jemalloc and fetch-kernel with a pretended apt: what they keep, when they do
# nothing, and that nothing half done stays.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
# shellcheck source=tests/setup/fakes.sh
. "$top_srcdir/tests/setup/fakes.sh"
jemalloc=$top_srcdir/build-aux/build-jemalloc
kernel=$top_srcdir/build-aux/fetch-kernel
cache=$tap_dir/cache/ktstr-top
fakes_reset

# only_locks DIR: nothing but lock files is in DIR.
only_locks() {
	[ -z "$(find "$1" -type f ! -name '.*lock')" ]
}

# --- build-jemalloc -------------------------------------------------------------------------

pretend "$jemalloc" --print-dir
tap_check 'build-jemalloc: its directory is in the cache' expect 0 "^$cache/jemalloc-5.3.0-"
dir=$(cat "$tap_dir/out")
pretend "$jemalloc" --print-dir --variant prof
tap_check 'build-jemalloc: a variant has a directory of its own' expect 0 "^$cache/jemalloc-5.3.0-.*prof"
pretend "$jemalloc" --variant nonsense
tap_check 'build-jemalloc: an unknown variant' expect 2 usage
pretend "$jemalloc" --nonsense
tap_check 'build-jemalloc: an unknown option' expect 2 usage
pretend "$jemalloc"
tap_check 'build-jemalloc: no apt-get' expect 1 'apt-get is needed'
fake apt-get 'case $* in
*indextargets*) echo "Packages main http://mirror.invalid/debian/ bookworm" ;;
*source*) echo "E: Unable to find a source package for jemalloc"; exit 100 ;;
esac'
pretend "$jemalloc"
tap_check 'build-jemalloc: no source package' expect 1 'fetching the source package'
fake apt-get 'case $* in
*indextargets*) echo "Packages main http://mirror.invalid/debian/ bookworm" ;;
*source*) echo garbage >jemalloc_5.3.0.orig.tar.bz2 ;;
esac'
pretend "$jemalloc"
tap_check 'build-jemalloc: another tarball' expect 1 'SHA-256'
fake apt-get 'true'
pretend "$jemalloc"
tap_check 'build-jemalloc: no sources' expect 1 'no Debian source'
tap_check 'build-jemalloc: nothing stays of a failure' only_locks "$tap_dir/cache"
mkdir -p "$dir/lib" "$dir/include/jemalloc"
: >"$dir/lib/libjemalloc.a"
: >"$dir/include/jemalloc/jemalloc.h"
: >"$calls"
pretend "$jemalloc"
tap_check 'build-jemalloc: already there' expect 0 "already there: $dir"
tap_check 'build-jemalloc: then it asks nobody' not_called apt-get

# --- fetch-kernel -----------------------------------------------------------------------

pretend "$kernel" --print-dir
tap_check 'fetch-kernel: its directory is in the cache' expect 0 "^$cache/kernels\$"
pretend "$kernel" --nonsense
tap_check 'fetch-kernel: an unknown option' expect 2 usage
fake apt-cache 'exit 100'
fake apt-get 'echo "Temporary failure resolving"; exit 100'
pretend "$kernel"
tap_check 'fetch-kernel: no network' expect 1 'is the network there'
tap_check 'fetch-kernel: nothing stays of a failure' only_locks "$cache/kernels"

# Lists come with an update; the first download is one that the archive no longer has.
# shellcheck disable=SC2016 # for the pretended commands
{
	fake apt-cache 'case $* in *linux-image-6.12-cloud-amd64*)
		echo "  Depends: linux-image-6.12.9-cloud-amd64" ;; *) exit 100; esac'
	fake apt-get 'case $* in *update*) : >"'"$tap_dir"'/updated" ;; *download*)
		[ -f "'"$tap_dir"'/updated" ] || exit 100
		echo deb >linux-image.deb ;; esac'
	fake dpkg-deb 'd=$(mktemp -d); mkdir "$d/boot"
		echo kernel >"$d/boot/vmlinuz-6.12.9"; echo config >"$d/boot/config-6.12.9"
		tar -c -C "$d" ./boot; rm -r "$d"'
}
pretend "$kernel"
tap_check 'fetch-kernel: with lists of its own, when the others are old' \
	expect 0 "ready: $cache/kernels/vmlinuz-6.12.9"
tap_check 'fetch-kernel: the kernel' grep -q kernel "$cache/kernels/vmlinuz-6.12.9"
tap_check 'fetch-kernel: and its configuration' grep -q config "$cache/kernels/config-6.12.9"
: >"$calls"
pretend "$kernel"
tap_check 'fetch-kernel: already there' expect 0 "already there: $cache/kernels/vmlinuz-6.12.9"
tap_check 'fetch-kernel: then it asks nobody' not_called apt-get apt-cache
rm "$cache/kernels/vmlinuz-6.12.9"
fake dpkg-deb 'exit 2'
pretend "$kernel"
tap_check 'fetch-kernel: a broken package' expect 1 'cannot unpack'
tap_check 'fetch-kernel: is no kernel' test ! -e "$cache/kernels/vmlinuz-6.12.9"
tap_end
