/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Which scenario runs when.  They wait in a queue, the longest first: what is long and begins last
 * is what everybody waits for in the end.  Equally long ones keep the order in which they were
 * given.  Before them, in the same order, come those that go ahead: of guests that are woken from
 * one template the first to run has it made, and the others would only wait for it.
 *
 * At most so many run at once, and no more than their memory together allows; one that is too large
 * for what is left lets smaller ones behind it go first, but not for ever.
 *
 * Pure: no clock, no machine, no guest.
 */
#ifndef KT_ENGINE_SCHEDULE_H
#define KT_ENGINE_SCHEDULE_H

#include "check/scenario.h"

/* So often the first of the queue is passed by smaller ones; then these wait for it. */
#define KT_SCHEDULE_MAX_PASSES 8

struct kt_schedule_entry {
	size_t index; /* of the scenario in the set */
	uint64_t estimate_ms;
	uint64_t memory_mib;
	bool goes_ahead;
	bool is_taken;
};

struct kt_schedule {
	struct kt_schedule_entry *entries; /* in the order of the queue */
	size_t count;
	size_t first;	       /* the first that waits, or the count */
	uint32_t jobs;	       /* at most so many at once */
	uint64_t free_mib;     /* for those that wait */
	uint32_t active_count; /* taken, and not given back yet */
	uint32_t pass_count;   /* how often the first was passed */
};

/**
 * How long @scenario probably takes in milliseconds, for comparison with others: its guest's boot,
 * which has more to do for more CPUs, and the snapshots of its probes with what lies between
 * them.  The times that something may take at most are none that it will take: those for workers
 * to get ready do not count, the others only in that nothing takes longer.
 */
uint64_t kt_schedule_estimate_ms(const struct kt_scenario *scenario);

/**
 * Makes a queue of @count @entries, which are filled in but for is_taken, in the order
 * given; @jobs (at least 1) may run at once, in @memory_mib together (UINT64_MAX: no limit).
 * Owner: takes @entries (of malloc()); the caller calls kt_schedule_deinit().
 */
void kt_schedule_init(struct kt_schedule *schedule, struct kt_schedule_entry *entries, size_t count,
		      uint32_t jobs, uint64_t memory_mib);

/**
 * Takes the next scenario that may begin now: @ret is its place in the queue, false if none may.
 * When nothing runs, the first may, however large it is.
 */
bool kt_schedule_take(struct kt_schedule *schedule, size_t *ret);

/** Finds the @nth that waits, counted from 0 in the order of the queue; false if there are not so many. */
bool kt_schedule_look_ahead(const struct kt_schedule *schedule, size_t nth, size_t *ret);

/** Takes the first that waits, to be told that it will not run; false if nothing waits. */
bool kt_schedule_drop(struct kt_schedule *schedule, size_t *ret);

/** Gives back the job and the memory of what kt_schedule_take() gave at @place. */
void kt_schedule_give_back(struct kt_schedule *schedule, size_t place);

/** Frees the queue. */
void kt_schedule_deinit(struct kt_schedule *schedule);

#endif
