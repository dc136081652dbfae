/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Numbers about structures, asked of debug information: offsets and sizes by name.
 *
 * Like dwarf.h, only the top level of units is looked at: first the units that are named, then
 * all others.  The first definition of a structure decides.
 */
#ifndef KT_PROBE_RESOLVE_DWARF_QUERY_H
#define KT_PROBE_RESOLVE_DWARF_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/resolve/elf_file.h"

enum kt_dwarf_number {
	KT_DWARF_OFFSET,	  /* of the member within the structure, in bytes */
	KT_DWARF_MEMBER_BYTES,	  /* size of the member */
	KT_DWARF_STRUCTURE_BYTES, /* size of the structure; member is NULL */
};

struct kt_dwarf_query {
	const char *structure;
	const char *member; /* jemalloc's prefixes of tsd_s left out */
	enum kt_dwarf_number number;
	bool is_found;
	uint64_t value;
};

enum {
	KT_DWARF_QUERIES_MAX = 32
};

/**
 * Answers the @count queries (at most KT_DWARF_QUERIES_MAX), as far as @file's debug information can.  @units are the ends of
 * the names of the units to be looked at first, ended by NULL.  Damaged debug information
 * answers nothing.
 */
void kt_dwarf_query(const struct kt_elf *file, const char *const *units,
		    struct kt_dwarf_query *queries, size_t count);

#endif
