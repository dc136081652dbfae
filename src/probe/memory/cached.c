/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/memory/cached.h"

#include <string.h>

/* The place of the block at @address, which is read if it is not there. */
static size_t take_block(const struct kt_cached_memory *cached, uint64_t address)
{
	struct kt_cached_blocks *blocks = cached->blocks;

	for (size_t i = 0; i < KT_CACHED_BLOCKS; i++)
		if (blocks->lengths[i] && blocks->addresses[i] == address)
			return i;
	size_t at = blocks->next;
	blocks->next = (at + 1) % KT_CACHED_BLOCKS;
	blocks->addresses[at] = address;
	blocks->lengths[at] = cached->below->read(cached->below, address, blocks->bytes[at],
						  KT_CACHED_BLOCK_BYTES);
	return at;
}

static size_t read_cached(const struct kt_memory *memory, uint64_t address, void *buffer,
			  size_t bytes)
{
	const struct kt_cached_memory *cached = memory->ctx;
	size_t done = 0;

	while (done < bytes && address <= UINT64_MAX - done) {
		uint64_t from = address + done;
		size_t skip = from % KT_CACHED_BLOCK_BYTES;
		size_t at = take_block(cached, from - skip);
		size_t length = cached->blocks->lengths[at];
		if (length <= skip)
			break;
		size_t part = length - skip < bytes - done ? length - skip : bytes - done;
		memcpy((char *)buffer + done, cached->blocks->bytes[at] + skip, part);
		done += part;
		if (length < KT_CACHED_BLOCK_BYTES)
			break;
	}
	return done;
}

struct kt_memory kt_memory_cached(const struct kt_cached_memory *cached)
{
	memset(cached->blocks->lengths, 0, sizeof(cached->blocks->lengths));
	cached->blocks->next = 0;
	return (struct kt_memory){
		.read = read_cached,
		.pid = cached->below->pid,
		.ctx = cached,
	};
}
