/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * ktstr-jemalloc-alloc-worker: a process with a known allocation, for the probe to find.
 *
 * It is linked statically against a jemalloc with debug information and with nothing else
 * of this project, so that what is measured in it is what it says: BYTES on the main
 * thread, and next to nothing freed.  It ends by a signal only, unless a time was asked for;
 * with patterns (worker/pattern.h) there are threads that do more.  Nothing here names jemalloc: the
 * variants -dso and -libc are the same source with another allocator (Makemodule.am).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "worker/arguments.h"

/* The documented exit codes. */
enum {
	EXIT_ZERO_BYTES = 2,
	EXIT_MORE_THREADS = 3,
	EXIT_NO_MARKER = 4,
	EXIT_BAD_ARGUMENTS = 5,
	EXIT_NO_PROC = 6,
	EXIT_BROKEN = 101, /* where nothing sensible is left to do */
};

#define SAY(format, ...) fprintf(stderr, "jemalloc-alloc-worker: " format "\n", ##__VA_ARGS__)

#define MARKER_VARIABLE "KTSTR_WORKER_READY_MARKER_OVERRIDE"

#define PARK_SLICE_S 3600

/*
 * How long a helper of churn mode sleeps.  A reader looks at the threads for some
 * microseconds at a time of its own: the longer a helper sleeps, compared with what it
 * takes to start one, the surer the reader sees it; the shorter, the more of them come
 * and go while the reader works.  Half a millisecond leaves it visible most of the time
 * also where timers are precise, and where starting a thread is slow (an emulated guest).
 */
#define HELPER_SLEEP_NS 500000

/**
 * Hides from the compiler where @pointer comes from, so that it cannot prove a use of the
 * memory, or the allocation itself, to be without effect.  The memory stays the caller's.
 */
static void *opaque(void *pointer)
{
	__asm__ volatile("" : "+r"(pointer) : : "memory");
	return pointer;
}

/** Reads the first byte of the caller's @buffer, really. */
static void buffer_touch(const unsigned char *buffer)
{
	(void)*(const volatile unsigned char *)buffer;
}

/** Counts the threads of this process into *@ret; false, with errno, if it cannot. */
static bool threads_count(size_t *ret)
{
	DIR *tasks = opendir("/proc/self/task");
	if (!tasks)
		return false;
	size_t count = 0;
	errno = 0;
	for (const struct dirent *entry; (entry = readdir(tasks));)
		count += entry->d_name[0] != '.';
	int error = errno;
	closedir(tasks);
	errno = error;
	*ret = count;
	return error == 0;
}

/**
 * The main thread must be the only one, or the reader could not say whose bytes it sees.
 * Returns 0 or the exit code.
 */
static int threads_check(void)
{
	size_t count;
	if (!threads_count(&count)) {
		SAY("cannot read /proc/self/task: %s", strerror(errno));
		return EXIT_NO_PROC;
	}
	if (count != 1) {
		SAY("/proc/self/task shows %zu threads, not 1; is background_thread:true set in "
		    "MALLOC_CONF or _RJEM_MALLOC_CONF?",
		    count);
		return EXIT_MORE_THREADS;
	}
	return 0;
}

/**
 * Writes the marker that tells a waiting parent that the allocation is there.
 * Returns false, with errno, if it cannot.
 */
static bool marker_write(const char *path, bool is_default)
{
	/* O_NONBLOCK: a FIFO without a reader is an error and no wait.  In /tmp, where
	 * others may have put a link of that name, links are not followed. */
	int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(path, flags | (is_default ? O_NOFOLLOW : 0), 0644);
	if (fd < 0)
		return false;
	static const char text[] = "ready\n";
	ssize_t written = write(fd, text, sizeof(text) - 1);
	int error = written < 0 ? errno : EIO;
	if (close(fd) == 0 && written == (ssize_t)sizeof(text) - 1)
		return true;
	errno = error;
	return false;
}

/** Tells that the allocation is there: the marker, then a line for people. */
static int ready_announce(size_t bytes)
{
	char by_pid[64];
	snprintf(by_pid, sizeof(by_pid), "/tmp/ktstr-worker-ready-%d", (int)getpid());
	const char *override = getenv(MARKER_VARIABLE);
	bool is_default = !override || !*override;
	const char *path = is_default ? by_pid : override;
	if (!marker_write(path, is_default)) {
		SAY("cannot write the ready marker %s: %s", path, strerror(errno));
		return EXIT_NO_MARKER;
	}
	if (printf("jemalloc-alloc-worker ready pid=%d bytes=%zu\n", (int)getpid(), bytes) < 0 ||
	    fflush(stdout) != 0) {
		SAY("cannot write to standard output: %s", strerror(errno));
		return EXIT_BROKEN;
	}
	return 0;
}

/** A helper of churn mode: there for a moment, then gone. */
static void *helper_run(void *unused)
{
	(void)unused;
	struct timespec pause = { .tv_nsec = HELPER_SLEEP_NS };
	nanosleep(&pause, NULL);
	return NULL;
}

/* When the process is to end by itself, in seconds of the monotonic clock. */
struct deadline {
	bool is_set;
	struct timespec at;
};

static struct deadline deadline_after(uint64_t seconds)
{
	struct deadline deadline = { .is_set = seconds != 0 };
	clock_gettime(CLOCK_MONOTONIC, &deadline.at);
	deadline.at.tv_sec += (time_t)seconds;
	return deadline;
}

static bool deadline_is_over(const struct deadline *deadline)
{
	struct timespec now;
	if (!deadline->is_set)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > deadline->at.tv_sec ||
	       (now.tv_sec == deadline->at.tv_sec && now.tv_nsec >= deadline->at.tv_nsec);
}

/**
 * Starts and joins one helper after the other until @deadline.  Returns 0 then, or the exit
 * code if it cannot.
 */
static int churn(const unsigned char *buffer, const struct deadline *deadline)
{
	while (!deadline_is_over(deadline)) {
		buffer_touch(buffer);
		pthread_t helper;
		int error = pthread_create(&helper, NULL, helper_run, NULL);
		if (!error)
			error = pthread_join(helper, NULL);
		if (error) {
			SAY("cannot run a helper thread: %s", strerror(error));
			return EXIT_BROKEN;
		}
	}
	return 0;
}

/** Sleeps until @deadline, or until a signal ends the process. */
static void park(const unsigned char *buffer, const struct deadline *deadline)
{
	while (!deadline_is_over(deadline)) {
		buffer_touch(buffer);
		struct timespec slice = { .tv_sec = PARK_SLICE_S };
		if (deadline->is_set)
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline->at, NULL);
		else
			nanosleep(&slice, NULL);
	}
}

/** Allocates @bytes zeroed bytes from jemalloc; does not return if there are none. */
static unsigned char *buffer_create(size_t bytes)
{
	unsigned char *buffer = opaque(calloc(bytes, 1));
	if (!buffer) {
		SAY("no memory for %zu bytes", bytes);
		abort();
	}
	buffer_touch(buffer);
	return buffer;
}

/** Reads the command line into *@ret.  Returns 0 or the exit code. */
static int arguments_read(int argc, char **argv, struct kt_worker_arguments *ret)
{
	const char *complaint;

	switch (kt_worker_arguments_parse(argc, argv, ret, &complaint)) {
	case KT_WORKER_ARGUMENTS_OK:
		break;
	case KT_WORKER_ARGUMENTS_NOT_TEXT:
		SAY("an argument is not valid UTF-8");
		return EXIT_BROKEN;
	case KT_WORKER_ARGUMENTS_MISSING:
		SAY("usage: ktstr-jemalloc-alloc-worker [--churn] [--OPTION[=VALUE]...] BYTES");
		return EXIT_BAD_ARGUMENTS;
	case KT_WORKER_ARGUMENTS_INVALID:
		SAY("BYTES must be an unsigned number below 2^%zu", sizeof(size_t) * CHAR_BIT);
		return EXIT_BAD_ARGUMENTS;
	case KT_WORKER_ARGUMENTS_PATTERN:
		SAY("%s", complaint);
		return EXIT_BAD_ARGUMENTS;
	}
	if (ret->bytes == 0) {
		SAY("BYTES must not be 0: nothing would be allocated");
		return EXIT_ZERO_BYTES;
	}
	return 0;
}

/** Starts the pattern's threads, if there is a pattern, into *@ret.  Returns 0 or the exit code. */
static int crew_start(const struct kt_pattern *pattern, struct kt_pattern_crew **ret)
{
	*ret = NULL;
	int error = pattern->is_asked_for ? kt_pattern_start(pattern, ret) : 0;
	if (!error)
		return 0;
	SAY("cannot start %u threads: %s", pattern->thread_count, strerror(error));
	return EXIT_BROKEN;
}

/** What comes after everything is allocated.  Returns the exit code when its time is over. */
static int live(const struct kt_worker_arguments *arguments, const unsigned char *buffer)
{
	struct kt_pattern_crew *crew;
	int code = crew_start(&arguments->pattern, &crew);
	if (!code)
		code = ready_announce(arguments->bytes);
	if (code)
		return code;
	struct deadline deadline = deadline_after(arguments->pattern.seconds);
	if (arguments->is_churning)
		code = churn(buffer, &deadline);
	else
		park(buffer, &deadline);
	if (crew && !kt_pattern_finish(crew)) {
		SAY("cannot write to standard output: %s", strerror(errno));
		return EXIT_BROKEN;
	}
	return code;
}

int main(int argc, char **argv)
{
	struct kt_worker_arguments arguments;
	/* A reader that went away is a failed write, not a death by SIGPIPE. */
	signal(SIGPIPE, SIG_IGN);
	int code = arguments_read(argc, argv, &arguments);
	if (code)
		return code;
	/* jemalloc reads its configuration, and starts background threads, at the first
	 * allocation: that one is to come before the threads are counted. */
	free(opaque(malloc(1)));
	code = arguments.is_churning ? 0 : threads_check();
	if (code)
		return code;
	if (arguments.bytes > PTRDIFF_MAX) {
		SAY("%zu bytes are beyond the address range", arguments.bytes);
		return EXIT_BROKEN;
	}
	return live(&arguments, buffer_create(arguments.bytes));
}
