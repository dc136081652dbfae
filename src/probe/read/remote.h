/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Reading the counters of one thread whose counters' address is known.
 */
#ifndef KT_PROBE_READ_REMOTE_H
#define KT_PROBE_READ_REMOTE_H

#include "probe/read/engine.h"

/** Takes the counters from the @span_bytes bytes at @span into @row and marks it good. */
void kt_remote_take(struct kt_row *row, const char *span, uint32_t span_bytes);

/**
 * Computes the address for thread pointer @tp; false if there is none (@row says why).
 */
bool kt_remote_address(const struct kt_read_config *config, uint64_t tp, struct kt_row *row,
		       uint64_t *ret);

/**
 * Reads the counters of one thread with thread pointer @tp into @row, good or failed, and its cache
 * into @extras, if that is wanted and not NULL.  The thread must not end meanwhile.
 */
void kt_remote_read(const struct kt_read_config *config, uint64_t tp, struct kt_row *row,
		    struct kt_extras *extras);

#endif
