/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * How many bytes a thread's cache holds back: the bins of jemalloc's tcache.
 *
 * The bins (cache_bin_s) lie in tsd_s beside the counters.  Each is a stack of pointers that grows
 * downwards: (uint16_t)(low_bits_empty - (uint16_t)stack_head) bytes of them are in use
 * (cache_bin_ncached_get_internal() of jemalloc 5.3), each for one object of the bin's size class.
 */
#ifndef KT_PROBE_READ_TCACHE_H
#define KT_PROBE_READ_TCACHE_H

#include "probe/read/engine.h"

enum {
	KT_TCACHE_BYTES_MAX = 16 * 1024 /* of all bins; more is refused */
};

/** How many bytes all bins take in tsd_s; 0 when @internals does not describe any (or is NULL). */
uint32_t kt_tcache_span_bytes(const struct kt_internals *internals);

/** Where the first bin of the thread is whose allocated counter is at @counter_address. */
uint64_t kt_tcache_address(const struct kt_read_config *config, uint64_t counter_address);

/**
 * Counts the bytes parked in the @kt_tcache_span_bytes() bytes at @bins.  False, and @ret
 * untouched, if a bin holds what no bin can.
 */
bool kt_tcache_count(const struct kt_internals *internals, const char *bins, uint64_t *ret_bytes);

/**
 * Reads the cache of the thread whose allocated counter is at @counter_address into @extras;
 * unknown stays unknown.  The thread must not end meanwhile (it is stopped).
 */
void kt_tcache_read(const struct kt_read_config *config, uint64_t counter_address,
		    struct kt_extras *extras);

#endif
