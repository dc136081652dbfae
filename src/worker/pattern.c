/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "worker/pattern.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

/* The longest a thread sleeps before it looks whether it is to end. */
#define SLICE_NS (50 * NS_PER_MS)
/* How often a thread with a rate makes up for what is due. */
#define TICK_NS (5 * NS_PER_MS)
/* What a thread that was held up may be behind: more is forgotten, not made up for. */
#define BEHIND_MAX_NS (200 * NS_PER_MS)
#define STACK_BYTES   (128U << 10)

/* An allocation, first in a list of such. */
struct block {
	struct block *next;
	uint64_t bytes; /* as the allocator counts them */
};

_Static_assert(sizeof(struct block) <= KT_PATTERN_SIZE_MIN, "a block holds its node");

/* First in, first out. */
struct blocks {
	struct block *first, *last;
	uint64_t bytes;
};

struct member {
	struct kt_pattern_crew *crew;
	struct member *giver; /* of a thread that frees */
	pthread_t thread;
	enum kt_pattern_role role;
	uint32_t index;
	pid_t tid;
	uint64_t random;
	uint64_t allocated_bytes, freed_bytes;
	struct blocks live;
	struct blocks kept;

	/* What a giver has for the next thread. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct blocks given;
};

struct kt_pattern_crew {
	const struct kt_pattern *pattern;
	atomic_bool is_ending;
	pthread_barrier_t ready;
	uint64_t mapped_bytes;
	uint64_t kept_max_bytes; /* of one thread */
	struct member members[];
};

static const char *const role_names[] = { "alloc", "burst", "leak", "give", "free" };

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void sleep_ns(uint64_t ns)
{
	struct timespec pause = { .tv_nsec = (long)(ns < SLICE_NS ? ns : SLICE_NS) };
	nanosleep(&pause, NULL);
}

static bool is_ending(const struct member *member)
{
	return atomic_load_explicit(&member->crew->is_ending, memory_order_relaxed);
}

/** The next number of @member's sequence (splitmix64). */
static uint64_t random_next(struct member *member)
{
	uint64_t mixed = member->random += UINT64_C(0x9e3779b97f4a7c15);
	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ mixed >> 31;
}

/**
 * The binary logarithm of @size (below 2^31) with 32 digits behind the point, linear between
 * powers of two: good enough, and needs no library.
 */
static uint64_t logarithm(uint64_t size)
{
	unsigned int whole = 63 - (unsigned int)__builtin_clzll(size);
	return ((uint64_t)whole << 32) + ((size << 32 >> whole) - (UINT64_C(1) << 32));
}

/** A size in bytes, each doubling of it as likely as the next. */
static uint64_t size_next(struct member *member)
{
	const struct kt_pattern *pattern = member->crew->pattern;
	uint64_t min = logarithm(pattern->size_min);
	uint64_t at = min + random_next(member) % (logarithm(pattern->size_max) - min + 1);

	return ((UINT64_C(1) << 32) + (at & UINT32_MAX)) << (at >> 32) >> 32;
}

static void blocks_add(struct blocks *blocks, struct block *block)
{
	block->next = NULL;
	if (blocks->first)
		blocks->last->next = block;
	else
		blocks->first = block;
	blocks->last = block;
	blocks->bytes += block->bytes;
}

/** Frees the oldest of @blocks until they are at most @bytes. */
static void blocks_trim(struct member *member, struct blocks *blocks, uint64_t bytes)
{
	while (blocks->bytes > bytes) {
		struct block *oldest = blocks->first;
		blocks->first = oldest->next;
		blocks->bytes -= oldest->bytes;
		member->freed_bytes += oldest->bytes;
		free(oldest);
	}
}

static struct block *block_create(struct member *member)
{
	struct block *block = malloc(size_next(member));
	if (!block) {
		fprintf(stderr, "jemalloc-alloc-worker: no memory for the pattern\n");
		abort();
	}
	block->bytes = malloc_usable_size(block);
	member->allocated_bytes += block->bytes;
	return block;
}

/** Waits for a change of @giver's blocks, a slice at most; its lock is held. */
static void given_wait(struct member *giver)
{
	struct timespec until;
	uint64_t then_ns = now_ns() + SLICE_NS;

	until.tv_sec = (time_t)(then_ns / NS_PER_S);
	until.tv_nsec = (long)(then_ns % NS_PER_S);
	pthread_cond_timedwait(&giver->changed, &giver->lock, &until);
}

/** Lays @block down for the next thread, when that is not too far behind. */
static void block_give(struct member *member, struct block *block)
{
	pthread_mutex_lock(&member->lock);
	while (member->given.bytes > KT_PATTERN_LIVE_BYTES && !is_ending(member))
		given_wait(member);
	blocks_add(&member->given, block);
	pthread_cond_signal(&member->changed);
	pthread_mutex_unlock(&member->lock);
}

/** Allocates once; returns the bytes. */
static uint64_t allocate(struct member *member)
{
	const struct kt_pattern *pattern = member->crew->pattern;
	struct block *block = block_create(member);
	uint64_t bytes = block->bytes;

	if (member->role == KT_PATTERN_GIVE) {
		block_give(member, block);
	} else if (member->role == KT_PATTERN_LEAK &&
		   random_next(member) % 100 < pattern->leak_percent) {
		blocks_add(&member->kept, block);
		blocks_trim(member, &member->kept, member->crew->kept_max_bytes);
	} else {
		blocks_add(&member->live, block);
		blocks_trim(member, &member->live, KT_PATTERN_LIVE_BYTES);
	}
	return bytes;
}

/**
 * Where a burst thread is at @age_ns of its life: returns 0 while it allocates, otherwise
 * for how many ns it rests.
 */
static uint64_t rest_ns(const struct member *member, uint64_t age_ns)
{
	const struct kt_pattern *pattern = member->crew->pattern;
	uint64_t on_ns = pattern->burst_on_ms * NS_PER_MS;
	uint64_t round_ns = on_ns + pattern->burst_off_ms * NS_PER_MS;

	if (member->role != KT_PATTERN_BURST || age_ns % round_ns < on_ns)
		return 0;
	return round_ns - age_ns % round_ns;
}

/** Allocates until there is an end, at the pattern's rate. */
static void run_allocating(struct member *member)
{
	uint64_t rate = member->crew->pattern->rate_bytes;
	uint64_t start_ns = now_ns();
	/* Allocated is all that was due until here; in floating point, as products of large
	 * rates and long times would not fit. */
	double paid_ns = 0;

	while (!is_ending(member)) {
		uint64_t age_ns = now_ns() - start_ns;
		uint64_t idle_ns = rest_ns(member, age_ns);

		if (idle_ns) {
			blocks_trim(member, &member->live, 0);
			sleep_ns(idle_ns);
			paid_ns = (double)(now_ns() - start_ns); /* nothing is due of a rest */
			continue;
		}
		if (!rate) {
			allocate(member);
			continue;
		}
		if (paid_ns > (double)age_ns) {
			sleep_ns(TICK_NS);
			continue;
		}
		if (paid_ns + (double)BEHIND_MAX_NS < (double)age_ns)
			paid_ns = (double)age_ns;
		paid_ns += (double)allocate(member) * (double)NS_PER_S / (double)rate;
	}
}

/** Frees what the thread before it allocates, until there is an end. */
static void run_freeing(struct member *member)
{
	struct member *giver = member->giver;

	while (!is_ending(member)) {
		pthread_mutex_lock(&giver->lock);
		if (!giver->given.first)
			given_wait(giver);
		struct blocks taken = giver->given;
		giver->given = (struct blocks){ 0 };
		pthread_cond_signal(&giver->changed);
		pthread_mutex_unlock(&giver->lock);
		blocks_trim(member, &taken, 0);
	}
}

static void *member_run(void *pointer)
{
	struct member *member = pointer;

	member->tid = gettid();
	if (member->crew->pattern->is_naming) {
		char name[16];
		snprintf(name, sizeof(name), "%s-%u", role_names[member->role], member->index);
		pthread_setname_np(pthread_self(), name);
	}
	pthread_barrier_wait(&member->crew->ready);
	if (member->role == KT_PATTERN_FREE)
		run_freeing(member);
	else
		run_allocating(member);
	return NULL;
}

/** The role of the thread after one of @role; a cycle over those that were asked for. */
static enum kt_pattern_role role_after(const struct kt_pattern *pattern, enum kt_pattern_role role)
{
	do
		role = (role + 1) % KT_PATTERN_ROLE_COUNT;
	while (!pattern->has_role[role]);
	return role;
}

static void members_init(struct kt_pattern_crew *crew)
{
	const struct kt_pattern *pattern = crew->pattern;
	enum kt_pattern_role role = KT_PATTERN_ROLE_COUNT - 1;
	uint32_t leaking = 0;
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	for (uint32_t i = 0; i < pattern->thread_count; i++) {
		struct member *member = &crew->members[i];

		role = role_after(pattern, role);
		/* A giver with nobody behind it would wait for ever. */
		bool is_alone = role == KT_PATTERN_GIVE && i + 1 == pattern->thread_count;
		member->role = is_alone ? KT_PATTERN_ALLOC : role;
		member->crew = crew;
		member->index = i;
		member->random = pattern->seed + ((uint64_t)i << 32);
		member->giver = role == KT_PATTERN_FREE ? member - 1 : NULL;
		pthread_mutex_init(&member->lock, NULL);
		pthread_cond_init(&member->changed, &monotonic);
		leaking += role == KT_PATTERN_LEAK;
	}
	pthread_condattr_destroy(&monotonic);
	crew->kept_max_bytes = leaking ? pattern->leak_limit_bytes / leaking : 0;
}

static int members_start(struct kt_pattern_crew *crew)
{
	pthread_attr_t attributes;
	int error = pthread_attr_init(&attributes);

	if (!error)
		error = pthread_attr_setstacksize(&attributes, STACK_BYTES);
	for (uint32_t i = 0; !error && i < crew->pattern->thread_count; i++)
		error = pthread_create(&crew->members[i].thread, &attributes, member_run,
				       &crew->members[i]);
	pthread_attr_destroy(&attributes);
	if (!error)
		pthread_barrier_wait(&crew->ready);
	return error;
}

int kt_pattern_start(const struct kt_pattern *pattern, struct kt_pattern_crew **ret)
{
	size_t bytes =
		sizeof(struct kt_pattern_crew) + pattern->thread_count * sizeof(struct member);
	struct kt_pattern_crew *crew =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (crew == MAP_FAILED)
		return errno;
	crew->mapped_bytes = bytes;
	crew->pattern = pattern;
	pthread_barrier_init(&crew->ready, NULL, pattern->thread_count + 1);
	members_init(crew);
	/* On failure some threads wait at the barrier: the process is about to end. */
	int error = members_start(crew);
	if (!error)
		*ret = crew;
	return error;
}

bool kt_pattern_finish(struct kt_pattern_crew *crew)
{
	bool is_told = true;

	atomic_store(&crew->is_ending, true);
	for (uint32_t i = 0; i < crew->pattern->thread_count; i++)
		pthread_join(crew->members[i].thread, NULL);
	for (uint32_t i = 0; is_told && i < crew->pattern->thread_count; i++) {
		const struct member *member = &crew->members[i];

		is_told = printf("%s-%u tid=%d allocated=%llu freed=%llu\n",
				 role_names[member->role], i, (int)member->tid,
				 (unsigned long long)member->allocated_bytes,
				 (unsigned long long)member->freed_bytes) > 0;
	}
	is_told = is_told && fflush(stdout) == 0;
	int error = errno;
	munmap(crew, crew->mapped_bytes);
	errno = error;
	return is_told;
}
