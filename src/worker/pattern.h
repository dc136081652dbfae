/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Patterns of allocation: threads beside the main one that allocate and free all the time,
 * each in a role, so that a reader of their counters has something to see.
 *
 * What the threads need to do so never comes from the allocator (their blocks are their own
 * list nodes, the rest is mapped), so a thread's counters say what its role says and nothing
 * else.  Memory is bounded whatever is asked for: a steady thread holds KT_PATTERN_LIVE_BYTES
 * and one block, a hand-over the same, and all leaks together leak_limit_bytes.
 */
#ifndef KT_WORKER_PATTERN_H
#define KT_WORKER_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#define KT_PATTERN_THREADS_MAX 1024
#define KT_PATTERN_SIZE_MIN    16 /* a block holds its list node */
#define KT_PATTERN_SIZE_MAX    (64U << 20)
#define KT_PATTERN_LIVE_BYTES  (256U << 10)

/* What a thread does; threads take the roles asked for in this order, round and round. */
enum kt_pattern_role {
	KT_PATTERN_ALLOC, /* frees soon what it allocates */
	KT_PATTERN_BURST, /* the same, now and then; idle in between, and holds nothing then */
	KT_PATTERN_LEAK,  /* keeps some of it */
	KT_PATTERN_GIVE,  /* allocates for the next thread to free */
	KT_PATTERN_FREE,  /* frees what the thread before it allocated */
	KT_PATTERN_ROLE_COUNT,
};

struct kt_pattern {
	bool is_asked_for; /* some option of a pattern was given */
	bool has_role[KT_PATTERN_ROLE_COUNT];
	bool is_naming;
	uint32_t thread_count;
	uint64_t rate_bytes; /* per second and thread, 0: no limit */
	uint64_t size_min, size_max;
	uint64_t burst_on_ms, burst_off_ms;
	uint64_t leak_percent;
	uint64_t leak_limit_bytes;
	uint64_t seed;
	uint64_t seconds; /* 0: until a signal */
};

enum kt_pattern_word {
	KT_PATTERN_WORD_OTHER, /* no option of a pattern */
	KT_PATTERN_WORD_TAKEN,
	KT_PATTERN_WORD_BAD,
};

/** Fills *@ret with what is so without any option. */
void kt_pattern_init(struct kt_pattern *ret);

/**
 * Takes the command line's word @word into @pattern if it is an option of a pattern.  When
 * its value is bad, *@ret_complaint is set to a constant sentence about what it must be.
 * Owner: nobody has to free the sentence.
 */
enum kt_pattern_word kt_pattern_take(struct kt_pattern *pattern, const char *word,
				     const char **ret_complaint);

/**
 * Settles roles and number of threads when all words are taken.  Returns NULL, or a constant
 * sentence about what does not fit together.
 */
const char *kt_pattern_settle(struct kt_pattern *pattern);

struct kt_pattern_crew;

/**
 * Starts the threads of the settled, borrowed @pattern, which has to outlive them, and waits
 * until all of them run and have their names.  Returns 0 or an errno.
 * Owner: *@ret is the caller's, until kt_pattern_finish().
 */
int kt_pattern_start(const struct kt_pattern *pattern, struct kt_pattern_crew **ret);

/**
 * Ends the threads of @crew, prints what each has allocated and freed, and frees @crew.
 * Returns false, with errno, if standard output cannot be written.
 */
bool kt_pattern_finish(struct kt_pattern_crew *crew);

#endif
