/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Where jemalloc keeps what the extras need: the bins of a thread's cache, and the arenas.
 *
 * The offsets come from debug information, or from a table of measured layouts by version and
 * sizeof(tsd_s).  Where neither knows, the extras are unknown.
 */
#ifndef KT_PROBE_MEMORY_INTERNALS_H
#define KT_PROBE_MEMORY_INTERNALS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	KT_TCACHE_BINS_MAX = 128
};

/* Offsets in bytes. */
struct kt_internals {
	bool has_tcache;
	bool has_arenas;
	/* tcache: cache_bin_s bins[] within tsd_s, and its members (cache_bin.h). */
	uint32_t bins_offset; /* of the first bin within tsd_s */
	uint32_t bin_stride_bytes;
	uint32_t bin_count;
	uint32_t stack_head_offset;		       /* pointer; its low 16 bits are compared */
	uint32_t low_bits_empty_offset;		       /* uint16_t */
	uint32_t size_class_bytes[KT_TCACHE_BINS_MAX]; /* of one object in each bin */
	/* arenas: the array of pointers, by its address in the file, and a count within arena_s. */
	uint64_t arenas_vaddr;
	uint32_t nactive_offset; /* size_t, pages */
	uint32_t page_bytes;
};

#endif
