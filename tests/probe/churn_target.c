/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * churn_target FILE MAKERS RESIDENTS: threads on jemalloc that are born and die all the time.  Each
 * of MAKERS threads makes one short-lived thread after the other; RESIDENTS threads take
 * their steps and sleep.  FILE holds the log of truth (churn_log.h).  Ends when stdin does.
 */
#include <fcntl.h>
#include <jemalloc/jemalloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/probe/churn_log.h"

enum {
	STACK_BYTES = 64 * 1024
};

static struct churn_log *the_log;

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t counter(const char *name)
{
	uint64_t *value = NULL;
	size_t size = sizeof(value);

	if (mallctl(name, &value, &size, NULL, 0))
		abort();
	return *value;
}

/* One step: memory comes, and memory goes; sizes differ from thread to thread. */
static void take_step(struct churn_entry *entry, void **kept, size_t bytes)
{
	struct churn_step *step = &entry->steps[entry->step_count];

	step->begin_ns = now_ns();
	free(*kept);
	*kept = bytes ? malloc(bytes) : NULL;
	if (bytes && !*kept)
		abort();
	step->allocated = counter("thread.allocatedp");
	step->deallocated = counter("thread.deallocatedp");
	step->end_ns = now_ns();
	entry->step_count++;
}

static void take_steps(struct churn_entry *entry)
{
	size_t number = (size_t)(entry - the_log->entries);
	void *kept = NULL;

	entry->tid = (pid_t)syscall(SYS_gettid);
	for (size_t i = 0; i < CHURN_STEPS_MAX; i++) {
		bool is_last = i + 1 == CHURN_STEPS_MAX;
		take_step(entry, &kept, is_last ? 0 : 8 + (number * 7919 + i * 104729) % 30000);
		(void)sched_yield();
	}
}

static void *short_life(void *ctx)
{
	take_steps(ctx);
	return NULL;
}

static void *long_life(void *ctx)
{
	take_steps(ctx);
	atomic_fetch_add(&the_log->ready_count, 1);
	for (;;)
		(void)pause();
	return NULL;
}

static struct churn_entry *next_entry(void)
{
	unsigned number = atomic_fetch_add(&the_log->entry_count, 1);

	if (number >= CHURN_ENTRIES_MAX)
		for (;;)
			(void)pause();
	return &the_log->entries[number];
}

static pthread_t make_thread(void *(*start)(void *ctx), struct churn_entry *entry)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	entry->birth_ns = now_ns();
	if (pthread_create(&thread, &attr, start, entry))
		abort();
	pthread_attr_destroy(&attr);
	return thread;
}

static void *make_threads(void *ctx)
{
	*(pid_t *)ctx = (pid_t)syscall(SYS_gettid);
	atomic_fetch_add(&the_log->ready_count, 1);
	while (!atomic_load(&the_log->must_stop)) {
		struct churn_entry *entry = next_entry();
		pthread_t thread = make_thread(short_life, entry);
		(void)pthread_join(thread, NULL);
		entry->end_ns = now_ns();
	}
	return ctx;
}

static void wait_ready(unsigned count)
{
	while (atomic_load(&the_log->ready_count) < count)
		(void)sched_yield();
}

int main(int argc, char **argv)
{
	int fd = argc == 4 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
	unsigned makers = argc == 4 ? (unsigned)atoi(argv[2]) : 0;
	unsigned residents = argc == 4 ? (unsigned)atoi(argv[3]) : 0;
	pthread_t threads[CHURN_MAKERS_MAX];
	char byte;

	(void)prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	the_log = mmap(NULL, sizeof(*the_log), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (the_log == MAP_FAILED || makers > CHURN_MAKERS_MAX)
		return 1;
	for (unsigned i = 0; i < residents; i++)
		(void)make_thread(long_life, next_entry());
	wait_ready(residents);
	for (unsigned i = 0; i < makers; i++)
		if (pthread_create(&threads[i], NULL, make_threads, &the_log->makers[i]))
			abort();
	wait_ready(residents + makers);
	if (write(STDOUT_FILENO, "ready\n", 6) != 6 || read(STDIN_FILENO, &byte, 1) < 0)
		return 1;
	atomic_store(&the_log->must_stop, true);
	for (unsigned i = 0; i < makers; i++)
		(void)pthread_join(threads[i], NULL);
	_exit(0);
}
