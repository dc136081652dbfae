/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The last resort: stopping threads to learn their thread pointers.
 *
 * Threads are seized and interrupted in small windows, so that each is stopped only for
 * its own read; every wait is bounded and ends early on the stop flag; a signal that
 * arrived instead of our stop is handed back on release; nobody is left stopped.
 */
#ifndef KT_PROBE_READ_PTRACE_H
#define KT_PROBE_READ_PTRACE_H

#include "probe/read/engine.h"

enum {
	KT_PTRACE_WINDOW = 16,
	KT_PTRACE_WAIT_MS = 250 /* for all stops of one window */
};

/* One thread to be read. */
struct kt_ptrace_job {
	struct kt_row *row;	 /* borrowed */
	uint64_t thread_pointer; /* result; 0 if it was not learned */
};

/* Thread pointers that belong to other threads. */
struct kt_known_tps {
	uint64_t *tps;
	size_t count;
};

/**
 * Reads each job's row while its thread is stopped.  A thread whose pointer is among @known
 * becomes a skipped row: it would count its creator's bytes twice.
 * The stops are counted in @sweep; on the stop flag the rest stays pending.
 */
void kt_ptrace_read(const struct kt_read_config *config, struct kt_ptrace_job *jobs, size_t count,
		    const struct kt_known_tps *known, struct kt_sweep *sweep);

#endif
