/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Asking the sources about one object, the cheapest first, until the trust rule holds.
 */
#ifndef KT_PROBE_RESOLVE_EXAMINE_H
#define KT_PROBE_RESOLVE_EXAMINE_H

#include "probe/resolve/candidate.h"

/* Where the sources are. */
struct kt_examination {
	const struct kt_memory *memory; /* borrowed */
	int proc_fd;			/* /proc/PID; -1 for a file that nobody runs */
	const uint64_t *tps;		/* thread pointers for the gate; borrowed */
	size_t tp_count;
};

/**
 * Examines the object of @candidate, which has its entry but nothing else yet, until it is proven
 * or ruled out, or nobody is left to ask.
 * Errors: no memory.
 */
struct kt_error *kt_examine(const struct kt_examination *examination,
			    struct kt_candidate *candidate) KT_MUST_CHECK;

#endif
