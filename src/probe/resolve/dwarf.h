/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Offsets of the two counters within jemalloc's struct tsd_s, from DWARF.
 *
 * The structure is always a direct child of its unit, so no tree is walked: first the
 * unit that is called *tsd.c, then the top level of all others (link-time optimised
 * programs have no unit of that name), and reading stops when both members are found.
 */
#ifndef KT_PROBE_RESOLVE_DWARF_H
#define KT_PROBE_RESOLVE_DWARF_H

#include <stdint.h>

#include "probe/resolve/elf_file.h"

struct kt_counter_offsets {
	uint64_t allocated;   /* bytes from the start of tsd_s */
	uint64_t deallocated; /* likewise; always larger */
	const char *found_by; /* "cu-name" or "top-level" */
};

/**
 * Checks that two offsets can be those of the counters: allocated before deallocated,
 * both multiples of 8, at most KT_COUNTER_SPAN_MAX_BYTES from the first byte to the last.
 * Errors: probe ("unexpected layout").
 */
struct kt_error *kt_counter_offsets_check(uint64_t allocated, uint64_t deallocated) KT_MUST_CHECK;

enum {
	KT_COUNTER_SPAN_MAX_BYTES = 512
};

/**
 * Finds both offsets in the debug information of @file, compressed or not.  libdw reads it
 * in a process of its own (confined.h).
 * Errors: probe (no usable debug information, structure or member missing, offset in an
 * unsupported form, unexpected layout).  @name is for error texts.
 */
struct kt_error *kt_dwarf_counter_offsets(const struct kt_elf *file, const char *name,
					  struct kt_counter_offsets *ret) KT_MUST_CHECK;

/**
 * The same in this very process, for files that are trusted, and for fuzzing.
 * Errors: as above.
 */
struct kt_error *kt_dwarf_read_offsets(const struct kt_elf *file, const char *name,
				       struct kt_counter_offsets *ret) KT_MUST_CHECK;

#endif
