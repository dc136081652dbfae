/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The last bytes of a stream: a console, a child's stderr.  Bounded, so a flood
 * costs nothing but the oldest text.
 */
#ifndef KT_BASE_TAIL_H
#define KT_BASE_TAIL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct kt_tail {
	struct kt_buf bytes;  /* at most twice max_bytes before it is cut */
	size_t max_bytes;     /* how much is kept */
	uint64_t total_bytes; /* how much went through */
};

/** Starts an empty tail that keeps @max_bytes (at least 1). */
void kt_tail_init(struct kt_tail *tail, size_t max_bytes);

/** Frees the bytes kept. */
void kt_tail_deinit(struct kt_tail *tail);

/** Adds @len bytes at the end. */
void kt_tail_append(struct kt_tail *tail, const char *bytes, size_t len);

/** The bytes kept, at most max_bytes; @ret_len tells how many.  Owner: borrowed from @tail. */
const char *kt_tail_bytes(const struct kt_tail *tail, size_t *ret_len);

#endif
