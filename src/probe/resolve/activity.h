/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Whether threads use a jemalloc that was found: a process may have several, and only one of them
 * counts what the program allocates.
 */
#ifndef KT_PROBE_RESOLVE_ACTIVITY_H
#define KT_PROBE_RESOLVE_ACTIVITY_H

#include "probe/resolve/candidate.h"

/* What the threads make of a jemalloc. */
enum kt_activity {
	KT_ACTIVITY_NONE,	/* nobody has used it, as far as the threads tell */
	KT_ACTIVITY_COUNTED,	/* a thread has allocated or freed, and it was counted */
	KT_ACTIVITY_NOT_COUNTED /* threads have used it, but all counters are 0 */
};

/**
 * What the threads with the @count thread pointers @tps make of the proven @candidate.  Before 5.3, a
 * build without statistics does not count: its threads leave the initial state of tsd_s behind
 * (tsd_state_t, the first byte), but their counters stay 0.
 */
enum kt_activity kt_activity_of(const struct kt_candidate *candidate,
				const struct kt_memory *memory, const uint64_t *tps, size_t count);

#endif
