/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A fast 128-bit hash of a stream of bytes, to name content and to notice damage.
 * MurmurHash3 x64-128 with seed 0 (Austin Appleby, public domain, as specified by its
 * reference implementation on a little-endian machine).  It does not resist an adversary.
 */
#ifndef KT_BASE_HASH_H
#define KT_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define KT_HASH_BLOCK_BYTES 16
#define KT_HASH_TEXT_SIZE   33 /* 32 hex digits and a NUL */

/** The state between two pieces; start with all zeros. */
struct kt_hash {
	uint64_t h1;
	uint64_t h2;
	uint64_t total_bytes;
	unsigned char rest[KT_HASH_BLOCK_BYTES]; /* bytes of a block that is not full */
};

/** Takes in @len more bytes. */
void kt_hash_update(struct kt_hash *hash, const void *bytes, size_t len);

/**
 * Takes in the first @len bytes of the file @fd, whatever its offset; all, if it has fewer.
 * Errors: io.  Owner: borrows @fd.
 */
struct kt_error *kt_hash_update_file(struct kt_hash *hash, int fd, uint64_t len) KT_MUST_CHECK;

/** Writes the hash of all bytes so far as hex digits; @hash itself does not change. */
void kt_hash_text(const struct kt_hash *hash, char text[KT_HASH_TEXT_SIZE]);

#endif
