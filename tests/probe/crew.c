/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/probe/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/unit.h"

enum {
	DEADLINE_S = 60,
	STACK_BYTES = 64 * 1024,
	RAW_STACK_BYTES = 16 * 1024,
	CHURNERS = 3,
	STACK_END = 0x50008, /* so that a stack crosses a multiple of 2^16 */
	BURN_MS = 60,
	SHORT_LIVED_BYTES = 777, /* what such a thread counts */
};

/*
 * Counters as in jemalloc 5.3: the second one is 16 bytes behind the first.  Behind them a bin of a
 * cache: the top of a stack of pointers, and the low bits of the address of its empty end.
 */
static _Thread_local volatile uint64_t counters[5];

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

/* Spins until the thread has had the processor for as long as is asked for. */
static void burn(void)
{
	uint32_t burn_ms = atomic_load(&page->burn_ms);
	struct timespec used;

	do
		(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	while ((uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000 < burn_ms);
}

static void work(struct crew_member *member, size_t index)
{
	counters[0] += 1000 + index;
	counters[2] += 1 + index;
	counters[3] = STACK_END - 8 * (index + 1);
	counters[4] = STACK_END % 65536;
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

static int note_module(struct dl_phdr_info *info, size_t info_size, void *ctx)
{
	size_t *highest = ctx;

	(void)info_size;
	if (info->dlpi_tls_modid > *highest)
		*highest = info->dlpi_tls_modid;
	return 0;
}

/*
 * The first entry of the thread vector that no object uses: how many do depends on what the test
 * is linked with (sanitizers bring several).  glibc gives every vector 14 spare ones.
 */
static size_t late_module(void)
{
	size_t highest = 0;

	(void)dl_iterate_phdr(note_module, &highest);
	return highest + 1;
}

/* Enters the counters as the block of an object that this thread uses from now on. */
static void enter_late_block(void)
{
	const char *tp = __builtin_thread_pointer();
	void **vector;

	memcpy(&vector, tp + KT_DTV_POINTER_OFFSET, sizeof(vector));
	vector[late_module() * (KT_DTV_ENTRY_BYTES / sizeof(*vector))] = (void *)counters;
}

static void *member_main(void *ctx)
{
	size_t index = (size_t)(uintptr_t)ctx;
	struct crew_member *member = &page->members[index];

	report_in(index);
	for (uint32_t seen = 0;; seen++) {
		while (atomic_load(&member->order) == seen)
			futex_wait(&member->order, seen);
		if (atomic_load(&member->must_end))
			return NULL;
		if (atomic_load(&member->must_rename))
			(void)prctl(PR_SET_NAME, "renamed");
		enter_late_block();
		burn();
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

static void *spinning_main(void *ctx)
{
	size_t index = (size_t)(uintptr_t)ctx;

	report_in(index);
	for (;;)
		work(&page->members[index], index);
	return NULL;
}

static void *mortal_main(void *ctx)
{
	atomic_fetch_add(&page->mortals, 1);
	futex_wake(&page->mortals);
	while (!atomic_load(&page->is_doomsday))
		futex_wait(&page->is_doomsday, 0);
	return ctx;
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
	static void *(*const starts[])(void *ctx) = {
		[CREW_PARKED] = member_main,
		[CREW_CHURN] = member_main,
		[CREW_WORKING] = working_main,
		[CREW_SPINNING] = spinning_main,
	};

	report_in(0);
	for (uint32_t seen = 0;; seen++) {
		for (; made < atomic_load(&page->spawn); made++)
			make_thread(starts[crew_mode], (void *)(uintptr_t)made);
		while (atomic_load(&member->order) == seen)
			futex_wait(&member->order, seen);
		if (page->raw_tid < 0)
			make_strangers();
		work(member, 0);
		atomic_store(&member->done, seen + 1);
		futex_wake(&member->done);
	}
}

/* The child, or -1.  @flags of clone(2) for its namespaces. */
static pid_t fork_into(int flags)
{
	int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);

	/* A process whose children live elsewhere can make no threads: so it comes back. */
	if (own < 0 || (flags && unshare(flags)))
		return -1;
	pid_t child = fork();
	if (child && flags)
		ck_assert_int_eq(setns(own, flags), 0);
	(void)close(own);
	return child;
}

static bool start(struct crew *crew, size_t count, enum crew_mode mode, int flags, size_t mortals)
{
	char path[64];

	ck_assert_uint_le(count, CREW_MAX);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(page, MAP_FAILED);
	crew_mode = mode;
	atomic_store(&page->spawn, (uint32_t)count);
	pid_t child = fork_into(flags);
	if (child < 0)
		return false;
	if (!child) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 0; mode == CREW_CHURN && i < CHURNERS; i++)
			make_thread(churn, NULL);
		for (size_t i = 0; i < mortals; i++)
			make_thread(mortal_main, NULL);
		main_member();
	}
	(void)snprintf(path, sizeof(path), "/proc/%d/task", child);
	*crew = (struct crew){ .pid = child, .page = page, .count = count };
	crew->task_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(crew->task_fd, 0);
	await(&page->ready, (uint32_t)count);
	return true;
}

void crew_start(struct crew *crew, size_t count, enum crew_mode mode)
{
	ck_assert(start(crew, count, mode, 0, 0));
}

bool crew_start_in_namespace(struct crew *crew, size_t count)
{
	return start(crew, count, CREW_PARKED, CLONE_NEWPID, 0);
}

void crew_start_with_mortals(struct crew *crew, size_t count, size_t mortals)
{
	ck_assert(start(crew, count, CREW_PARKED, 0, mortals));
	await(&crew->page->mortals, (uint32_t)mortals);
}

void crew_end_mortals(struct crew *crew)
{
	atomic_store(&crew->page->is_doomsday, 1);
	futex_wake(&crew->page->is_doomsday);
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

/* How many threads the child has, as the links of its task directory tell. */
static nlink_t count_links(const struct crew *crew)
{
	struct stat st;

	ck_assert_int_eq(fstat(crew->task_fd, &st), 0);
	return st.st_nlink;
}

void crew_end(struct crew *crew, size_t index)
{
	struct crew_member *member = &crew->page->members[index];
	nlink_t before = count_links(crew);

	atomic_store(&member->must_end, true);
	atomic_fetch_add(&member->order, 1);
	futex_wake(&member->order);
	for (int i = 0; i < DEADLINE_S * 1000 && count_links(crew) == before; i++)
		(void)poll(NULL, 0, 1);
	ck_assert_uint_lt(count_links(crew), before);
	member->has_ended = true;
}

void crew_burn(struct crew *crew, size_t index)
{
	atomic_store(&crew->page->burn_ms, BURN_MS);
	crew_work(crew, index);
	atomic_store(&crew->page->burn_ms, 0);
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

struct kt_tls_place crew_late_place(void)
{
	return (struct kt_tls_place){
		.access = KT_TLS_DTV,
		.module = late_module(),
		.span_bytes = 24,
	};
}

const struct kt_internals *crew_internals(void)
{
	static const struct kt_internals internals = {
		.has_tcache = true,
		.bins_offset = 3 * sizeof(uint64_t),
		.bin_stride_bytes = 2 * sizeof(uint64_t),
		.bin_count = 1,
		.low_bits_empty_offset = sizeof(uint64_t),
		.size_class_bytes = { CREW_CLASS_BYTES },
	};

	return &internals;
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

size_t crew_member_of(const struct crew *crew, pid_t tid)
{
	size_t member = 0;

	while (member < crew->count && crew->page->members[member].tid != tid)
		member++;
	return member;
}

bool crew_is_short_lived_value(uint64_t bytes)
{
	return !bytes || bytes == SHORT_LIVED_BYTES;
}

void crew_proc_text(const struct crew *crew, pid_t tid, const char *name, char *text, size_t cap)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%d/%s", tid, name);
	kt_autoclose int fd = openat(crew->task_fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t got = read(fd, text, cap - 1);
	ck_assert_int_gt(got, 0);
	text[got] = '\0';
}

void crew_expect_exact(const struct crew *crew, const struct kt_sweep *sweep)
{
	for (size_t i = 0; i < crew->count; i++) {
		const struct crew_member *member = &crew->page->members[i];
		if (member->has_ended)
			continue;
		const struct kt_row *row = crew_row(sweep, member->tid);
		ck_assert_msg(row, "no row for thread %d of %zu", member->tid, sweep->count);
		ck_assert_int_eq(row->state, KT_ROW_OK);
		ck_assert_uint_eq(row->allocated_bytes, atomic_load(&member->allocated));
		ck_assert_uint_eq(row->deallocated_bytes, atomic_load(&member->deallocated));
	}
}
