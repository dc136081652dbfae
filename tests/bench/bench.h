/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the probe's benchmarks share: targets, timed programs, medians.  A benchmark that
 * cannot be run says why on stderr and ends with exit code 1.
 */
#ifndef KT_TESTS_BENCH_BENCH_H
#define KT_TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum {
	BENCH_THREADS_MAX = 10001,
	BENCH_SERIES_MAX = 8192
};

/* A running tests/probe/target. */
struct bench_target {
	pid_t pid;
	char pid_text[16];
	int in;
	FILE *out;
	size_t count;
	uint64_t addresses[BENCH_THREADS_MAX]; /* of the threads' counters */
};

/* Measurements of one thing. */
struct bench_series {
	double ms[BENCH_SERIES_MAX];
	size_t count;
	bool has_failed; /* a run did not end with exit code 0 */
};

/** CLOCK_MONOTONIC in milliseconds. */
double bench_now_ms(void);

/** Ends the benchmark: @what failed with errno. */
void bench_die(const char *what);

/** Starts @path with @threads threads in @mode and waits until it is ready. */
void bench_target_open(struct bench_target *target, const char *path, size_t threads,
		       const char *mode);

/** Ends the target. */
void bench_target_close(struct bench_target *target);

/** Starts a program with stdout to @out_fd. */
pid_t bench_start(const char *const *argv, int out_fd);

/** Runs a program to its end with its output to nowhere, and adds the time it took. */
void bench_time(const char *const *argv, struct bench_series *series);

/** Adds a measurement. */
void bench_add(struct bench_series *series, double ms);

/** The series' median; sorts it. */
double bench_median(struct bench_series *series);

/** Peak memory of a program in KiB; -1 if it failed. */
long bench_peak_kib(const char *const *argv);

#endif
