/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/hash.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const uint64_t c1 = 0x87c37b91114253d5;
static const uint64_t c2 = 0x4cf5ad432745937f;

static uint64_t rotate(uint64_t value, unsigned int bits)
{
	return value << bits | value >> (64 - bits);
}

static uint64_t mix_low(uint64_t k)
{
	return rotate(k * c1, 31) * c2;
}

static uint64_t mix_high(uint64_t k)
{
	return rotate(k * c2, 33) * c1;
}

static uint64_t finish_mix(uint64_t k)
{
	k = (k ^ k >> 33) * 0xff51afd7ed558ccd;
	k = (k ^ k >> 33) * 0xc4ceb9fe1a85ec53;
	return k ^ k >> 33;
}

static void add_block(struct kt_hash *hash, const unsigned char *block)
{
	uint64_t low, high;

	memcpy(&low, block, sizeof(low));
	memcpy(&high, block + sizeof(low), sizeof(high));
	hash->h1 ^= mix_low(low);
	hash->h1 = (rotate(hash->h1, 27) + hash->h2) * 5 + 0x52dce729;
	hash->h2 ^= mix_high(high);
	hash->h2 = (rotate(hash->h2, 31) + hash->h1) * 5 + 0x38495ab5;
}

void kt_hash_update(struct kt_hash *hash, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	size_t held = hash->total_bytes % KT_HASH_BLOCK_BYTES;

	hash->total_bytes += len;
	if (held) {
		size_t take = KT_HASH_BLOCK_BYTES - held;
		if (take > len)
			take = len;
		memcpy(hash->rest + held, at, take);
		at += take;
		len -= take;
		if (held + take < KT_HASH_BLOCK_BYTES)
			return;
		add_block(hash, hash->rest);
	}
	for (; len >= KT_HASH_BLOCK_BYTES; at += KT_HASH_BLOCK_BYTES, len -= KT_HASH_BLOCK_BYTES)
		add_block(hash, at);
	if (len)
		memcpy(hash->rest, at, len);
}

struct kt_error *kt_hash_update_file(struct kt_hash *hash, int fd, uint64_t len)
{
	char bytes[64 * 1024];
	uint64_t done = 0;

	while (done < len) {
		size_t want = len - done < sizeof(bytes) ? (size_t)(len - done) : sizeof(bytes);
		ssize_t got = pread(fd, bytes, want, (off_t)done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return kt_error_create(KT_ERROR_IO, errno, "read");
		if (!got)
			break;
		kt_hash_update(hash, bytes, (size_t)got);
		done += (uint64_t)got;
	}
	return NULL;
}

void kt_hash_text(const struct kt_hash *hash, char text[KT_HASH_TEXT_SIZE])
{
	size_t held = hash->total_bytes % KT_HASH_BLOCK_BYTES;
	unsigned char last[KT_HASH_BLOCK_BYTES] = { 0 };
	uint64_t low, high, h1 = hash->h1, h2 = hash->h2;

	memcpy(last, hash->rest, held);
	memcpy(&low, last, sizeof(low));
	memcpy(&high, last + sizeof(low), sizeof(high));
	h1 ^= mix_low(low) ^ hash->total_bytes;
	h2 ^= mix_high(high) ^ hash->total_bytes;
	h1 += h2;
	h2 += h1;
	h1 = finish_mix(h1);
	h2 = finish_mix(h2);
	h1 += h2;
	h2 += h1;
	(void)snprintf(text, KT_HASH_TEXT_SIZE, "%016" PRIx64 "%016" PRIx64, h1, h2);
}
