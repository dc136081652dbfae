/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Small things share a block of this size; larger ones get a block of their own. */
#define BLOCK_BYTES 4096

struct kt_arena_block {
	struct kt_arena_block *next;
	size_t used;
	size_t cap;
	_Alignas(max_align_t) char data[];
};

void kt_arena_deinit(struct kt_arena *arena)
{
	while (arena->blocks) {
		struct kt_arena_block *block = arena->blocks;

		arena->blocks = block->next;
		free(block);
	}
}

static struct kt_arena_block *block_with_room(struct kt_arena *arena, size_t bytes)
{
	struct kt_arena_block *newest = arena->blocks;

	if (newest && newest->cap - newest->used >= bytes)
		return newest;

	size_t cap = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
	struct kt_arena_block *block = calloc(1, sizeof(*block) + cap);
	if (!block)
		return NULL;
	block->cap = cap;
	/* A large block is full at once: keep filling the one before it. */
	if (newest && bytes > BLOCK_BYTES) {
		block->next = newest->next;
		newest->next = block;
	} else {
		block->next = newest;
		arena->blocks = block;
	}
	return block;
}

void *kt_arena_alloc(struct kt_arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);

	struct kt_arena_block *block = block_with_room(arena, bytes);
	if (!block)
		return NULL;
	void *memory = block->data + block->used;
	block->used += bytes;
	return memory;
}

char *kt_arena_copy(struct kt_arena *arena, const char *bytes, size_t len)
{
	char *copy = kt_arena_alloc(arena, len + 1, 1);

	if (copy && len)
		memcpy(copy, bytes, len);
	return copy;
}

char *kt_arena_printf(struct kt_arena *arena, const char *fmt, ...)
{
	va_list args;
	va_list again;

	va_start(args, fmt);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, fmt, args);
	char *text = len < 0 ? NULL : kt_arena_alloc(arena, (size_t)len + 1, 1);
	if (text)
		(void)vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	va_end(args);
	return text;
}
