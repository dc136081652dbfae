#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# `make install-strip` strips the programs, but not the worker: the probe reads its symbols.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
unset MAKEFLAGS MFLAGS MAKELEVEL
root=$tap_dir/root

tap_check 'make install-strip' make -C "${top_builddir:?}" install-strip DESTDIR="$root" prefix=/usr
sections() {
	readelf --wide --sections "$root/usr/bin/$1" >"$tap_dir/sections"
}
sections ktstr-jemalloc-alloc-worker
tap_check 'the worker keeps .symtab' grep -q ' \.symtab ' "$tap_dir/sections"
tap_check 'the worker keeps DWARF' grep -q ' \.debug_info ' "$tap_dir/sections"
sections ktstr-jemalloc-probe
tap_check 'the probe is stripped' sh -c "! grep -q ' \\.debug_info ' '$tap_dir/sections'"
tap_check 'the worker is the built one' \
	cmp "$top_builddir/ktstr-jemalloc-alloc-worker" "$root/usr/bin/ktstr-jemalloc-alloc-worker"
tap_check 'make uninstall' make -C "$top_builddir" uninstall DESTDIR="$root" prefix=/usr
tap_check 'leaves no file' test -z "$(find "$root" -type f)"
tap_end
