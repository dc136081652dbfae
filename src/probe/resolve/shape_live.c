/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/cleanup.h"
#include "probe/resolve/shape.h"

enum {
	WORD_BYTES = 8,
	CHUNK_BYTES = 128 * 1024,
	ARRAY_BYTES = KT_ARENAS_MAX * WORD_BYTES,
	SEGMENT_BYTES_MAX = 16 << 20, /* of writable memory are searched */
	ACTIVE_PAGES_MAX_LG = 40,
};

/* Where the bytes that a shape speaks of are in the target; 0 for a thread without. */
static uint64_t tsd_address(const struct kt_shape_trial *trial, size_t index)
{
	uint64_t address;

	return kt_tls_place_address(trial->tsd, trial->memory, trial->thread_pointers[index],
				    &address) == KT_TLS_FOUND
		       ? address
		       : 0;
}

enum kt_trial_verdict kt_shape_try_tcache(const struct kt_shape_trial *trial,
					  const struct kt_shape *shape)
{
	enum kt_trial_verdict verdict = KT_TRIAL_SILENT;

	for (size_t i = 0; i < trial->thread_pointer_count; i++) {
		uint64_t tsd = tsd_address(trial, i);
		uint64_t pointer;
		if (!tsd ||
		    !kt_memory_read_u64(trial->memory, tsd + shape->bins - WORD_BYTES, &pointer))
			continue;
		/* A thread without a cache has no pointer. */
		if (pointer && pointer != tsd + shape->tcache_slow)
			return KT_TRIAL_DENIED;
		if (pointer)
			verdict = KT_TRIAL_CONFIRMED;
	}
	return verdict;
}

/* Whether @address is in a segment of the object that is writable, with all of @bytes. */
static bool is_data(const struct kt_module *module, uint64_t address, uint64_t bytes)
{
	for (size_t i = 0; i < module->segment_count; i++) {
		const Elf64_Phdr *segment = &module->segments[i];
		uint64_t at = address - (module->bias + segment->p_vaddr);
		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) &&
		    at < segment->p_memsz && bytes <= segment->p_memsz - at)
			return true;
	}
	return false;
}

/* An arena that a thread uses, or that the array names, must look like one; its index. */
static bool read_arena(const struct kt_shape_trial *trial, const struct kt_shape *shape,
		       uint64_t arena, uint32_t *ret_index)
{
	uint64_t central;
	uint64_t nactive;

	return arena % WORD_BYTES == 0 &&
	       kt_memory_read_u64(trial->memory, arena + shape->central, &central) &&
	       kt_memory_read_u64(trial->memory, arena + shape->nactive, &nactive) &&
	       kt_memory_read(trial->memory, arena + shape->arena_index, ret_index,
			      sizeof(*ret_index)) &&
	       is_data(trial->module, central, WORD_BYTES) && !(nactive >> ACTIVE_PAGES_MAX_LG) &&
	       *ret_index < KT_ARENAS_MAX;
}

/*
 * Whether the array of arenas is at @address: each arena in it stands at its own index, which
 * no other words do.
 */
static bool is_array(const struct kt_shape_trial *trial, const struct kt_shape *shape,
		     uint64_t address, uint64_t *words)
{
	size_t count = 0;

	if (!is_data(trial->module, address, ARRAY_BYTES) ||
	    !kt_memory_read(trial->memory, address, words, ARRAY_BYTES))
		return false;
	for (uint32_t i = 0; i < KT_ARENAS_MAX; i++) {
		uint32_t index;
		if (!words[i])
			continue;
		if (!read_arena(trial, shape, words[i], &index) || index != i)
			return false;
		count++;
	}
	return count > 0;
}

struct arena_search {
	const struct kt_shape_trial *trial;
	const struct kt_shape *shape;
	uint64_t arena; /* one that a thread uses */
	uint32_t index;
	uint64_t *chunk; /* CHUNK_BYTES */
	uint64_t *words; /* ARRAY_BYTES */
	size_t found_count;
	uint64_t address;
};

/* Looks for pointers to the known arena in @bytes bytes of the chunk, which are from @at. */
static void search_chunk(struct arena_search *search, uint64_t at, size_t bytes)
{
	for (size_t i = 0; i < bytes / WORD_BYTES; i++) {
		uint64_t address = at + (i - (uint64_t)search->index) * WORD_BYTES;
		if (search->chunk[i] != search->arena ||
		    !is_array(search->trial, search->shape, address, search->words))
			continue;
		search->found_count++;
		search->address = address;
	}
}

static void search_segment(struct arena_search *search, const Elf64_Phdr *segment)
{
	uint64_t start = search->trial->module->bias + segment->p_vaddr;
	uint64_t skip = -start % WORD_BYTES;
	uint64_t end = segment->p_memsz < SEGMENT_BYTES_MAX ? segment->p_memsz : SEGMENT_BYTES_MAX;

	for (uint64_t at = skip; at + WORD_BYTES <= end; at += CHUNK_BYTES) {
		size_t want = end - at < CHUNK_BYTES ? (size_t)(end - at) : CHUNK_BYTES;
		size_t got = search->trial->memory->read(search->trial->memory, start + at,
							 search->chunk, want);
		search_chunk(search, start + at, got);
		if (got < want)
			return;
	}
}

static void search_array(struct arena_search *search)
{
	const struct kt_module *module = search->trial->module;

	for (size_t i = 0; i < module->segment_count; i++) {
		const Elf64_Phdr *segment = &module->segments[i];
		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W))
			search_segment(search, segment);
	}
}

/* The first arena that a thread uses; all threads' must look like arenas. */
static enum kt_trial_verdict try_threads(struct arena_search *search)
{
	const struct kt_shape_trial *trial = search->trial;
	enum kt_trial_verdict verdict = KT_TRIAL_SILENT;

	for (size_t i = 0; i < trial->thread_pointer_count; i++) {
		uint64_t tsd = tsd_address(trial, i);
		uint64_t arena;
		uint32_t index;
		if (!tsd ||
		    !kt_memory_read_u64(trial->memory, tsd + search->shape->arena, &arena) ||
		    !arena)
			continue;
		if (!read_arena(trial, search->shape, arena, &index))
			return KT_TRIAL_DENIED;
		verdict = KT_TRIAL_CONFIRMED;
		search->arena = arena;
		search->index = index;
	}
	return verdict;
}

struct kt_error *kt_shape_try_arenas(const struct kt_shape_trial *trial,
				     const struct kt_shape *shape, uint64_t known_vaddr,
				     enum kt_trial_verdict *ret_verdict, uint64_t *ret_vaddr)
{
	kt_autofree uint64_t *chunk = malloc(CHUNK_BYTES);
	kt_autofree uint64_t *words = malloc(ARRAY_BYTES);
	struct arena_search search = {
		.trial = trial,
		.shape = shape,
		.chunk = chunk,
		.words = words,
	};

	if (!chunk || !words)
		return kt_error_no_memory();
	*ret_verdict = try_threads(&search);
	if (*ret_verdict != KT_TRIAL_CONFIRMED)
		return NULL;
	if (known_vaddr) {
		search.address = trial->module->bias + known_vaddr;
		search.found_count = is_array(trial, shape, search.address, words);
	} else {
		search_array(&search);
	}
	if (search.found_count == 1)
		*ret_vaddr = search.address - trial->module->bias;
	else
		*ret_verdict = KT_TRIAL_DENIED;
	return NULL;
}
