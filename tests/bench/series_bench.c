/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What looking back costs: reading and writing snapshots as lines, and keeping them in a series,
 * each beside the copying of the same bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "run/event.h"
#include "run/series.h"
#include "tests/random.h"
#include "tests/run/crowd.h"

enum {
	LINE_THREADS = 10000,
	ROUNDS = 15,
	READS = 500,
};

/* Time on the CPU: nothing here waits, and other programs shall not count. */
static double now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void check(struct kt_error *err)
{
	if (!err)
		return;
	(void)fprintf(stderr, "bench: %s\n", kt_error_message(err));
	exit(1);
}

/* The fastest of some rounds: what the machine can do when nobody disturbs it. */
static double fastest(double best, double began_ns)
{
	double took = now_ns() - began_ns;

	return best && best < took ? best : took;
}

static void print_lines(size_t len, double decode, double encode, double copy)
{
	double bytes = (double)len;

	(void)printf("a line of %d threads with extras: %zu bytes\n", LINE_THREADS, len);
	(void)printf("  decode  %8.0f MB/s  %8.2f ms\n", bytes / decode * 1e3, decode / 1e6);
	(void)printf("  encode  %8.0f MB/s  %8.2f ms\n", bytes / encode * 1e3, encode / 1e6);
	(void)printf("  memcpy  %8.0f MB/s  %8.2f ms\n", bytes / copy * 1e3, copy / 1e6);
}

static void bench_lines(void)
{
	struct crowd crowd;
	struct kt_event event = {
		.type = KT_EVENT_SNAPSHOT,
		.scenario = "s",
		.snapshot = { .probe = "p", .target_pid = 7 },
	};
	struct kt_buf line = KT_BUF_INIT;
	double encode = 0;
	double decode = 0;
	double copy = 0;

	crowd_init(&crowd, LINE_THREADS);
	crowd_next(&crowd);
	event.snapshot.snapshot = crowd.snapshot;
	for (int i = 0; i < ROUNDS; i++) {
		struct kt_event again = { 0 };

		kt_buf_reset(&line);
		double began = now_ns();
		kt_event_encode(&event, &line);
		encode = fastest(encode, began);
		began = now_ns();
		check(kt_event_decode(line.data, line.len - 1, &again));
		decode = fastest(decode, began);
		kt_event_deinit(&again);
		char *bytes = malloc(line.len);
		if (!bytes)
			exit(1);
		began = now_ns();
		memcpy(bytes, line.data, line.len);
		__asm__ volatile("" : : "r"(bytes) : "memory");
		copy = fastest(copy, began);
		free(bytes);
	}
	print_lines(line.len, decode, encode, copy);
	kt_buf_deinit(&line);
	crowd_deinit(&crowd);
}

static double append_all(struct kt_series *series, struct crowd *crowd, uint32_t snapshots)
{
	double took = 0;

	for (uint32_t i = 0; i < snapshots; i++) {
		crowd_next(crowd);
		double began = now_ns();
		check(kt_series_append(series, i, i, &crowd->snapshot));
		took += now_ns() - began;
	}
	return took;
}

static double copy_all(const struct crowd *crowd, size_t threads, uint32_t snapshots)
{
	size_t bytes = threads * (sizeof(struct kt_thread) + sizeof(struct kt_thread_extras));
	char *copy = malloc(bytes);
	double began = now_ns();

	if (!copy)
		exit(1);
	for (uint32_t i = 0; i < snapshots; i++) {
		memcpy(copy, crowd->threads, threads * sizeof(struct kt_thread));
		memcpy(copy + threads * sizeof(struct kt_thread), crowd->extras,
		       threads * sizeof(struct kt_thread_extras));
		__asm__ volatile("" : : "r"(copy) : "memory");
	}
	double took = now_ns() - began;
	free(copy);
	return took;
}

static double read_all(const struct kt_series *series, uint32_t snapshots,
		       struct kt_series_frame *frame)
{
	double began = now_ns();

	for (size_t i = 0; i < snapshots; i++)
		check(kt_series_read(series, i, frame));
	return now_ns() - began;
}

static double read_at_random(const struct kt_series *series, uint32_t snapshots,
			     double *ret_longest, struct kt_series_frame *frame)
{
	uint64_t state = KT_RANDOM_SEED;
	double all = 0;

	*ret_longest = 0;
	for (int i = 0; i < READS; i++) {
		double began = now_ns();
		check(kt_series_read(series, kt_random_next(&state) % snapshots, frame));
		double took = now_ns() - began;
		all += took;
		*ret_longest = took > *ret_longest ? took : *ret_longest;
	}
	return all;
}

/* Steps as long as those that make room for a snapshot of @threads. */
static double longest_thinning(struct kt_series *series, size_t threads, int steps)
{
	double longest = 0;

	for (int i = 0; i < steps; i++) {
		size_t budget = 4096 + 4 * threads;
		double began = now_ns();
		(void)kt_series_thin_step(series, &budget);
		double took = now_ns() - began;
		longest = took > longest ? took : longest;
	}
	return longest;
}

static void bench_series(size_t threads, uint32_t snapshots)
{
	struct crowd crowd;
	struct kt_series *series;
	kt_autoframe struct kt_series_frame frame = { 0 };
	double rows = (double)threads * snapshots;
	double longest_read;

	crowd_init(&crowd, threads);
	check(kt_series_create(&series));
	double append = append_all(series, &crowd, snapshots);
	size_t bytes = kt_series_stats(series).bytes;
	double copy = copy_all(&crowd, threads, snapshots);
	double in_order = read_all(series, snapshots, &frame);
	double at_random = read_at_random(series, snapshots, &longest_read, &frame);
	double step = longest_thinning(series, threads, 60);
	(void)printf("a series of %zu threads x %u snapshots: %.1f MiB, %.2f bytes a row\n",
		     threads, snapshots, (double)bytes / (1 << 20), (double)bytes / rows);
	(void)printf("  append          %8.2f ns a row\n", append / rows);
	(void)printf("  read in order   %8.2f ns a row\n", in_order / rows);
	(void)printf("  read at random  %8.3f ms a frame, %.3f ms the longest\n",
		     at_random / READS / 1e6, longest_read / 1e6);
	(void)printf("  copy rows       %8.2f ns a row\n", copy / rows);
	(void)printf("  thin a step     %8.3f ms the longest\n", step / 1e6);
	kt_series_destroy(series);
	crowd_deinit(&crowd);
}

int main(void)
{
	bench_lines();
	bench_series(1000, 3600);
	bench_series(10000, 400);
	return 0;
}
