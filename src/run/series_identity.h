/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The threads that the kept frames of a series speak of, and the number of each.
 *
 * An entry counts how often packed frames introduce its thread; when the last of these is
 * dropped the entry goes, so a storm of threads costs no more than the frames that show it.
 */
#ifndef KT_RUN_SERIES_IDENTITY_H
#define KT_RUN_SERIES_IDENTITY_H

#include "run/snapshot.h"

/* What a thread is known by. */
struct kt_identity {
	uint64_t start_time_jiffies;
	uint32_t tid;
	uint32_t start_known;
};

struct kt_identity_slot {
	struct kt_identity identity;
	uint32_t number_plus_one; /* 0: the slot is free */
	uint32_t use_count;
};

struct kt_identities {
	struct kt_identity_slot *slots; /* open addressing */
	size_t cap;			/* power of two, or 0 */
	size_t count;
	uint32_t next_number;
};

/** The identity of @thread. */
struct kt_identity kt_identity_of(const struct kt_thread *thread);

/** Frees the table. */
void kt_identities_deinit(struct kt_identities *table);

/** Makes room for @extra more.  Errors: no memory. */
struct kt_error *kt_identities_reserve(struct kt_identities *table, size_t extra) KT_MUST_CHECK;

/** The number of @identity, a new one (used by nobody yet) if there is none; room is reserved. */
uint32_t kt_identities_number(struct kt_identities *table, const struct kt_identity *identity);

/** One more frame introduces @identity; an unknown one is ignored. */
void kt_identities_use(struct kt_identities *table, const struct kt_identity *identity);

/** One frame fewer introduces @identity: the last one takes it along. */
void kt_identities_drop(struct kt_identities *table, const struct kt_identity *identity);

/** Forgets @identity if nobody uses it. */
void kt_identities_forget_unused(struct kt_identities *table, const struct kt_identity *identity);

/** Gives memory back when most of the table is free. */
void kt_identities_shrink(struct kt_identities *table);

#endif
