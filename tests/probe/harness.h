/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Targets to be read and runs of the probe, for tests: programs are started with pipes, every
 * wait has a deadline, and a test that ends takes its targets with it.
 */
#ifndef KT_TESTS_PROBE_HARNESS_H
#define KT_TESTS_PROBE_HARNESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/json_scan.h"

struct truth {
	pid_t tid;
	uint64_t allocated;
	uint64_t deallocated;
	uint64_t address; /* of the allocated counter */
};

struct target {
	pid_t pid;
	int in;	 /* a byte, or the end, makes it do what its mode says */
	int out; /* open to the end: a target that runs itself again says it all again */
	struct truth *truths;
	size_t truth_count;
};

/* A finished run of a program. */
struct outcome {
	struct kt_buf out;
	struct kt_buf err;
	int exit_code;		    /* -signal when it was killed */
	struct kt_json_tokens json; /* of out, if it is JSON */
	bool has_json;
};

/* A program under way. */
struct process {
	pid_t pid;
	int out;
	int err;
};

/** Starts the program at @path with @threads threads in @mode and waits for its truths. */
void target_start(struct target *target, const char *path, size_t threads, const char *mode);

/** Starts a target by a whole command, which ends with NULL: another environment, for example. */
void target_start_command(struct target *target, const char *const *argv);

/** Ends the target and frees its truths. */
void target_stop(struct target *target);

/** Starts a program; @argv ends with NULL.  The caller owns the result: process_finish(). */
struct process process_start(const char *const *argv);

/** Reads the program's output to its end, at most 60 s, and reaps it. */
void process_finish(struct process process, struct outcome *ret);

/** Runs "PROBE --pid PID" and the other words of @options (blanks between them). */
void probe_run(pid_t pid, const char *options, struct outcome *ret);

/** The same, without waiting for its end.  The caller owns the result. */
struct process probe_start(pid_t pid, const char *options);

/** Frees an outcome. */
void outcome_deinit(struct outcome *outcome);

/** Token of the value at @path ("snapshots.0.threads"), or 0. */
size_t json_at(const struct outcome *outcome, const char *path);

/** The number at @path; fails the test if there is none. */
uint64_t json_number(const struct outcome *outcome, const char *path);

/** Whether the text at @path is @expected. */
bool json_text_is(const struct outcome *outcome, const char *path, const char *expected);

/** The state letter of thread @tid of @pid ('t' is stopped by a tracer), or 0 if it is gone. */
char thread_state(pid_t pid, pid_t tid);

/** Fails the test if a thread of @pid is stopped, by a tracer or by a signal. */
void expect_not_stopped(pid_t pid);

/** Fails the test unless every thread of the target is in snapshot @snapshot, exact to the byte. */
void expect_exact(const struct outcome *outcome, size_t snapshot, const struct target *target);

/**
 * Whether this process may use the BPF engine: as root, and where the kernel's numbers of threads are
 * ours.  Elsewhere it refuses, which tests of its own look at.
 */
bool can_use_bpf(void);

#endif
