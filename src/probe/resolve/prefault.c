/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/prefault.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

/* From <linux/mman.h>; older C libraries do not have them. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

enum {
	PAGE_BYTES = 4096
};

static void populate(uintptr_t start, size_t bytes, int advice)
{
	uintptr_t first = start & ~(uintptr_t)(PAGE_BYTES - 1);

	(void)madvise((void *)first, start + bytes - first, advice);
}

void kt_prefault_heap(size_t bytes)
{
	/* From the heap's top, which then stays: not a mapping of its own, not trimmed. */
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
	(void)mallopt(M_TRIM_THRESHOLD, 8 << 20);
	void *block = malloc(bytes);
	if (block)
		populate((uintptr_t)block, bytes, MADV_POPULATE_WRITE);
	free(block);
}

void kt_prefault_file(const void *start, size_t bytes)
{
	populate((uintptr_t)start, bytes, MADV_POPULATE_READ);
}
