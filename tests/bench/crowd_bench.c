/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What many guests in one invocation cost ktstr-top itself: a hundred runs one after the other (time,
 * failures, what its memory and its descriptors have become in the middle and in the end), then
 * eight at once (its own CPU time beside theirs).
 * Usage: crowd_bench [REPEAT]: of each of the four scenarios, 25 unless said.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "run/event.h"
#include "vmm/qemu/usage.h"

enum {
	SCENARIO_COUNT = 4,
	MAX_REPEAT = 1000,
	CROWD_JOBS = 8,
};

/* What ktstr-top was at a time. */
struct sample {
	uint64_t mono_ns;
	uint64_t rss_kib;
	uint64_t fd_count;
	uint64_t cpu_ns;
};

struct crowd {
	pid_t pid;
	uint32_t wanted_count;
	uint32_t ended_count;
	struct sample first;  /* when the first scenario began */
	struct sample middle; /* when half of them had ended */
	struct sample last;
	struct kt_event_run_end end;
};

static uint64_t count_fds(pid_t pid)
{
	char path[64];
	uint64_t count = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *dir = opendir(path);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	if (dir)
		(void)closedir(dir);
	return count;
}

/* False, and nothing changed, when it has ended. */
static bool take_sample(pid_t pid, struct sample *ret)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct sample sample = { .mono_ns = kt_clock_mono_ns() };
	struct kt_usage usage;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	kt_autoerr struct kt_error *err = kt_file_read(path, 1 << 16, &text);
	const char *at = strstr(kt_buf_text(&text), "\nVmRSS:");
	if (err || !at || sscanf(at, "\nVmRSS: %" SCNu64, &sample.rss_kib) != 1)
		return false;
	kt_usage_read(pid, &usage);
	if (!usage.cpu_ns.known)
		return false;
	sample.cpu_ns = usage.cpu_ns.value;
	sample.fd_count = count_fds(pid);
	*ret = sample;
	return true;
}

static void take_event(struct crowd *crowd, const struct kt_event *event)
{
	if (event->type == KT_EVENT_SCENARIO_START && !crowd->first.mono_ns) {
		(void)take_sample(crowd->pid, &crowd->first);
	} else if (event->type == KT_EVENT_SCENARIO_END) {
		/* After the last one it may be gone already; then the one before has to do. */
		(void)take_sample(crowd->pid, &crowd->last);
		if (++crowd->ended_count * 2 == crowd->wanted_count)
			crowd->middle = crowd->last;
	} else if (event->type == KT_EVENT_RUN_END) {
		crowd->end = event->run_end;
	}
}

static void read_events(struct crowd *crowd, FILE *out)
{
	kt_autofree char *line = NULL;
	size_t cap = 0;

	for (ssize_t len; (len = getline(&line, &cap, out)) > 0;) {
		kt_autoevent struct kt_event event = { 0 };
		kt_autoerr struct kt_error *err = kt_event_decode(line, (size_t)len - 1, &event);

		if (err)
			fprintf(stderr, "crowd_bench: an event cannot be read: %s\n",
				kt_error_message(err));
		else
			take_event(crowd, &event);
	}
}

/* Always the same ones, so that figures can be compared; false if it could not be started. */
static bool run_crowd(uint32_t repeat, const char *jobs, struct crowd *ret)
{
	struct crowd crowd = { .wanted_count = repeat * SCENARIO_COUNT };
	char times[16];
	int ends[2];

	(void)snprintf(times, sizeof(times), "%" PRIu32, repeat);
	if (pipe(ends))
		return false;
	crowd.pid = fork();
	if (!crowd.pid) {
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)close(ends[0]);
		(void)close(ends[1]);
		(void)execl(KTSTR_TOP, KTSTR_TOP, "-bc", "-f", "json", "--jobs", jobs, "--repeat",
			    times, "known-allocation", "multi-snapshot-monotone", "nonexistent-pid",
			    "thread-churn", NULL);
		_exit(126);
	}
	(void)close(ends[1]);
	kt_autofclose FILE *out = crowd.pid > 0 ? fdopen(ends[0], "r") : NULL;
	if (out)
		read_events(&crowd, out);
	if (crowd.pid > 0)
		(void)waitpid(crowd.pid, NULL, 0);
	*ret = crowd;
	return out != NULL;
}

/* Whether it ran to its end, and says so. */
static bool is_whole(const struct crowd *crowd)
{
	return crowd->ended_count == crowd->wanted_count && crowd->end.duration_ns &&
	       crowd->middle.mono_ns;
}

static void print_long(const struct crowd *crowd)
{
	const struct kt_event_run_end *end = &crowd->end;
	char what[64];

	(void)snprintf(what, sizeof(what), "%" PRIu32 " runs of the four scenarios, --jobs auto",
		       crowd->wanted_count);
	printf("%-58s %8.1f s\n", what, (double)end->duration_ns / 1e9);
	printf("%-58s %8" PRIu32 "\n", "of these not passed", crowd->wanted_count - end->passed);
	printf("%-58s %8.2f %8.2f MiB\n", "resident memory of ktstr-top, middle and end",
	       (double)crowd->middle.rss_kib / 1024, (double)crowd->last.rss_kib / 1024);
	printf("%-58s %8" PRIu64 " %8" PRIu64 "\n", "its descriptors, middle and end",
	       crowd->middle.fd_count, crowd->last.fd_count);
}

static void print_wide(const struct crowd *crowd)
{
	double wall_s = (double)(crowd->last.mono_ns - crowd->first.mono_ns) / 1e9;
	double cpu_s = (double)(crowd->last.cpu_ns - crowd->first.cpu_ns) / 1e9;

	printf("%-58s %8.1f s\n", "eight at once, --jobs 8: first start to last end", wall_s);
	printf("%-58s %8.2f s\n", "CPU time of ktstr-top itself meanwhile", cpu_s);
	printf("%-58s %8.2f %%\n", "of one CPU", 100 * cpu_s / wall_s);
}

int main(int argc, char **argv)
{
	long repeat = argc > 1 ? strtol(argv[1], NULL, 10) : 25;
	struct crowd crowd;

	if (repeat < 1 || repeat > MAX_REPEAT)
		return 2;
	if (!run_crowd((uint32_t)repeat, "auto", &crowd) || !is_whole(&crowd))
		return 1;
	print_long(&crowd);
	if (!run_crowd(CROWD_JOBS / SCENARIO_COUNT, "8", &crowd) || !is_whole(&crowd))
		return 1;
	print_wide(&crowd);
	return 0;
}
