/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Page faults are the largest cost of a short run.  What is certain to be touched is mapped in
 * one go instead (madvise(2), MADV_POPULATE_READ, Linux 5.14; without it nothing happens).
 * This is a hint: it cannot fail.
 */
#ifndef KT_PROBE_RESOLVE_PREFAULT_H
#define KT_PROBE_RESOLVE_PREFAULT_H

#include <stddef.h>

/** Maps @bytes of a file's mapping at @start for reading. */
void kt_prefault_file(const void *start, size_t bytes);

#endif
