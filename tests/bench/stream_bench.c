/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the probe costs when it goes on and on: time of one snapshot in a stream, for each engine,
 * as the stream itself tells; its memory; and what its target notices.
 *
 * The programs' paths come from the build: KT_PROBE, KT_TARGET_STRIPPED, KT_ALLOC_TARGET.
 */
#include "tests/bench/bench.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SNAPSHOTS = 60,
	WARM_UP = 5, /* first snapshots that meet cold caches */
	PAIRS = 40,
};

/* Peak resident memory of a living process in KiB. */
static long peak_of(pid_t pid)
{
	char path[64];
	char line[128];
	long kib = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	if (file)
		(void)fclose(file);
	return kib;
}

/* Reads one stream to its end: durations, and the probe's peak memory early and late. */
static void read_stream(FILE *stream, pid_t probe, struct bench_series *series, long peaks[2])
{
	char *line = NULL;
	size_t cap = 0;
	size_t index = 0;

	while (getline(&line, &cap, stream) > 0) {
		const char *duration = strstr(line, "],\"duration_ns\":");
		if (!strstr(line, "\"event\":\"snapshot\"") || !duration)
			continue;
		if (index++ >= WARM_UP)
			bench_add(series, strtod(strchr(duration, ':') + 1, NULL) / 1e6);
		if (index == WARM_UP)
			peaks[0] = peak_of(probe);
		if (index == SNAPSHOTS - 1)
			peaks[1] = peak_of(probe);
	}
	free(line);
}

static void run_steady(const char *engine, const char *with, size_t threads)
{
	static struct bench_target target;
	struct bench_series series = { 0 };
	long peaks[2] = { -1, -1 };
	char snapshots[16];
	int out[2];
	int status;

	bench_target_open(&target, KT_TARGET_STRIPPED, threads, "park");
	(void)snprintf(snapshots, sizeof(snapshots), "%d", SNAPSHOTS);
	const char *const argv[] = { KT_PROBE,
				     "--stream",
				     "--engine",
				     engine,
				     "--interval-ms",
				     "50",
				     "--snapshots",
				     snapshots,
				     "--pid",
				     target.pid_text,
				     with ? "--with" : NULL,
				     with,
				     NULL };
	if (pipe2(out, O_CLOEXEC))
		bench_die("pipe");
	pid_t probe = bench_start(argv, out[1]);
	(void)close(out[1]);
	FILE *stream = fdopen(out[0], "r");
	read_stream(stream, probe, &series, peaks);
	(void)fclose(stream);
	bool has_failed = waitpid(probe, &status, 0) != probe || status;
	bench_target_close(&target);
	double median_ms = bench_median(&series);
	(void)printf("%-6s %-10s %6zu %9.3f %9.3f %11ld %10ld%s\n", engine, with ? with : "-",
		     threads, median_ms, series.count ? series.ms[series.count - 1] : 0, peaks[0],
		     peaks[1], has_failed ? "  FAILED" : "");
	(void)fflush(stdout);
}

/* The next count of rounds that the target tells. */
static double next_slice(FILE *target)
{
	char line[64];

	if (!fgets(line, sizeof(line), target))
		bench_die("the allocating target ended");
	return strtod(line, NULL);
}

/* A slice as it is, then one while the probe looks a thousand times a second. */
static void run_pair(pid_t target, FILE *out, struct bench_series *alone,
		     struct bench_series *sampled, const char *engine)
{
	char pid[16];
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)next_slice(out);
	bench_add(alone, next_slice(out));
	(void)snprintf(pid, sizeof(pid), "%d", target);
	const char *const argv[] = { KT_PROBE, "--stream",	"--engine", engine,  "--snapshots",
				     "0",      "--interval-ms", "1",	    "--pid", pid,
				     NULL };
	pid_t probe = bench_start(argv, null);
	/* The slice in which it starts up counts for neither. */
	(void)next_slice(out);
	double rounds = next_slice(out);
	(void)kill(probe, SIGINT);
	(void)waitpid(probe, NULL, 0);
	(void)close(null);
	bench_add(sampled, rounds);
}

static void run_disturbance(const char *engine)
{
	struct bench_series alone = { 0 };
	struct bench_series sampled = { 0 };
	const char *const argv[] = { KT_ALLOC_TARGET, NULL };
	int out[2];

	if (pipe2(out, O_CLOEXEC))
		bench_die("pipe");
	pid_t target = bench_start(argv, out[1]);
	(void)close(out[1]);
	FILE *stream = fdopen(out[0], "r");
	for (size_t i = 0; i < PAIRS; i++)
		run_pair(target, stream, &alone, &sampled, engine);
	(void)fclose(stream);
	(void)kill(target, SIGTERM);
	(void)waitpid(target, NULL, 0);
	double alone_rounds = bench_median(&alone);
	double sampled_rounds = bench_median(&sampled);
	(void)printf("one allocating thread sampled at 1 kHz by %s: %.0f rounds a slice alone, "
		     "%.0f sampled (%+.2f %%; medians of %d pairs)\n",
		     engine, alone_rounds, sampled_rounds,
		     (sampled_rounds - alone_rounds) / alone_rounds * 100, PAIRS);
}

int main(void)
{
	static const size_t counts[] = { 1000, 10000 };

	(void)printf("one snapshot of a stream at 50 ms, ms; peak memory in KiB\n");
	(void)printf("%-6s %-10s %6s %9s %9s %11s %10s\n", "engine", "with", "threads", "median",
		     "slowest", "peak early", "peak late");
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		run_steady("readv", NULL, counts[i]);
		run_steady("bpf", NULL, counts[i]);
		run_steady("bpf", "sched,cpu", counts[i]);
	}
	run_disturbance("readv");
	run_disturbance("bpf");
	return 0;
}
