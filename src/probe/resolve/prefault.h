/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Page faults are the largest cost of a short run: libdw touches a page of the file and a
 * page of the heap per unit, each a fault of its own.  What is certain to be touched is
 * mapped in one go instead (madvise(2), MADV_POPULATE_*, Linux 5.14; without it nothing
 * happens).  Both calls are hints: they cannot fail.
 */
#ifndef KT_PROBE_RESOLVE_PREFAULT_H
#define KT_PROBE_RESOLVE_PREFAULT_H

#include <stddef.h>

/** Makes the next @bytes that malloc() hands out free of faults, and keeps freed memory. */
void kt_prefault_heap(size_t bytes);

/** Maps @bytes of a file's mapping at @start for reading. */
void kt_prefault_file(const void *start, size_t bytes);

#endif
