/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Runs the real ktstr-top for a test: arguments, environment, its output, signals at
 * chosen moments, its end, and whether anything it started is still there.
 *
 * Every process it starts inherits a mark in its environment; what carries the mark
 * after the end was left behind.
 */
#ifndef KT_TESTS_SYSTEM_TOP_RUN_H
#define KT_TESTS_SYSTEM_TOP_RUN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

struct top_run {
	pid_t pid;
	int out_fd;
	int err_fd;
	struct kt_buf out;
	struct kt_buf err;
	char mark[64]; /* "KTSTR_TEST_MARK=..." */
};

#define TOP_RUN_MAX_ARGUMENTS 64

struct top_run_options {
	const char *arguments[TOP_RUN_MAX_ARGUMENTS]; /* behind the program's name */
	const char *variable;			      /* "NAME=value" set for it, or NULL */
	bool close_standard; /* start it with descriptors 0, 1 and 2 closed */
};

/** Starts ktstr-top of the build tree; the test fails when that does not work. */
void top_run_start(struct top_run *run, const struct top_run_options *options);

/** Reads its stdout until @part is in it; the test fails when it ends or stalls before. */
void top_run_wait_for(struct top_run *run, const char *part);

/** Sends @signal to it. */
void top_run_signal(const struct top_run *run, int signal);

/** Waits for its end and the rest of its output: the exit code, or 1000 + the signal. */
int top_run_end(struct top_run *run);

/** Fails the test if a process with the run's mark is still there after a grace period. */
void top_run_expect_nothing_left(const struct top_run *run);

/** The pid of the only process of the run called @name; 0 for none. */
pid_t top_run_find(const struct top_run *run, const char *name);

/** Frees the output. */
void top_run_deinit(struct top_run *run);

#endif
