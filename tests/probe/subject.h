/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A target together with what an engine is told of it, for tests that run engines themselves.
 */
#ifndef KT_TESTS_PROBE_SUBJECT_H
#define KT_TESTS_PROBE_SUBJECT_H

#include "probe/read/engine.h"
#include "tests/probe/harness.h"

struct subject {
	struct target target;
	int task_fd;
	volatile sig_atomic_t stop;
	struct kt_read_config config; /* to be changed before an engine is created */
};

/** Starts the test's target with @threads threads in @mode; the caller calls subject_stop(). */
void subject_start(struct subject *subject, size_t threads, const char *mode);

/** Ends the target. */
void subject_stop(struct subject *subject);

/** The truth of thread @tid, or NULL. */
const struct truth *subject_truth(const struct subject *subject, pid_t tid);

/** Fails unless the rows are the target's threads, all of them, exact to the byte. */
void expect_truth(const struct subject *subject, const struct kt_sweep *sweep);

/** One sweep by a new engine; the caller calls kt_sweep_deinit(). */
void sweep_once(const struct kt_read_engine *engine, const struct subject *subject,
		struct kt_sweep *sweep);

/** Fails unless both have the same rows, to the byte. */
void expect_same_rows(const struct kt_sweep *left, const struct kt_sweep *right);

#endif
