/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Memory that is freed all at once: the strings and arrays of a decoded document.
 * Nothing in an arena moves, so pointers into it last as long as the arena.
 * Zero-initialise it, or use KT_ARENA_INIT.
 */
#ifndef KT_BASE_ARENA_H
#define KT_BASE_ARENA_H

#include <stddef.h>

#include "base/error.h"

struct kt_arena_block;

struct kt_arena {
	struct kt_arena_block *blocks; /* newest first */
};

#define KT_ARENA_INIT ((struct kt_arena){ 0 })

/** Frees everything in @arena and makes it empty again. */
void kt_arena_deinit(struct kt_arena *arena);

/**
 * @count zeroed elements of @size bytes, aligned for any type; NULL when memory is out.
 * A count of 0 gives a pointer that is not NULL.  Owner: the arena frees it.
 */
void *kt_arena_alloc(struct kt_arena *arena, size_t count, size_t size);

/** A copy of the @len bytes and a NUL; NULL when memory is out.  Owner: the arena frees it. */
char *kt_arena_copy(struct kt_arena *arena, const char *bytes, size_t len);

/**
 * Formatted text; NULL when memory is out.  Owner: the arena frees it.
 */
char *kt_arena_printf(struct kt_arena *arena, const char *fmt, ...) KT_PRINTF(2, 3);

#define kt_autoarena __attribute__((cleanup(kt_arena_deinit)))

#endif
