/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The shape of jemalloc's thread data and arenas, since 5.3, as far as the extras need it.
 *
 * One comes from debug information or from the table; live threads confirm it by words that only
 * fit if it is right: a tcache points at the tcache_slow of its own tsd_s; an arena knows its
 * own index, and the array of arenas has it there.
 */
#ifndef KT_PROBE_RESOLVE_SHAPE_H
#define KT_PROBE_RESOLVE_SHAPE_H

#include "probe/memory/tls_place.h"
#include "probe/resolve/elf_file.h"
#include "probe/resolve/module.h"

/* Offsets in bytes; those of members of tsd_s from its start, of arena_s from its start. */
struct kt_shape {
	const char *version; /* of jemalloc */
	const char *options; /* of configure */
	uint32_t size_bytes; /* sizeof(tsd_s) */
	uint32_t arena;	     /* the pointer to the thread's arena, in tsd_s */
	uint32_t tcache_slow;
	uint32_t bins; /* of the tcache in tsd_s; the pointer to tcache_slow stands before them */
	uint32_t bin_stride_bytes;
	uint32_t bin_count;
	uint32_t stack_head; /* in cache_bin_s */
	uint32_t low_bits_empty;
	uint32_t central; /* the pointer to the pa_central_s, in arena_s */
	uint32_t nactive;
	uint32_t arena_index; /* in arena_s: its own, 32 bits */
	uint32_t lg_quantum;
	uint32_t lg_page;
};

/* The measured shapes, ended by one without a version (generated: internals_table.inc). */
extern const struct kt_shape kt_shapes[];

/** The shape in the debug information of @file; false if part of it is missing or absurd. */
bool kt_shape_from_debug(const struct kt_elf *file, struct kt_shape *ret);

/* A running process to try shapes on. */
struct kt_shape_trial {
	const struct kt_module *module;
	const struct kt_memory *memory;
	const struct kt_tls_place *tsd; /* of the start of tsd_s */
	const uint64_t *thread_pointers;
	size_t thread_pointer_count;
};

enum kt_trial_verdict {
	KT_TRIAL_SILENT,    /* nobody tells */
	KT_TRIAL_CONFIRMED, /* somebody confirms, and nobody denies */
	KT_TRIAL_DENIED,
};

/** Whether the threads' tcaches are where @shape says. */
enum kt_trial_verdict kt_shape_try_tcache(const struct kt_shape_trial *trial,
					  const struct kt_shape *shape);

enum {
	KT_ARENAS_MAX = 4095 /* MALLOCX_ARENA_LIMIT */
};

/**
 * Finds the array of arenas, by the arenas that the threads use, as its address in the file.  If
 * @known_vaddr is not 0, it is looked for there only.  CONFIRMED: it is in @ret_vaddr.
 * Errors: no memory.
 */
struct kt_error *kt_shape_try_arenas(const struct kt_shape_trial *trial,
				     const struct kt_shape *shape, uint64_t known_vaddr,
				     enum kt_trial_verdict *ret_verdict,
				     uint64_t *ret_vaddr) KT_MUST_CHECK;

#endif
