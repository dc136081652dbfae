/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process to be read by the probe.  Linked with jemalloc, it publishes the truth: what
 * each thread's own mallctl("thread.allocatedp") says.  Compiled with -DTARGET_FINDS_ALLOCATOR it
 * is linked with no allocator, but takes the one that was preloaded, or the library
 * $TARGET_LIBRARY.
 *
 * target THREADS [MODE]: THREADS counts the main thread too.  On stdout: one line
 * "TID ALLOCATED DEALLOCATED ADDRESS" for each thread (ADDRESS is that of the allocated
 * counter), then "ready".  A busy target prints its rounds when it ends.  MODE:
 *   park   every thread sleeps (default)
 *   busy   every thread but the main one spins on the processor
 *   churn  threads are born and die all the time, besides those that park
 *   idle   the last thread never uses the allocator; its truth is 0 0 0
 *   raw    one more thread without robust list is made, sharing the main thread's pointer
 *   stuck  the last thread has no robust list and waits in vfork() for two seconds: it cannot be
 *          stopped meanwhile; then it works on
 *   signal the last thread has no robust list and counts the SIGRTMIN it gets; told at the end
 *   exit   ends when a byte comes on stdin
 *   exec   runs itself again when a byte comes on stdin
 *   exec FILE  runs FILE instead
 * Any mode ends when stdin does.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef TARGET_FINDS_ALLOCATOR
#include <dlfcn.h>
#else
/* After the C library's: a jemalloc with prefixed names defines these words as macros. */
#include <jemalloc/jemalloc.h>
#endif

/* The functions of the jemalloc that is tested. */
static struct {
	void *(*allocate)(size_t bytes);
	void (*release)(void *memory);
	int (*control)(const char *name, void *old, size_t *old_bytes, void *new_value,
		       size_t new_bytes);
} jemalloc;

struct truth {
	pid_t tid;
	uint64_t allocated;
	uint64_t deallocated;
	uint64_t address; /* of the allocated counter */
};

struct shared {
	struct truth *truths;
	atomic_size_t ready;
	atomic_ulong work; /* rounds of the busy threads */
	bool is_busy;
};

struct member {
	struct shared *shared;
	size_t index;
};

#ifdef TARGET_FINDS_ALLOCATOR
static void find_jemalloc(void)
{
	const char *path = getenv("TARGET_LIBRARY");
	void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : RTLD_DEFAULT;

	if (path && !library) {
		(void)fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	*(void **)&jemalloc.allocate = dlsym(library, "malloc");
	*(void **)&jemalloc.release = dlsym(library, "free");
	*(void **)&jemalloc.control = dlsym(library, "mallctl");
	if (!jemalloc.control)
		abort();
}
#else
static void find_jemalloc(void)
{
	jemalloc.allocate = malloc;
	jemalloc.release = free;
	jemalloc.control = mallctl;
}
#endif

static const uint64_t *counter(const char *name)
{
	static const uint64_t none; /* without statistics an old jemalloc has no counters */
	uint64_t *value = NULL;
	size_t size = sizeof(value);
	int failure = jemalloc.control(name, &value, &size, NULL, 0);

	if (failure == ENOENT)
		return &none;
	if (failure)
		abort();
	return value;
}

/* Allocations of this thread are over when this is called. */
static void record_truth(struct shared *shared, size_t index)
{
	struct truth *truth = &shared->truths[index];

	truth->tid = (pid_t)syscall(SYS_gettid);
	(void)counter("thread.allocatedp"); /* the first call may allocate */
	(void)counter("thread.deallocatedp");
	truth->address = (uint64_t)(uintptr_t)counter("thread.allocatedp");
	truth->allocated = *counter("thread.allocatedp");
	truth->deallocated = *counter("thread.deallocatedp");
}

static void publish(struct shared *shared, size_t index)
{
	record_truth(shared, index);
	atomic_fetch_add(&shared->ready, 1);
}

static void use_memory(size_t index)
{
	for (size_t i = 0; i < 3 + index % 5; i++) {
		char *volatile kept = jemalloc.allocate(1000 + 137 * index + i);
		char *volatile freed = jemalloc.allocate(64 + i);
		if (!kept || !freed)
			abort();
		*kept = 1;
		jemalloc.release(freed);
	}
}

static void *member_main(void *ctx)
{
	struct member *member = ctx;
	struct shared *shared = member->shared;

	use_memory(member->index);
	publish(shared, member->index);
	if (!shared->is_busy)
		for (;;)
			(void)pause();
	for (;;)
		atomic_fetch_add_explicit(&shared->work, 1, memory_order_relaxed);
	return NULL;
}

static void *short_life(void *ctx)
{
	use_memory(7);
	return ctx;
}

static void *churn(void *ctx)
{
	for (;;) {
		pthread_t threads[4];
		for (size_t i = 0; i < 4; i++)
			if (pthread_create(&threads[i], NULL, short_life, NULL))
				abort();
		for (size_t i = 0; i < 4; i++)
			(void)pthread_join(threads[i], NULL);
	}
	return ctx;
}

static int raw_thread(void *ctx)
{
	for (;;)
		(void)syscall(SYS_pause);
	return ctx != NULL;
}

static void start_raw_thread(void)
{
	const size_t size = 64 * 1024;
	char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
		    CLONE_SYSVSEM;

	if (stack == MAP_FAILED || clone(raw_thread, stack + size, flags, NULL) < 0)
		abort();
}

/* Takes the thread out of the kernel's sight, as threads of other C libraries are. */
static void drop_robust_list(void)
{
	if (syscall(SYS_set_robust_list, NULL, sizeof(void *) * 3))
		abort();
}

/* Runs for 2 ms: who ran less than one may be taken for a thread that was just made. */
static void grow_up(void)
{
	struct timespec age = { 0 };

	while (!age.tv_sec && age.tv_nsec < 2 * 1000 * 1000)
		(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &age);
}

static void *stuck_main(void *ctx)
{
	struct member *member = ctx;

	use_memory(member->index);
	grow_up();
	record_truth(member->shared, member->index);
	drop_robust_list();
	/* The parent of a vfork() sleeps until the child is done, and takes no stop. */
	pid_t child = vfork();
	if (!child) {
		struct timespec pause_time = { .tv_sec = 2 };
		atomic_fetch_add(&member->shared->ready, 1); /* the parent sleeps for certain */
		(void)syscall(SYS_nanosleep, &pause_time, NULL);
		_exit(0);
	}
	for (;;)
		atomic_fetch_add_explicit(&member->shared->work, 1, memory_order_relaxed);
	return NULL;
}

static void *idle_main(void *ctx)
{
	struct member *member = ctx;

	member->shared->truths[member->index].tid = (pid_t)syscall(SYS_gettid);
	atomic_fetch_add(&member->shared->ready, 1);
	for (;;)
		(void)pause();
	return NULL;
}

static atomic_ulong signal_count;

static void on_signal(int number)
{
	(void)number;
	atomic_fetch_add(&signal_count, 1);
}

static void *signal_main(void *ctx)
{
	struct member *member = ctx;

	use_memory(member->index);
	drop_robust_list();
	publish(member->shared, member->index);
	for (;;)
		(void)pause();
	return NULL;
}

/* One more member, which @start makes of itself. */
static void start_extra(struct shared *shared, size_t index, void *(*start)(void *ctx))
{
	static struct member member;
	pthread_t thread;

	member = (struct member){ .shared = shared, .index = index };
	if (pthread_create(&thread, NULL, start, &member))
		abort();
}

static void start_members(struct shared *shared, size_t count)
{
	struct member *members = calloc(count + 1, sizeof(*members));
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	for (size_t i = 1; i < count; i++) {
		pthread_t thread;
		members[i] = (struct member){ .shared = shared, .index = i };
		if (pthread_create(&thread, &attr, member_main, &members[i]))
			abort();
	}
	pthread_attr_destroy(&attr);
}

/* Prints without allocating: the main thread's own counters are told last. */
static void print_truths(const struct shared *shared, size_t count)
{
	static char line[128];

	for (size_t i = 0; i < count; i++) {
		const struct truth *truth = &shared->truths[i];
		int len = snprintf(line, sizeof(line), "%d %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
				   truth->tid, truth->allocated, truth->deallocated,
				   truth->address);
		if (write(STDOUT_FILENO, line, (size_t)len) != len)
			abort();
	}
	if (write(STDOUT_FILENO, "ready\n", 6) != 6)
		abort();
}

int main(int argc, char **argv)
{
	static struct shared shared;
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	const char *mode = argc > 2 ? argv[2] : "park";
	char byte;

	(void)prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	shared.truths = calloc(count + 1, sizeof(*shared.truths));
	shared.is_busy = !strcmp(mode, "busy");
	find_jemalloc();
	use_memory(0);
	if (!strcmp(mode, "stuck")) {
		start_members(&shared, count - 1);
		start_extra(&shared, count - 1, stuck_main);
	} else if (!strcmp(mode, "idle")) {
		start_members(&shared, count - 1);
		start_extra(&shared, count - 1, idle_main);
	} else if (!strcmp(mode, "signal")) {
		(void)signal(SIGRTMIN, on_signal);
		start_members(&shared, count - 1);
		start_extra(&shared, count - 1, signal_main);
	} else {
		start_members(&shared, count);
	}
	while (atomic_load(&shared.ready) + 1 < count)
		(void)sched_yield();
	if (!strcmp(mode, "churn")) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, churn, NULL))
			abort();
	}
	if (!strcmp(mode, "raw"))
		start_raw_thread();
	publish(&shared, 0);
	print_truths(&shared, count);

	ssize_t got = read(STDIN_FILENO, &byte, 1);
	if (got == 1 && !strcmp(mode, "exec")) {
		const char *file = argc > 3 ? argv[3] : "/proc/self/exe";
		char *const again[] = { argv[0], (char *)"1", NULL };
		(void)execv(file, again);
		return 1;
	}
	if (!strcmp(mode, "signal"))
		atomic_store(&shared.work, atomic_load(&signal_count));
	if (shared.is_busy || !strcmp(mode, "signal")) {
		char line[32];
		int len = snprintf(line, sizeof(line), "%lu\n", atomic_load(&shared.work));
		if (write(STDOUT_FILENO, line, (size_t)len) != len)
			return 1;
	}
	_exit(0);
}
