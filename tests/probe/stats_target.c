/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process whose allocator's own statistics are known.
 *
 * stats_target THREADS FILE: starts THREADS threads (the main one too) that use and free memory
 * of many sizes, and writes one line "NAME NUMBER" per fact into FILE, then what every target
 * prints: "TID ALLOCATED DEALLOCATED ADDRESS" for each thread, and "ready".  Nothing allocates
 * or frees from the refresh of the statistics on.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <jemalloc/jemalloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	THREADS_MAX = 64,
	BLOCKS = 40,
};

struct truth {
	pid_t tid;
	uint64_t *allocated;
	uint64_t *deallocated;
};

static struct truth truths[THREADS_MAX];
static atomic_size_t ready_count;

/* The number called @name; @size bytes wide. */
static uint64_t number(const char *name, size_t size)
{
	uint64_t value = 0;

	if (mallctl(name, &value, &size, NULL, 0))
		abort();
	return value;
}

static void use_memory(size_t index)
{
	void *blocks[BLOCKS];

	for (size_t round = 0; round < 3; round++) {
		for (size_t i = 0; i < BLOCKS; i++) {
			blocks[i] = malloc((size_t)1 << (3 + (i + index) % 13) | (i * 24));
			if (!blocks[i])
				abort();
		}
		/* Some stay. */
		for (size_t i = round == 1; i < BLOCKS; i += 1 + (round == 1))
			free(blocks[i]);
	}
}

static void publish(size_t index)
{
	truths[index] = (struct truth){
		.tid = (pid_t)syscall(SYS_gettid),
		.allocated = (uint64_t *)(uintptr_t)number("thread.allocatedp", 8),
		.deallocated = (uint64_t *)(uintptr_t)number("thread.deallocatedp", 8),
	};
	atomic_fetch_add(&ready_count, 1);
}

static void *thread_main(void *ctx)
{
	use_memory((size_t)(uintptr_t)ctx);
	publish((size_t)(uintptr_t)ctx);
	for (;;)
		(void)pause();
	return ctx;
}

static void say(int fd, const char *name, uint64_t value)
{
	static char line[128];
	int len = snprintf(line, sizeof(line), "%s %" PRIu64 "\n", name, value);

	if (write(fd, line, (size_t)len) != len)
		abort();
}

/* Sizes of all classes, by jemalloc's own word. */
static void say_sizes(int fd)
{
	char name[64];

	for (unsigned i = 0; i < number("arenas.nbins", sizeof(unsigned)); i++) {
		(void)snprintf(name, sizeof(name), "arenas.bin.%u.size", i);
		say(fd, "size", number(name, sizeof(size_t)));
	}
	for (unsigned i = 0; i < number("arenas.nlextents", sizeof(unsigned)); i++) {
		(void)snprintf(name, sizeof(name), "arenas.lextent.%u.size", i);
		say(fd, "size", number(name, sizeof(size_t)));
	}
}

static void say_statistics(int fd)
{
	uint64_t epoch = 1;

	say_sizes(fd);
	/* Twice: the first call may need memory itself. */
	for (size_t i = 0; i < 2; i++) {
		(void)number("stats.active", sizeof(size_t));
		if (mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch)))
			abort();
	}
	say(fd, "tcache_bytes", number("stats.arenas.4096.tcache_bytes", sizeof(size_t)));
	say(fd, "active", number("stats.active", sizeof(size_t)));
	say(fd, "page", number("arenas.page", sizeof(size_t)));
}

int main(int argc, char **argv)
{
	static char line[128];
	size_t count = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	pthread_t thread;

	if (!count || count > THREADS_MAX)
		return 2;
	(void)prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	use_memory(0);
	for (size_t i = 1; i < count; i++)
		if (pthread_create(&thread, NULL, thread_main, (void *)(uintptr_t)i))
			abort();
	publish(0);
	while (atomic_load(&ready_count) < count)
		(void)sched_yield();
	int fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		abort();
	say_statistics(fd);
	for (size_t i = 0; i < count; i++) {
		const struct truth *truth = &truths[i];
		int len = snprintf(line, sizeof(line), "%d %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
				   truth->tid, *truth->allocated, *truth->deallocated,
				   (uint64_t)(uintptr_t)truth->allocated);
		if (write(STDOUT_FILENO, line, (size_t)len) != len)
			abort();
	}
	if (write(STDOUT_FILENO, "ready\n", 6) != 6)
		abort();
	(void)read(STDIN_FILENO, line, 1);
	_exit(0);
}
