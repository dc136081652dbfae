/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a whole run of the probe costs, beside what it cannot go below and beside the
 * one-by-one ptrace method, all in turn in the same run.
 *
 * Prints one table; times are medians in milliseconds of wall time from spawn to end.  The
 * programs' paths come from the build: KT_PROBE, KT_TARGET (and _100, _300), KT_EMPTY,
 * KT_ONEBYONE.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	THREADS_MAX = 10001,
	ROUNDS_MAX = 31,
	BATCH = 1024,
};

struct bench_target {
	pid_t pid;
	int in;
	FILE *out;
	size_t count;
	uint64_t addresses[THREADS_MAX];
};

struct series {
	double ms[ROUNDS_MAX];
	size_t count;
	bool has_failed;
};

extern char **environ;

static double now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void die(const char *what)
{
	(void)fprintf(stderr, "probe_bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void target_open(struct bench_target *target, const char *path, size_t threads,
			const char *mode)
{
	posix_spawn_file_actions_t actions;
	char count[24];
	char line[128];
	int in[2];
	int out[2];

	(void)snprintf(count, sizeof(count), "%zu", threads);
	const char *const argv[] = { path, count, mode, NULL };
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		die("pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	errno = posix_spawn(&target->pid, path, &actions, NULL, (char *const *)argv, environ);
	if (errno)
		die(path);
	posix_spawn_file_actions_destroy(&actions);
	(void)close(in[0]);
	(void)close(out[1]);
	target->in = in[1];
	target->out = fdopen(out[0], "r");
	target->count = 0;
	while (fgets(line, sizeof(line), target->out) && line[0] != 'r')
		if (sscanf(line, "%*d %*u %*u %" SCNu64, &target->addresses[target->count]) == 1)
			target->count++;
	if (target->count != threads)
		die("the target did not start");
}

/* Ends the target; the rounds a busy one has done. */
static uint64_t target_close(struct bench_target *target)
{
	uint64_t work = 0;

	(void)close(target->in);
	if (fscanf(target->out, "%" SCNu64, &work) != 1)
		work = 0;
	(void)fclose(target->out);
	(void)waitpid(target->pid, NULL, 0);
	return work;
}

static void time_program(const char *const *argv, struct series *series)
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	int status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	double start = now_ms();
	errno = posix_spawn(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	if (errno)
		die(argv[0]);
	if (wait4(pid, &status, 0, &usage) != pid)
		die("wait4");
	series->ms[series->count++] = now_ms() - start;
	series->has_failed |= status != 0;
	posix_spawn_file_actions_destroy(&actions);
}

/*
 * Peak memory of a program.  posix_spawn's child counts our own pages until it executes, so this
 * forks: a copy maps next to nothing.
 */
static long peak_kib(const char *const *argv)
{
	struct rusage usage = { 0 };
	int status;
	pid_t pid = fork();

	if (!pid) {
		int null = open("/dev/null", O_WRONLY);
		(void)dup2(null, STDOUT_FILENO);
		(void)execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || status)
		return -1;
	return usage.ru_maxrss;
}

/* The bare reads: the same addresses, in batches, nothing else. */
static void time_reads(const struct bench_target *target, struct series *series)
{
	static struct iovec remote[BATCH];
	static char bytes[BATCH * 24];
	double start = now_ms();

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
	series->ms[series->count++] = now_ms() - start;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(struct series *series)
{
	qsort(series->ms, series->count, sizeof(series->ms[0]), compare);
	return series->ms[series->count / 2];
}

static void run_row(const char *mode, size_t threads, size_t rounds)
{
	static struct bench_target target;
	struct series empty = { 0 };
	struct series reads = { 0 };
	struct series probe = { 0 };
	struct series ptrace = { 0 };
	char pid[16];

	target_open(&target, KT_TARGET, threads, mode);
	(void)snprintf(pid, sizeof(pid), "%d", target.pid);
	const char *const empty_argv[] = { KT_EMPTY, NULL };
	const char *const probe_argv[] = { KT_PROBE, "--json", "--pid", pid, NULL };
	/* Any address above the thread pointer will do: what counts is the way there. */
	const char *const ptrace_argv[] = { KT_ONEBYONE, pid, "0", NULL };
	for (size_t i = 0; i < rounds; i++) {
		time_program(empty_argv, &empty);
		time_reads(&target, &reads);
		time_program(probe_argv, &probe);
		/* Against busy threads one run takes many seconds: each stop waits for a turn. */
		if (!i || (threads < 5000 && strcmp(mode, "busy") != 0))
			time_program(ptrace_argv, &ptrace);
	}
	long peak = peak_kib(probe_argv);
	(void)target_close(&target);
	(void)printf("%-5s %6zu %10.2f %10.3f %10.2f %12.2f %10ld%s\n", mode, threads,
		     median(&empty), median(&reads), median(&probe), median(&ptrace), peak,
		     probe.has_failed || reads.has_failed || ptrace.has_failed ? "  FAILED" : "");
	(void)fflush(stdout);
}

/* Rounds per second of a busy target, sampled every 10 ms or left alone, for a second each. */
static double throughput(bool is_sampled)
{
	static struct bench_target target;
	char pid[16];

	target_open(&target, KT_TARGET, 100, "busy");
	(void)snprintf(pid, sizeof(pid), "%d", target.pid);
	const char *const argv[] = { KT_PROBE, "--json", "--snapshots", "100", "--interval-ms",
				     "10",     "--pid",	 pid,		NULL };
	struct series series = { 0 };
	double start = now_ms();
	do {
		struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
		if (is_sampled && !series.count)
			time_program(argv, &series);
		else
			(void)nanosleep(&pause, NULL);
	} while (now_ms() - start < 1500);
	double seconds = (now_ms() - start) / 1e3;
	return (double)target_close(&target) / seconds;
}

/* Start-up on much debug information: the target is linked with @path's filler. */
static void run_debug_row(const char *path, const char *what)
{
	static struct bench_target target;
	struct series probe = { 0 };
	char pid[16];

	target_open(&target, path, 1, "park");
	(void)snprintf(pid, sizeof(pid), "%d", target.pid);
	const char *const probe_argv[] = { KT_PROBE, "--json", "--pid", pid, NULL };
	for (size_t i = 0; i < 11; i++)
		time_program(probe_argv, &probe);
	(void)printf("%s of .debug_info: probe %.2f, peak %ld KiB%s\n", what, median(&probe),
		     peak_kib(probe_argv), probe.has_failed ? "  FAILED" : "");
	(void)target_close(&target);
}

int main(void)
{
	static const size_t parked[] = { 1, 100, 1000, 10000 };

	(void)printf("medians in ms of whole processes; bare reads are part of one\n");
	(void)printf("%-5s %6s %10s %10s %10s %12s %10s\n", "mode", "threads", "empty",
		     "bare reads", "probe", "one by one", "probe KiB");
	for (size_t i = 0; i < sizeof(parked) / sizeof(parked[0]); i++)
		run_row("park", parked[i], parked[i] < 5000 ? 21 : 7);
	run_row("busy", 100, 3);
	run_debug_row(KT_TARGET_100, "100 MB");
	run_debug_row(KT_TARGET_300, "300 MB");
	double alone = throughput(false);
	double sampled = throughput(true);
	(void)printf("100 busy threads, rounds a second: %.0f alone, %.0f sampled every 10 ms "
		     "(%+.1f %%)\n",
		     alone, sampled, (sampled - alone) / alone * 100);
	return 0;
}
