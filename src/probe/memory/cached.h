/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A memory that remembers the last few blocks read from another one.  Walking the dynamic linker's
 * lists means many reads of a few bytes that lie near each other: a call each would be the cost.
 * What it answers may be as old as itself, so it is made for one walk.
 */
#ifndef KT_PROBE_MEMORY_CACHED_H
#define KT_PROBE_MEMORY_CACHED_H

#include "probe/memory/memory.h"

enum {
	KT_CACHED_BLOCKS = 4,
	KT_CACHED_BLOCK_BYTES = 1024, /* together one page: a page fault costs more than a call */
};

struct kt_cached_blocks {
	uint64_t addresses[KT_CACHED_BLOCKS];
	size_t lengths[KT_CACHED_BLOCKS]; /* 0: nothing is kept here */
	size_t next;			  /* to be replaced */
	unsigned char bytes[KT_CACHED_BLOCKS][KT_CACHED_BLOCK_BYTES];
};

struct kt_cached_memory {
	const struct kt_memory *below;	 /* borrowed */
	struct kt_cached_blocks *blocks; /* borrowed */
};

/**
 * A memory that reads @cached->below by blocks; nothing is kept in them yet.
 * Owner: borrows @cached and what that borrows.
 */
struct kt_memory kt_memory_cached(const struct kt_cached_memory *cached);

#endif
