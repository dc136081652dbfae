/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Who is next in a run: which scenarios share a template, which of them has it made, and the QEMUs
 * that stand by for those who will be woken from one.  Loop thread only.
 */
#ifndef KT_ENGINE_NEXT_H
#define KT_ENGINE_NEXT_H

#include "engine/runner.h"
#include "engine/schedule.h"

/** The key of a scenario's template, "" where there will be none. */
typedef char kt_next_key[KT_HASH_TEXT_SIZE];

/** Zero-initialise it, or kt_next_init(). */
struct kt_next {
	struct kt_runner_shared *shared;      /* borrowed, as the images */
	const struct kt_runner_image *images; /* by scenario */
	kt_next_key *keys;		      /* by scenario */
	enum kt_accelerator key_accelerator;  /* that they are for */
	uint32_t jobs;			      /* guests that may run at once */
};

/**
 * Finds the keys of all scenarios of @shared->session; without @shared->templates there are none.
 * Errors: no memory.  Owner: the caller calls kt_next_deinit() in any case.
 */
struct kt_error *kt_next_init(struct kt_next *next, struct kt_runner_shared *shared,
			      const struct kt_runner_image *images, uint32_t jobs) KT_MUST_CHECK;

/** Frees the keys. */
void kt_next_deinit(struct kt_next *next);

/**
 * Whether scenario @at of @count, described by @entries in the same order, should run before others: the
 * longest of those with one template, of equally long ones the first, has it made.
 */
bool kt_next_goes_ahead(const struct kt_next *next, const struct kt_schedule_entry *entries,
			size_t count, size_t at);

/**
 * Has QEMUs stand by for those whom @schedule starts next, and ends those that are for nobody.  A guest
 * that is awake waits for its probes, mostly, which is the time to start others.
 */
void kt_next_prepare(struct kt_next *next, const struct kt_schedule *schedule);

#endif
