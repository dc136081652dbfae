/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The log of truth that a target with short-lived threads keeps in shared memory.
 *
 * Every thread that is ever born has an entry of its own, which is never used again.  It writes
 * down what its jemalloc counters are after each step it takes, and when the step began and
 * ended (CLOCK_MONOTONIC), so that whoever sampled the counters can say afterwards whether that
 * thread could have had them at that time.
 */
#ifndef KT_TESTS_PROBE_CHURN_LOG_H
#define KT_TESTS_PROBE_CHURN_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	CHURN_STEPS_MAX = 8,
	CHURN_MAKERS_MAX = 16,
	CHURN_ENTRIES_MAX = 2 * 1000 * 1000
};

struct churn_step {
	uint64_t begin_ns;
	uint64_t end_ns;
	uint64_t allocated;
	uint64_t deallocated;
};

struct churn_entry {
	uint64_t birth_ns; /* before the thread was made; 0: an unused entry */
	uint64_t end_ns;   /* after it was joined; 0 while it may live */
	pid_t tid;
	uint32_t step_count;
	struct churn_step steps[CHURN_STEPS_MAX];
};

struct churn_log {
	atomic_uint entry_count; /* that were given out */
	atomic_uint ready_count; /* residents that took all their steps */
	atomic_bool must_stop;	 /* no more births */
	pid_t makers[CHURN_MAKERS_MAX];
	struct churn_entry entries[CHURN_ENTRIES_MAX]; /* the file is sparse */
};

#endif
