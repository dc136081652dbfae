/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

double bench_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void bench_die(const char *what)
{
	(void)fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Starts a program with these descriptors as stdin (-1: ours) and stdout. */
static pid_t start(const char *const *argv, int in, int out)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	if (in >= 0)
		posix_spawn_file_actions_adddup2(&actions, in, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	errno = posix_spawn(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	if (errno)
		bench_die(argv[0]);
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

pid_t bench_start(const char *const *argv, int out_fd)
{
	return start(argv, -1, out_fd);
}

void bench_target_open(struct bench_target *target, const char *path, size_t threads,
		       const char *mode)
{
	char count[24];
	char line[128];
	int in[2];
	int out[2];

	(void)snprintf(count, sizeof(count), "%zu", threads);
	const char *const argv[] = { path, count, mode, NULL };
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		bench_die("pipe");
	target->pid = start(argv, in[0], out[1]);
	(void)snprintf(target->pid_text, sizeof(target->pid_text), "%d", target->pid);
	(void)close(in[0]);
	(void)close(out[1]);
	target->in = in[1];
	target->out = fdopen(out[0], "r");
	target->count = 0;
	while (fgets(line, sizeof(line), target->out) && line[0] != 'r')
		if (target->count < BENCH_THREADS_MAX &&
		    sscanf(line, "%*d %*u %*u %" SCNu64, &target->addresses[target->count]) == 1)
			target->count++;
	if (target->count != threads)
		bench_die("the target did not start");
}

void bench_target_close(struct bench_target *target)
{
	(void)close(target->in);
	(void)fclose(target->out);
	(void)waitpid(target->pid, NULL, 0);
}

void bench_add(struct bench_series *series, double ms)
{
	if (series->count < BENCH_SERIES_MAX)
		series->ms[series->count++] = ms;
}

void bench_time(const char *const *argv, struct bench_series *series)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int status;

	double began_ms = bench_now_ms();
	pid_t pid = start(argv, -1, null);
	if (waitpid(pid, &status, 0) != pid)
		bench_die("waitpid");
	bench_add(series, bench_now_ms() - began_ms);
	series->has_failed |= status != 0;
	(void)close(null);
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

double bench_median(struct bench_series *series)
{
	if (!series->count)
		return 0;
	qsort(series->ms, series->count, sizeof(series->ms[0]), compare);
	return series->ms[series->count / 2];
}

/*
 * posix_spawn's child counts our own pages until it executes, so this forks: a copy maps next to
 * nothing.
 */
long bench_peak_kib(const char *const *argv)
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
