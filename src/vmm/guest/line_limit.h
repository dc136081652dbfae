/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * How many lines of a guest's console become events: a burst, then so many a second, and never more than
 * so many in all.  A kernel that boots, or that prints what it was doing on every CPU, stays far below; a
 * guest that floods its console is cut, and the lines left out are counted.
 *
 * Pure: it is told the time.
 */
#ifndef KT_VMM_GUEST_LINE_LIMIT_H
#define KT_VMM_GUEST_LINE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define KT_LINE_BURST	   2000
#define KT_LINE_PER_SECOND 100
#define KT_LINE_TOTAL	   10000

struct kt_line_limit {
	uint64_t left; /* of the burst */
	uint64_t taken_count;
	uint64_t dropped_count;
	uint64_t refilled_ns; /* up to this time `left` was added to */
};

/** Starts with a whole burst at @now_ns of CLOCK_MONOTONIC. */
void kt_line_limit_init(struct kt_line_limit *limit, uint64_t now_ns);

/** Whether a line at @now_ns is to be told; counts it either way. */
bool kt_line_limit_take(struct kt_line_limit *limit, uint64_t now_ns);

#endif
