/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Debug files kept apart from the program: where they may be, and whether a file found
 * there belongs to the program.
 *
 * The places are those of gdb ("Debugging Information in Separate Files").  A candidate
 * must have the program's build-id, where it has one at all, and the checksum of the
 * program's .gnu_debuglink, where that exists.
 */
#ifndef KT_PROBE_RESOLVE_DEBUG_FILE_H
#define KT_PROBE_RESOLVE_DEBUG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/resolve/elf_file.h"

enum {
	KT_DEBUG_CANDIDATES_MAX = 4
};

struct kt_debug_candidates {
	char *paths[KT_DEBUG_CANDIDATES_MAX]; /* in the order they are tried */
	size_t count;
};

/* What a debug file of a program must match. */
struct kt_debug_identity {
	const char *build_id;		      /* lower-case hex; NULL for none */
	const struct kt_debuglink *debuglink; /* NULL for none */
};

/**
 * Lists where the debug file of the program at @target (its path) may be, given its
 * build-id in hex and the name in its .gnu_debuglink; either may be NULL.
 * Errors: no memory.  Owner: the caller calls kt_debug_candidates_deinit().
 */
struct kt_error *kt_debug_candidates_list(const char *target, const char *build_id,
					  const char *link_name,
					  struct kt_debug_candidates *ret) KT_MUST_CHECK;

/** Frees the paths. */
void kt_debug_candidates_deinit(struct kt_debug_candidates *candidates);

/**
 * Whether the ELF file open in @candidate belongs to the program.
 * Errors: probe (build-id or checksum differs), io, no memory.  @name is for error texts.
 */
struct kt_error *kt_debug_file_verify(const struct kt_elf *candidate, const char *name,
				      const struct kt_debug_identity *identity) KT_MUST_CHECK;

/**
 * The CRC-32 of the file at @fd as .gnu_debuglink has it (reflected polynomial 0xedb88320).
 * Errors: io, no memory.  @name is for error texts.
 */
struct kt_error *kt_debug_file_crc(int fd, const char *name, uint32_t *ret) KT_MUST_CHECK;

#endif
