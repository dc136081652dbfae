/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/prefault.h"

#include <stdint.h>
#include <sys/mman.h>

/* From <linux/mman.h>; older C libraries do not have it. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

enum {
	PAGE_BYTES = 4096
};

void kt_prefault_file(const void *start, size_t bytes)
{
	uintptr_t first = (uintptr_t)start & ~(uintptr_t)(PAGE_BYTES - 1);

	(void)madvise((void *)first, (uintptr_t)start + bytes - first, MADV_POPULATE_READ);
}
