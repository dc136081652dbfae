/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The initial image of jemalloc's thread data (TSD_INITIALIZER), since 5.3.
 *
 * It has the 24 empty entries of the address cache, each the two words {1, 0} (RTREE_CTX
 * INITIALIZER: leafkey 1 = RTREE_LEAFKEY_INVALID), then the state byte in a word of its own
 * (tsd_state_uninitialized: 6 in 5.3, 5 later), then the counters, all 0: thread_allocated,
 * thread_allocated_next_event_fast, thread_deallocated, thread_deallocated_next_event_fast.
 * Found like this, the counters' place in the TLS block is known without a symbol.
 */
#ifndef KT_PROBE_RESOLVE_TLS_IMAGE_H
#define KT_PROBE_RESOLVE_TLS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_tls_image {
	uint64_t allocated_at;	 /* of the counters, within the TLS block, in bytes */
	uint64_t deallocated_at; /* */
};

/**
 * Looks for the shape in the @bytes bytes of a TLS image (the file's part) whose block is
 * @memsz bytes long.  False if it is not there, or there more than once.
 */
bool kt_tls_image_find(const unsigned char *image, size_t bytes, uint64_t memsz,
		       struct kt_tls_image *ret);

#endif
