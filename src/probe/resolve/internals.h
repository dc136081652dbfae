/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Finding out where jemalloc keeps what the extras need (memory/internals.h).
 *
 * The shapes come from debug information, or from a table of measured ones (5.3.0; generated
 * by build-aux/jemalloc-table).  A table is a guess about a build: it is believed only after
 * live threads have shown, in words that point at each other, that the shape is theirs.
 * Size classes follow jemalloc's formula (sz.h: groups of four per doubling above a linear
 * start).  Whatever is not sure is not set.
 */
#ifndef KT_PROBE_RESOLVE_INTERNALS_H
#define KT_PROBE_RESOLVE_INTERNALS_H

#include "base/error.h"
#include "probe/memory/internals.h"
#include "probe/memory/tls_place.h"
#include "probe/resolve/elf_file.h"
#include "probe/resolve/evidence.h"
#include "probe/resolve/module.h"

struct kt_internals_request {
	const struct kt_tsd_facts *facts;
	const struct kt_elf *debug;   /* a file with the object's DWARF, or NULL */
	const struct kt_elf *symbols; /* a file with the object's symbol table, or NULL */
	/* Of a running process; all of them or none (for a file alone). */
	const struct kt_module *module;
	const struct kt_memory *memory;
	const struct kt_tls_place *tsd; /* of the start of tsd_s; span_bytes is not used */
	const uint64_t *thread_pointers;
	size_t thread_pointer_count;
};

/**
 * Fills in what can be known; the rest of @ret is zero.  Everything in @request is borrowed.
 * Errors: no memory.
 */
struct kt_error *kt_internals_find(const struct kt_internals_request *request,
				   struct kt_internals *ret) KT_MUST_CHECK;

/**
 * The bytes that all arenas of the process hold in active pages ("stats.active" of
 * mallctl), and the number of arenas.  @bias is that of the object.
 * False, and nothing set, if that is not known or cannot be read.
 */
bool kt_internals_active_bytes(const struct kt_memory *memory, const struct kt_internals *internals,
			       uint64_t bias, uint64_t *ret_bytes, size_t *ret_arena_count);

#endif
