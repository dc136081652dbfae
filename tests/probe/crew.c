/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/probe/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit.h"

enum {
	DEADLINE_S = 60,
	STACK_BYTES = 64 * 1024,
	RAW_STACK_BYTES = 16 * 1024,
	CHURNERS = 3,
	SHORT_LIVED_BYTES = 777, /* what such a thread counts */
};

/* Counters as in jemalloc 5.3: the second one is 16 bytes behind the first. */
static _Thread_local volatile uint64_t counters[3];

/* Of the child. */
static struct crew_page *page;
static enum crew_mode crew_mode;

static void futex_wake(_Atomic uint32_t *word)
{
	(void)syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

/* Sleeps while *@word is @value, at most a minute; whoever wakes it looks again. */
static void futex_wait(_Atomic uint32_t *word, uint32_t value)
{
	struct timespec limit = { .tv_sec = DEADLINE_S };

	(void)syscall(SYS_futex, word, FUTEX_WAIT, value, &limit, NULL, 0);
}

/* Waits in the parent until *@word is at least @value. */
static void await(_Atomic uint32_t *word, uint32_t value)
{
	for (int i = 0; i < DEADLINE_S * 1000; i++) {
		struct timespec limit = { .tv_nsec = 1000 * 1000 };
		uint32_t seen = atomic_load(word);
		if (seen >= value)
			return;
		(void)syscall(SYS_futex, word, FUTEX_WAIT, seen, &limit, NULL, 0);
	}
	ck_abort_msg("the crew does not answer");
}

static void work(struct crew_member *member, size_t index)
{
	counters[0] += 1000 + index;
	counters[2] += 1 + index;
	atomic_store(&member->allocated, counters[0]);
	atomic_store(&member->deallocated, counters[2]);
}

static void name_self(size_t index)
{
	static const char *const names[CREW_NAMES] = {
		"",	     "two  words", " padded ",	   "back\\slash",
		"new\nline", "\xff\xfe",   "paren) R 1 (", "exactly15bytes!",
	};

	if (index < CREW_NAMES)
		(void)prctl(PR_SET_NAME, names[index]);
}

static void report_in(size_t index)
{
	struct crew_member *member = &page->members[index];

	member->tid = (pid_t)syscall(SYS_gettid);
	name_self(index);
	work(member, index);
	atomic_fetch_add(&page->ready, 1);
	futex_wake(&page->ready);
}

static void *member_main(void *ctx)
{
	size_t index = (size_t)(uintptr_t)ctx;
	struct crew_member *member = &page->members[index];

	report_in(index);
	for (uint32_t seen = 0;; seen++) {
		while (atomic_load(&member->order) == seen)
			futex_wait(&member->order, seen);
		work(member, index);
		atomic_store(&member->done, seen + 1);
		futex_wake(&member->done);
	}
	return NULL;
}

/* Two members wake one another for ever: each runs for moments only. */
static void *working_main(void *ctx)
{
	size_t index = (size_t)(uintptr_t)ctx;
	struct crew_member *member = &page->members[index];
	struct crew_member *other = &page->members[((index - 1) ^ 1) + 1];

	report_in(index);
	for (uint32_t seen = 0;; seen++) {
		work(member, index);
		atomic_fetch_add(&other->order, 1);
		futex_wake(&other->order);
		while (atomic_load(&member->order) == seen)
			futex_wait(&member->order, seen);
	}
	return NULL;
}

static void make_thread(void *(*start)(void *ctx), void *ctx)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, start, ctx))
		abort();
	pthread_attr_destroy(&attr);
}

static void *short_life(void *ctx)
{
	counters[0] = SHORT_LIVED_BYTES;
	counters[2] = SHORT_LIVED_BYTES;
	return ctx;
}

static void *churn(void *ctx)
{
	for (;;) {
		pthread_t thread;
		if (!pthread_create(&thread, NULL, short_life, NULL))
			(void)pthread_join(thread, NULL);
	}
	return ctx;
}

/* Runs on the thread data of the one that made it. */
static int raw_main(void *ctx)
{
	(void)ctx;
	for (uint32_t seen = 0;; seen++) {
		while (atomic_load(&page->raw_order) == seen)
			futex_wait(&page->raw_order, seen);
		work(&page->members[0], 0);
		atomic_store(&page->raw_done, seen + 1);
		futex_wake(&page->raw_done);
	}
	return 0;
}

static int orphan_main(void *ctx)
{
	(void)ctx;
	for (;;)
		(void)syscall(SYS_pause);
	return 0;
}

static pid_t make_raw(int (*start)(void *ctx))
{
	char *stack = mmap(NULL, RAW_STACK_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (stack == MAP_FAILED)
		abort();
	return clone(start, stack + RAW_STACK_BYTES,
		     CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			     CLONE_SYSVSEM,
		     NULL);
}

static void *make_orphan(void *ctx)
{
	counters[0] = 1; /* never to be told for the orphan */
	page->orphan_tid = make_raw(orphan_main);
	return ctx;
}

static void make_strangers(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, make_orphan, NULL) || pthread_join(thread, NULL))
		abort();
	page->raw_tid = make_raw(raw_main);
}

/* The child's main thread is the first member, and makes the others. */
static void main_member(void)
{
	struct crew_member *member = &page->members[0];
	size_t made = 1;

	report_in(0);
	for (uint32_t seen = 0;; seen++) {
		for (; made < atomic_load(&page->spawn); made++)
			make_thread(crew_mode == CREW_WORKING ? working_main : member_main,
				    (void *)(uintptr_t)made);
		while (atomic_load(&member->order) == seen)
			futex_wait(&member->order, seen);
		if (page->raw_tid < 0)
			make_strangers();
		work(member, 0);
		atomic_store(&member->done, seen + 1);
		futex_wake(&member->done);
	}
}

void crew_start(struct crew *crew, size_t count, enum crew_mode mode)
{
	char path[64];

	ck_assert_uint_le(count, CREW_MAX);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(page, MAP_FAILED);
	crew_mode = mode;
	atomic_store(&page->spawn, (uint32_t)count);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 0; mode == CREW_CHURN && i < CHURNERS; i++)
			make_thread(churn, NULL);
		main_member();
	}
	(void)snprintf(path, sizeof(path), "/proc/%d/task", child);
	*crew = (struct crew){ .pid = child, .page = page, .count = count };
	crew->task_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(crew->task_fd, 0);
	await(&page->ready, (uint32_t)count);
}

void crew_stop(struct crew *crew)
{
	(void)close(crew->task_fd);
	ck_assert_int_eq(kill(crew->pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(crew->pid, NULL, 0), crew->pid);
	(void)munmap(crew->page, sizeof(*crew->page));
}

void crew_work(struct crew *crew, size_t index)
{
	struct crew_member *member = &crew->page->members[index];
	uint32_t order = atomic_fetch_add(&member->order, 1) + 1;

	futex_wake(&member->order);
	await(&member->done, order);
}

void crew_grow(struct crew *crew, size_t count)
{
	atomic_store(&crew->page->spawn, (uint32_t)count);
	crew->count = count;
	/* The order wakes it; it looks for new members after each. */
	crew_work(crew, 0);
	await(&crew->page->ready, (uint32_t)count);
}

void crew_add_raw(struct crew *crew)
{
	crew->page->raw_tid = -1;
	crew_work(crew, 0);
}

void crew_work_raw(struct crew *crew)
{
	uint32_t order = atomic_fetch_add(&crew->page->raw_order, 1) + 1;

	futex_wake(&crew->page->raw_order);
	await(&crew->page->raw_done, order);
}

struct kt_tls_place crew_place(enum kt_tls_access access)
{
	/* The executable's block is the vector's first (see tls_place.h). */
	const char *tp = __builtin_thread_pointer();
	struct kt_tls_place place = { .access = access, .module = 1, .span_bytes = 24 };
	const char *const *vector;
	const char *block;

	memcpy(&vector, tp + KT_DTV_POINTER_OFFSET, sizeof(vector));
	memcpy(&block, vector + KT_DTV_ENTRY_BYTES / sizeof(*vector), sizeof(block));
	place.tp_offset = (int64_t)((uintptr_t)counters - (uintptr_t)tp);
	place.block_offset = (uint64_t)((uintptr_t)counters - (uintptr_t)block);
	return place;
}

struct kt_read_config crew_config(struct crew *crew, enum kt_tls_access access)
{
	return (struct kt_read_config){
		.pid = crew->pid,
		.task_fd = crew->task_fd,
		.is_same_pid_ns = true,
		.is_repeated = true,
		.place = crew_place(access),
		.stop = &crew->stop,
	};
}

const struct kt_row *crew_row(const struct kt_sweep *sweep, pid_t tid)
{
	size_t low = 0;
	size_t high = sweep->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (sweep->rows[middle].tid == tid)
			return &sweep->rows[middle];
		if (sweep->rows[middle].tid < tid)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

void crew_expect_exact(const struct crew *crew, const struct kt_sweep *sweep)
{
	for (size_t i = 0; i < crew->count; i++) {
		const struct crew_member *member = &crew->page->members[i];
		const struct kt_row *row = crew_row(sweep, member->tid);
		ck_assert_msg(row, "no row for thread %d of %zu", member->tid, sweep->count);
		ck_assert_int_eq(row->state, KT_ROW_OK);
		ck_assert_uint_eq(row->allocated_bytes, atomic_load(&member->allocated));
		ck_assert_uint_eq(row->deallocated_bytes, atomic_load(&member->deallocated));
	}
}
