/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the dashboard costs, seen from outside: ktstr-top itself on a pseudo-terminal of 80x24.
 *
 * Live, on a parked process, once a second: its own processor time (and its probe's), bytes per
 * frame, memory, and the time from a key to its frame, for keys as fast as they are answered: the
 * slowest tells how long the loop was away from the terminal while snapshots came.  Recordings:
 * first frame, memory, and the time to the frame of a jump, of a step back, and of a step back on
 * the page of a thread.
 *
 * dashboard_bench [SECONDS] (default 20) for each live row.  The programs' paths come from the
 * build: KT_TOP, KT_TARGET_STRIPPED.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/bench/recording.h"

enum {
	COLUMNS = 80,
	ROWS = 24,
	QUIET_MS = 40, /* a frame is over when nothing comes for so long */
	DEADLINE_MS = 60000,
	JUMPS = 20,
	KEYS_MS = 10000, /* how long keys come as fast as they are answered */
	HOUR_SNAPSHOTS = 3600,
};

struct session {
	pid_t pid;
	int terminal;
};

static void session_open(struct session *session, const char *const *argv)
{
	struct winsize size = { .ws_col = COLUMNS, .ws_row = ROWS };

	session->pid = forkpty(&session->terminal, NULL, NULL, &size);
	if (session->pid < 0)
		bench_die("forkpty");
	if (session->pid)
		return;
	(void)setenv("TERM", "xterm-256color", 1);
	(void)setenv("LC_ALL", "C.UTF-8", 1);
	(void)execv(argv[0], (char *const *)argv);
	_exit(127);
}

/*
 * Takes what comes until it is quiet; returns the number of bytes, and when the first of them
 * came.  Nothing within the deadline ends the benchmark.
 */
static size_t read_frame(const struct session *session, int deadline_ms, double *ret_first_ms)
{
	struct pollfd waiting = { .fd = session->terminal, .events = POLLIN };
	char bytes[65536];
	size_t total = 0;

	while (poll(&waiting, 1, total ? QUIET_MS : deadline_ms) > 0) {
		ssize_t got = read(session->terminal, bytes, sizeof(bytes));
		if (got <= 0)
			break;
		if (!total)
			*ret_first_ms = bench_now_ms();
		total += (size_t)got;
	}
	return total;
}

static void type(const struct session *session, const char *keys)
{
	if (write(session->terminal, keys, strlen(keys)) != (ssize_t)strlen(keys))
		bench_die("typing");
}

/* From the last byte of @keys to the first byte of the frame that shows it, in ms. */
static double time_keys(const struct session *session, const char *keys)
{
	double first_ms;
	double typed_ms = bench_now_ms();

	type(session, keys);
	if (!read_frame(session, DEADLINE_MS, &first_ms))
		bench_die("no frame came");
	return first_ms - typed_ms;
}

static void session_close(const struct session *session)
{
	double first_ms;

	type(session, "q");
	while (read_frame(session, 5000, &first_ms))
		continue;
	(void)kill(session->pid, SIGTERM);
	(void)waitpid(session->pid, NULL, 0);
	(void)close(session->terminal);
}

/* Processor time of a process in seconds. */
static double cpu_of(pid_t pid)
{
	char path[64];
	char text[1024];
	unsigned long user = 0;
	unsigned long system = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	FILE *file = fopen(path, "r");
	if (!file)
		return 0;
	if (fgets(text, sizeof(text), file)) {
		const char *rest = strrchr(text, ')');
		if (rest)
			(void)sscanf(rest + 2,
				     "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
				     &system);
	}
	(void)fclose(file);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* A member of /proc/PID/status in KiB. */
static long memory_of(pid_t pid, const char *name)
{
	char path[64];
	char line[128];
	long kib = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)) &&
		    sscanf(line + strlen(name), ": %ld", &kib) == 1)
			break;
	if (file)
		(void)fclose(file);
	return kib;
}

/* The first child of a process: the dashboard's probe. */
static pid_t child_of(pid_t pid)
{
	char path[64];
	int child = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	FILE *file = fopen(path, "r");
	if (file && fscanf(file, "%d", &child) != 1)
		child = 0;
	if (file)
		(void)fclose(file);
	return child;
}

/* Keys that move the cursor down and up again, each as soon as the one before was answered. */
static void run_keys(const struct session *session, struct bench_series *keys)
{
	struct pollfd waiting = { .fd = session->terminal, .events = POLLIN };
	double end_ms = bench_now_ms() + KEYS_MS;
	char bytes[65536];

	for (int i = 0; bench_now_ms() < end_ms && keys->count < BENCH_SERIES_MAX; i++) {
		double typed_ms = bench_now_ms();

		type(session, i % 2 ? "k" : "j");
		if (poll(&waiting, 1, DEADLINE_MS) <= 0)
			bench_die("no frame came");
		bench_add(keys, bench_now_ms() - typed_ms);
		while (poll(&waiting, 1, 2) > 0)
			if (read(session->terminal, bytes, sizeof(bytes)) <= 0)
				return;
	}
}

static void run_live(size_t threads, const char *mode, int seconds)
{
	static struct bench_target target;
	struct bench_series keys = { 0 };
	struct session session;
	double first_ms;
	size_t frames = 0;
	size_t bytes = 0;

	bench_target_open(&target, KT_TARGET_STRIPPED, threads, mode);
	const char *const argv[] = { KT_TOP, "--no-config", "--pid", target.pid_text, NULL };
	session_open(&session, argv);
	double end_ms = bench_now_ms() + 4000; /* the start does not count */
	while (bench_now_ms() < end_ms)
		(void)read_frame(&session, 1000, &first_ms);
	pid_t probe = child_of(session.pid);
	double own_s = cpu_of(session.pid);
	double probe_s = cpu_of(probe);
	double begin_ms = bench_now_ms();
	while (bench_now_ms() < begin_ms + seconds * 1000) {
		size_t got = read_frame(&session, 2000, &first_ms);
		frames += got > 0;
		bytes += got;
	}
	double elapsed_s = (bench_now_ms() - begin_ms) / 1000;
	own_s = cpu_of(session.pid) - own_s;
	probe_s = cpu_of(probe) - probe_s;
	run_keys(&session, &keys);
	double median_ms = bench_median(&keys);
	(void)printf("%6zu %-5s %7.2f %% %7.2f %% %7zu %8zu %9.1f %9.1f %10ld\n", threads, mode,
		     own_s / elapsed_s * 100, probe_s / elapsed_s * 100, frames,
		     frames ? bytes / frames : 0, median_ms, keys.ms[keys.count - 1],
		     memory_of(session.pid, "VmHWM"));
	(void)fflush(stdout);
	session_close(&session);
	bench_target_close(&target);
}

static void print_keys(const char *what, struct bench_series *keys)
{
	double median_ms = bench_median(keys);

	(void)printf("  %-28s %6.1f ms, slowest %6.1f ms\n", what, median_ms,
		     keys->ms[keys->count - 1]);
	(void)fflush(stdout);
	keys->count = 0;
}

static void look_around(const struct session *session)
{
	struct bench_series keys = { 0 };
	double ignored_ms;

	for (int i = 0; i < JUMPS; i++) {
		char time[32];

		(void)snprintf(time, sizeof(time), "t%d%%", (i * 37) % 100);
		type(session, time);
		(void)read_frame(session, 1000, &ignored_ms);
		bench_add(&keys, time_keys(session, "\r"));
	}
	print_keys("jump", &keys);
	/* Far enough from the beginning to step back from. */
	type(session, "t90%\r");
	(void)read_frame(session, 1000, &ignored_ms);
	for (int i = 0; i < JUMPS; i++)
		bench_add(&keys, time_keys(session, "["));
	print_keys("step back", &keys);
	type(session, "\r");
	(void)read_frame(session, 1000, &ignored_ms);
	for (int i = 0; i < JUMPS; i++)
		bench_add(&keys, time_keys(session, "["));
	print_keys("step back, page of a thread", &keys);
}

static void run_recording(size_t threads, size_t snapshots)
{
	char path[] = "/tmp/kt-dashboard-bench.XXXXXX";
	struct session session;
	double first_ms = 0;

	int fd = mkstemp(path);
	if (fd < 0)
		bench_die(path);
	(void)close(fd);
	bench_record(path, threads, snapshots);
	const char *const argv[] = { KT_TOP, "--no-config", "--replay", path, NULL };
	double begin_ms = bench_now_ms();
	session_open(&session, argv);
	if (!read_frame(&session, DEADLINE_MS, &first_ms))
		bench_die("no frame came");
	double first_frame_ms = first_ms - begin_ms;
	/* While it loads, the screen tells how far; it is quiet when all is there. */
	double last_ms = first_ms;
	while (read_frame(&session, 3000, &last_ms))
		continue;
	(void)printf(
		"recording of %zu threads x %zu snapshots: first frame %.0f ms, all read %.1f s\n",
		threads, snapshots, first_frame_ms, (last_ms - begin_ms) / 1000);
	look_around(&session);
	(void)printf("  memory at most %ld KiB, then %ld KiB\n", memory_of(session.pid, "VmHWM"),
		     memory_of(session.pid, "VmRSS"));
	(void)fflush(stdout);
	session_close(&session);
	(void)unlink(path);
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 20;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)printf("the dashboard at 80x24, a snapshot each second; keys from the last byte "
		     "typed to the "
		     "first byte shown\n");
	(void)printf("%6s %-5s %9s %9s %7s %8s %9s %9s %10s\n", "thread", "mode", "own CPU",
		     "probe CPU", "frames", "B/frame", "key ms", "slowest", "peak KiB");
	run_live(1000, "park", seconds);
	run_live(10000, "park", seconds);
	run_recording(1000, HOUR_SNAPSHOTS);
	run_recording(10000, HOUR_SNAPSHOTS / 10);
	return 0;
}
