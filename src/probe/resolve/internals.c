/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/internals.h"

#include <string.h>

#include "base/cleanup.h"
#include "probe/resolve/shape.h"
#include "probe/resolve/size_table.h"

enum {
	LG_TINY_MIN = 3,
	LG_GROUP = 2, /* four size classes for each doubling */
	LG_SIZE_MAX = 31,
	WORD_BYTES = 8,
	PAGES_MAX_LG = 40, /* more active pages than any machine has */
};

const struct kt_shape kt_shapes[] = {
#include "probe/resolve/internals_table.inc"
	{ 0 }
};

/*
 * The sizes of jemalloc's classes, in order (sc.c, size_classes()): the tiny ones, powers of two
 * below the quantum; the first group, multiples of the quantum up to four; then groups of four
 * between powers of two.  False for more classes than 32 bits hold.
 */
static bool fill_size_classes(uint32_t lg_quantum, uint32_t *sizes, size_t count)
{
	uint32_t lg_base = lg_quantum + LG_GROUP;
	uint32_t step = 1 << lg_quantum;
	size_t i = 0;

	for (uint32_t lg = LG_TINY_MIN; lg < lg_quantum && i < count; lg++)
		sizes[i++] = (uint32_t)1 << lg;
	for (uint32_t size = step; size <= (uint32_t)1 << lg_base && i < count; size += step)
		sizes[i++] = size;
	for (uint32_t lg = lg_base; lg < LG_SIZE_MAX && i < count; lg++)
		for (uint32_t k = 1; k <= 1 << LG_GROUP && i < count; k++)
			sizes[i++] = ((uint32_t)1 << lg) + (k << (lg - LG_GROUP));
	return i == count;
}

static void set_tcache(const struct kt_shape *shape, struct kt_internals *ret)
{
	ret->bins_offset = shape->bins;
	ret->bin_stride_bytes = shape->bin_stride_bytes;
	ret->bin_count = shape->bin_count;
	ret->stack_head_offset = shape->stack_head;
	ret->low_bits_empty_offset = shape->low_bits_empty;
	ret->has_tcache =
		fill_size_classes(shape->lg_quantum, ret->size_class_bytes, shape->bin_count);
}

static void set_arenas(const struct kt_shape *shape, uint64_t vaddr, struct kt_internals *ret)
{
	ret->has_arenas = true;
	ret->arenas_vaddr = vaddr;
	ret->nactive_offset = shape->nactive;
	ret->page_bytes = (uint32_t)1 << shape->lg_page;
}

static uint64_t known_arenas(const struct kt_elf *symbols)
{
	static const char *const names[] = { "je_arenas", "arenas", "_rjem_je_arenas",
					     "_rjem_arenas" };
	uint64_t vaddr;

	if (symbols && kt_elf_data_symbol(symbols, names, sizeof(names) / sizeof(names[0]),
					  KT_ARENAS_MAX * WORD_BYTES, &vaddr))
		return vaddr;
	return 0;
}

/* Takes over what of @shape is sure: by itself, or by the word of live threads. */
static struct kt_error *apply_shape(const struct kt_internals_request *request,
				    const struct kt_shape *shape, bool is_sure,
				    struct kt_internals *ret)
{
	struct kt_shape_trial trial = {
		.module = request->module,
		.memory = request->memory,
		.tsd = request->tsd,
		.thread_pointers = request->thread_pointers,
		.thread_pointer_count = request->thread_pointer_count,
	};
	enum kt_trial_verdict tcache = KT_TRIAL_SILENT;
	enum kt_trial_verdict arenas = KT_TRIAL_SILENT;
	uint64_t vaddr = known_arenas(request->symbols);

	if (request->memory) {
		tcache = kt_shape_try_tcache(&trial, shape);
		KT_TRY(kt_shape_try_arenas(&trial, shape, vaddr, &arenas, &vaddr));
	}
	if (tcache == KT_TRIAL_CONFIRMED || (is_sure && tcache == KT_TRIAL_SILENT))
		set_tcache(shape, ret);
	if (arenas == KT_TRIAL_CONFIRMED || (is_sure && arenas == KT_TRIAL_SILENT && vaddr))
		set_arenas(shape, vaddr, ret);
	return NULL;
}

/* Whether a measured shape can be that of a thread data with these facts. */
static bool is_candidate(const struct kt_shape *shape, const struct kt_tsd_facts *facts)
{
	const struct kt_size_row *row = kt_size_table_find(shape->size_bytes);

	return row && facts->has_offsets && row->allocated == facts->allocated &&
	       row->deallocated == facts->deallocated &&
	       (!facts->has_size || facts->size_bytes == shape->size_bytes);
}

struct kt_error *kt_internals_find(const struct kt_internals_request *request,
				   struct kt_internals *ret)
{
	struct kt_internals found = { 0 };
	struct kt_shape shape;

	if (request->debug && kt_elf_has_debug_info(request->debug) &&
	    kt_shape_from_debug(request->debug, &shape))
		KT_TRY(apply_shape(request, &shape, true, &found));
	/* Builds of one version differ in their arenas, so several shapes may have to be tried. */
	for (const struct kt_shape *row = kt_shapes; row->version; row++) {
		if (found.has_tcache && found.has_arenas)
			break;
		if (!request->memory || !is_candidate(row, request->facts))
			continue;
		KT_TRY(apply_shape(request, row, false, &found));
	}
	*ret = found;
	return NULL;
}

/* Adds the active pages of the arenas, whose addresses are in @arenas. */
static bool sum_pages(const struct kt_memory *memory, const struct kt_internals *internals,
		      const uint64_t *arenas, uint64_t *ret_pages, size_t *ret_count)
{
	uint64_t pages = 0;
	size_t count = 0;

	for (size_t i = 0; i < KT_ARENAS_MAX; i++) {
		uint64_t active;
		if (!arenas[i])
			continue;
		if (!kt_memory_read_u64(memory, arenas[i] + internals->nactive_offset, &active) ||
		    active >> PAGES_MAX_LG)
			return false;
		pages += active;
		count++;
	}
	*ret_pages = pages;
	*ret_count = count;
	return count > 0;
}

bool kt_internals_active_bytes(const struct kt_memory *memory, const struct kt_internals *internals,
			       uint64_t bias, uint64_t *ret_bytes, size_t *ret_arena_count)
{
	const size_t bytes = KT_ARENAS_MAX * WORD_BYTES;
	uint64_t pages;
	size_t count;

	if (!internals->has_arenas)
		return false;
	kt_autofree uint64_t *arenas = malloc(bytes);
	if (!arenas || !kt_memory_read(memory, bias + internals->arenas_vaddr, arenas, bytes) ||
	    !sum_pages(memory, internals, arenas, &pages, &count) ||
	    __builtin_mul_overflow(pages, internals->page_bytes, &pages))
		return false;
	*ret_bytes = pages;
	*ret_arena_count = count;
	return true;
}
