/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/memory/internals.h"
#include "probe/resolve/dwarf_query.h"
#include "probe/resolve/shape.h"

enum query {
	TSD_BYTES,
	TSD_ARENA,
	TSD_TCACHE_SLOW,
	TSD_TCACHE,
	TCACHE_SLOW_POINTER,
	TCACHE_BINS,
	TCACHE_BINS_BYTES,
	BIN_BYTES,
	BIN_STACK_HEAD,
	BIN_LOW_BITS_EMPTY,
	SMALL_BIN_COUNT,
	ARENA_SHARD,
	ARENA_INDEX,
	SHARD_CENTRAL,
	SHARD_NACTIVE,
	QUERY_COUNT,
};

enum {
	OFFSET_MAX = 1 << 24,
	/* SC_NBINS with 4 KiB pages: 8, 16, then steps of 16; with a quantum of 8, steps of 8. */
	SMALL_BINS_QUANTUM_16 = 36,
	SMALL_BINS_QUANTUM_8 = 39,
	SMALL_BINS_PER_DOUBLING = 4,
	LG_PAGE_MIN = 12,
	LG_PAGE_MAX = 16,
};

/* Quantum and page decide how many small size classes there are; that number tells both. */
static bool find_units(uint64_t small_bin_count, struct kt_shape *shape)
{
	for (uint32_t lg_page = LG_PAGE_MIN; lg_page <= LG_PAGE_MAX; lg_page++) {
		uint32_t more = (lg_page - LG_PAGE_MIN) * SMALL_BINS_PER_DOUBLING;
		shape->lg_page = lg_page;
		shape->lg_quantum = small_bin_count == SMALL_BINS_QUANTUM_8 + more ? 3 : 4;
		if (small_bin_count == SMALL_BINS_QUANTUM_8 + more ||
		    small_bin_count == SMALL_BINS_QUANTUM_16 + more)
			return true;
	}
	return false;
}

static bool are_answered(const struct kt_dwarf_query *queries)
{
	for (size_t i = 0; i < QUERY_COUNT; i++)
		if (!queries[i].is_found || queries[i].value > OFFSET_MAX)
			return false;
	return true;
}

static bool fill_shape(const struct kt_dwarf_query *queries, struct kt_shape *ret)
{
	uint64_t stride = queries[BIN_BYTES].value;
	struct kt_shape shape = {
		.version = "",
		.options = "",
		.size_bytes = (uint32_t)queries[TSD_BYTES].value,
		.arena = (uint32_t)queries[TSD_ARENA].value,
		.tcache_slow = (uint32_t)queries[TSD_TCACHE_SLOW].value,
		.bins = (uint32_t)(queries[TSD_TCACHE].value + queries[TCACHE_BINS].value),
		.bin_stride_bytes = (uint32_t)stride,
		.bin_count = (uint32_t)(queries[TCACHE_BINS_BYTES].value / stride),
		.stack_head = (uint32_t)queries[BIN_STACK_HEAD].value,
		.low_bits_empty = (uint32_t)queries[BIN_LOW_BITS_EMPTY].value,
		.central = (uint32_t)(queries[ARENA_SHARD].value + queries[SHARD_CENTRAL].value),
		.nactive = (uint32_t)(queries[ARENA_SHARD].value + queries[SHARD_NACTIVE].value),
		.arena_index = (uint32_t)queries[ARENA_INDEX].value,
	};

	if (!find_units(queries[SMALL_BIN_COUNT].value, &shape) || !shape.bin_count ||
	    shape.bin_count > KT_TCACHE_BINS_MAX ||
	    /* The test of live threads takes the pointer to stand right before the bins. */
	    queries[TCACHE_SLOW_POINTER].value + sizeof(uint64_t) != queries[TCACHE_BINS].value ||
	    queries[BIN_STACK_HEAD].value + sizeof(uint64_t) > stride ||
	    queries[BIN_LOW_BITS_EMPTY].value + sizeof(uint16_t) > stride ||
	    shape.bins + shape.bin_count * stride > shape.size_bytes)
		return false;
	*ret = shape;
	return true;
}

bool kt_shape_from_debug(const struct kt_elf *file, struct kt_shape *ret)
{
	static const char *const units[] = { "tsd.c", "arena.c", NULL };
	struct kt_dwarf_query queries[QUERY_COUNT] = {
		[TSD_BYTES] = { "tsd_s", NULL, KT_DWARF_STRUCTURE_BYTES, false, 0 },
		[TSD_ARENA] = { "tsd_s", "arena", KT_DWARF_OFFSET, false, 0 },
		[TSD_TCACHE_SLOW] = { "tsd_s", "tcache_slow", KT_DWARF_OFFSET, false, 0 },
		[TSD_TCACHE] = { "tsd_s", "tcache", KT_DWARF_OFFSET, false, 0 },
		[TCACHE_SLOW_POINTER] = { "tcache_s", "tcache_slow", KT_DWARF_OFFSET, false, 0 },
		[TCACHE_BINS] = { "tcache_s", "bins", KT_DWARF_OFFSET, false, 0 },
		[TCACHE_BINS_BYTES] = { "tcache_s", "bins", KT_DWARF_MEMBER_BYTES, false, 0 },
		[BIN_BYTES] = { "cache_bin_s", NULL, KT_DWARF_STRUCTURE_BYTES, false, 0 },
		[BIN_STACK_HEAD] = { "cache_bin_s", "stack_head", KT_DWARF_OFFSET, false, 0 },
		[BIN_LOW_BITS_EMPTY] = { "cache_bin_s", "low_bits_empty", KT_DWARF_OFFSET, false,
					 0 },
		/* uint8_t lg_fill_div[SC_NBINS] */
		[SMALL_BIN_COUNT] = { "tcache_slow_s", "lg_fill_div", KT_DWARF_MEMBER_BYTES, false,
				      0 },
		[ARENA_SHARD] = { "arena_s", "pa_shard", KT_DWARF_OFFSET, false, 0 },
		[ARENA_INDEX] = { "arena_s", "ind", KT_DWARF_OFFSET, false, 0 },
		[SHARD_CENTRAL] = { "pa_shard_s", "central", KT_DWARF_OFFSET, false, 0 },
		[SHARD_NACTIVE] = { "pa_shard_s", "nactive", KT_DWARF_OFFSET, false, 0 },
	};

	kt_dwarf_query(file, units, queries, QUERY_COUNT);
	return are_answered(queries) && fill_shape(queries, ret);
}
