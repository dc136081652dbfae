/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The last resort: stopping threads to learn their thread pointers.
 *
 * Threads are seized and interrupted in small windows, and each is let go as soon as it was read,
 * whichever stops first; every wait is bounded and ends early on the stop flag; a signal that
 * arrived instead of our stop is handed back on release; nobody is left stopped.
 */
#ifndef KT_PROBE_READ_PTRACE_H
#define KT_PROBE_READ_PTRACE_H

#include "probe/read/engine.h"

enum {
	KT_PTRACE_WINDOW = 64,
	KT_PTRACE_WAIT_MS = 250,   /* for the next stop in a window ... */
	KT_PTRACE_WINDOW_MS = 2000 /* ... and for all of them */
};

/* One thread to be read. */
struct kt_ptrace_job {
	struct kt_row *row;	  /* borrowed */
	struct kt_extras *extras; /* NULL, or for the thread's cache; borrowed */
	uint64_t head; /* of its robust list, or 0: whoever has one has its own thread pointer */
	uint64_t thread_pointer; /* result; 0 if it was not learned */
};

/* What is known of other threads. */
struct kt_known_tps {
	uint64_t *tps;
	size_t count;
	bool has_delta;
	uint64_t delta; /* from a thread pointer up to the robust list's head */
};

/**
 * Reads each job's row while its thread is stopped.
 * The stops are counted in @sweep; on the stop flag the rest stays pending.
 */
void kt_ptrace_read(const struct kt_read_config *config, struct kt_ptrace_job *jobs, size_t count,
		    struct kt_sweep *sweep);

/**
 * Makes skipped rows of those threads whose thread pointer is another's, in @known or among
 * @jobs, or that of a thread that ended: they would count its bytes.  The owner is who has a robust
 * list, or came first, and is named in the struct pthread there, where there is one (robust.h).
 * Jobs and pointers are left sorted by thread pointer.
 */
void kt_ptrace_skip_shared(const struct kt_read_config *config, struct kt_ptrace_job *jobs,
			   size_t count, struct kt_known_tps *known);

#endif
