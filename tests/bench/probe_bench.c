/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a whole run of the probe costs, by each engine, beside what it cannot go below and beside the
 * one-by-one ptrace method, all in turn in the same run.
 *
 * Prints one table; times are medians in milliseconds of wall time from spawn to end.  The
 * programs' paths come from the build: KT_PROBE, KT_TARGET_STRIPPED, KT_TARGET_DSO,
 * KT_TARGET_100, KT_TARGET_300, KT_EMPTY, KT_ONEBYONE.
 */
#include "tests/bench/bench.h"

#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	BATCH = 1024,
	ENGINE_COUNT = 3,
};

static const char *const engines[ENGINE_COUNT] = { "auto", "readv", "bpf" };

/* The bare reads: the same addresses, in batches, nothing else. */
static void time_reads(const struct bench_target *target, struct bench_series *series)
{
	static struct iovec remote[BATCH];
	static char bytes[BATCH * 24];
	double began_ms = bench_now_ms();

	for (size_t at = 0; at < target->count; at += BATCH) {
		size_t count = target->count - at < BATCH ? target->count - at : BATCH;
		for (size_t i = 0; i < count; i++)
			remote[i] = (struct iovec){
				(void *)(uintptr_t)target->addresses[at + i],
				24,
			};
		struct iovec local = { bytes, count * 24 };
		if (process_vm_readv(target->pid, &local, 1, remote, count, 0) !=
		    (ssize_t)(count * 24))
			series->has_failed = true;
	}
	bench_add(series, bench_now_ms() - began_ms);
}

/*
 * Whole processes of the probe that differ in their engine alone.  Who comes first finds colder caches,
 * so each does in its turn.
 */
static void time_engines(const struct bench_target *target, size_t round,
			 struct bench_series *probes)
{
	for (size_t i = 0; i < ENGINE_COUNT; i++) {
		size_t engine = (round + i) % ENGINE_COUNT;
		const char *const argv[] = { KT_PROBE,	       "--json",
					     "--no-cache",     "--engine",
					     engines[engine],  "--pid",
					     target->pid_text, NULL };
		bench_time(argv, &probes[engine]);
	}
}

static void run_row(const char *what, const char *path, const char *mode, size_t threads,
		    size_t rounds)
{
	static struct bench_target target;
	struct bench_series empty = { 0 };
	struct bench_series reads = { 0 };
	struct bench_series probes[ENGINE_COUNT] = { 0 };
	struct bench_series onebyone = { 0 };

	bench_target_open(&target, path, threads, mode);
	const char *const empty_argv[] = { KT_EMPTY, NULL };
	const char *const probe_argv[] = { KT_PROBE, "--json",	      "--no-cache",
					   "--pid",  target.pid_text, NULL };
	/* Any address above the thread pointer will do: what counts is the way there. */
	const char *const onebyone_argv[] = { KT_ONEBYONE, target.pid_text, "0", NULL };
	for (size_t i = 0; i < rounds; i++) {
		bench_time(empty_argv, &empty);
		time_reads(&target, &reads);
		time_engines(&target, i, probes);
		/* Against busy threads one run takes many seconds: each stop waits for a turn. */
		if (!i || (threads < 5000 && strcmp(mode, "busy") != 0))
			bench_time(onebyone_argv, &onebyone);
	}
	long peak_kib = bench_peak_kib(probe_argv);
	bench_target_close(&target);
	double probe_ms = bench_median(&probes[0]);
	double onebyone_ms = bench_median(&onebyone);
	(void)printf("%-8s %-5s %6zu %9.2f %10.3f %9.2f %9.2f %9.2f %11.2f %6.1fx %9ld%s%s\n", what,
		     mode, threads, bench_median(&empty), bench_median(&reads), probe_ms,
		     bench_median(&probes[1]), bench_median(&probes[2]), onebyone_ms,
		     onebyone_ms / probe_ms, peak_kib,
		     probes[2].has_failed ? "  (no bpf here)" : "",
		     probes[0].has_failed || probes[1].has_failed || reads.has_failed ||
				     onebyone.has_failed
			     ? "  FAILED"
			     : "");
	(void)fflush(stdout);
}

/* Start-up on much debug information: the target is linked with @path's filler. */
static void run_debug_row(const char *path, const char *what, const char *cache)
{
	static struct bench_target target;
	struct bench_series probe = { 0 };

	bench_target_open(&target, path, 1, "park");
	const char *const argv[] = { KT_PROBE, "--json", "--pid", target.pid_text, cache, NULL };
	for (size_t i = 0; i < 11; i++)
		bench_time(argv, &probe);
	(void)printf("%s of .debug_info, %s: %.2f ms, peak %ld KiB%s\n", what,
		     cache ? "no layout cache" : "layout cache", bench_median(&probe),
		     bench_peak_kib(argv), probe.has_failed ? "  FAILED" : "");
	bench_target_close(&target);
}

int main(void)
{
	static const size_t parked[] = { 1, 100, 500, 1000, 2000, 10000 };

	(void)printf("medians in ms of whole processes; bare reads are part of one\n");
	(void)printf("%-8s %-5s %6s %9s %10s %9s %9s %9s %11s %7s %9s\n", "target", "mode",
		     "threads", "empty", "bare reads", "probe", "readv", "bpf", "one by one",
		     "ratio", "probe KiB");
	for (size_t i = 0; i < sizeof(parked) / sizeof(parked[0]); i++) {
		size_t rounds = parked[i] < 5000 ? 21 : 9;
		run_row("stripped", KT_TARGET_STRIPPED, "park", parked[i], rounds);
		run_row("dso", KT_TARGET_DSO, "park", parked[i], rounds);
	}
	run_row("stripped", KT_TARGET_STRIPPED, "busy", 100, 3);
	run_debug_row(KT_TARGET_100, "100 MB", "--no-cache");
	run_debug_row(KT_TARGET_300, "300 MB", "--no-cache");
	run_debug_row(KT_TARGET_300, "300 MB", NULL);
	return 0;
}
