/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/tls_image.h"

#include <string.h>

enum {
	WORD_BYTES = 8,
	PAIR_BYTES = 2 * WORD_BYTES,
	PAIR_COUNT = 24,		 /* RTREE_CTX_NCACHE 16 + RTREE_CTX_NCACHE_L2 8 */
	COUNTERS_BYTES = 4 * WORD_BYTES, /* each counter and its next_event_fast */
	STATE_MIN = 5,			 /* tsd_state_uninitialized */
	STATE_MAX = 6,
};

static uint64_t word_at(const unsigned char *image, size_t at)
{
	uint64_t word;

	memcpy(&word, image + at, sizeof(word));
	return word;
}

static bool is_pair(const unsigned char *image, size_t bytes, size_t at)
{
	return bytes - at >= PAIR_BYTES && word_at(image, at) == 1 &&
	       word_at(image, at + WORD_BYTES) == 0;
}

/* The bytes from @at on are zero; what lies behind the file's part is. */
static bool are_zero(const unsigned char *image, size_t bytes, size_t at, size_t count)
{
	for (size_t i = at; i < at + count && i < bytes; i++)
		if (image[i])
			return false;
	return true;
}

/* Whether state and counters follow the pairs that end at @at. */
static bool is_fast_part(const unsigned char *image, size_t bytes, uint64_t memsz, size_t at)
{
	const size_t counters = at + WORD_BYTES;

	if (bytes - at < WORD_BYTES || memsz < counters || memsz - counters < COUNTERS_BYTES)
		return false;
	uint64_t state = word_at(image, at);
	return state >= STATE_MIN && state <= STATE_MAX &&
	       are_zero(image, bytes, counters, COUNTERS_BYTES);
}

bool kt_tls_image_find(const unsigned char *image, size_t bytes, uint64_t memsz,
		       struct kt_tls_image *ret)
{
	size_t found_count = 0;
	size_t counters = 0;
	size_t at = 0;

	while (bytes - at >= PAIR_BYTES) {
		size_t end = at;
		while (is_pair(image, bytes, end))
			end += PAIR_BYTES;
		if (end - at == PAIR_COUNT * PAIR_BYTES && is_fast_part(image, bytes, memsz, end)) {
			counters = end + WORD_BYTES;
			found_count++;
		}
		/* A run is looked at once, as a whole. */
		at = end > at ? end : at + WORD_BYTES;
	}
	if (found_count != 1)
		return false;
	*ret = (struct kt_tls_image){
		.allocated_at = counters,
		.deallocated_at = counters + 2 * WORD_BYTES,
	};
	return true;
}
