/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Ending a run early: SIGINT, SIGTERM and the run's own deadline set one flag, which the
 * run looks at before each step and at least every 10 ms.  The handlers do nothing else.
 */
#ifndef KT_PROBE_STOP_H
#define KT_PROBE_STOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	KT_STOP_DRAIN_MS = 1000 /* for a reader to take what is left after a stop */
};

enum kt_stop_reason {
	KT_STOP_NONE,
	KT_STOP_SIGNAL,
	KT_STOP_DEADLINE,
};

/** Sets up the signals of the process: SIGPIPE kills again, SIGINT, SIGTERM and SIGALRM stop. */
void kt_stop_install(void);

/** Starts the deadline, @ms milliseconds from now. */
void kt_stop_deadline_start(uint64_t ms);

/** Ends the deadline. */
void kt_stop_deadline_end(void);

/** The flag: an enum kt_stop_reason that a signal may change.  Owner: borrowed, static. */
const volatile sig_atomic_t *kt_stop_flag(void);

/** Forgets the reason, so that work after an interrupted run can be stopped anew. */
void kt_stop_clear(void);

/**
 * Waits until CLOCK_MONOTONIC reaches @end_ns, the flag is set, the process behind
 * @pidfd ends, or the reader of @out_fd is gone (-1 for none).  True if the time was reached.
 */
bool kt_stop_wait_until(uint64_t end_ns, int pidfd, int out_fd);

/**
 * Waits until @fd can be written to without blocking, or its reader is gone.  Once the flag is
 * set it waits for KT_STOP_DRAIN_MS at most; false if the time is over.
 */
bool kt_stop_wait_writable(int fd);

#endif
