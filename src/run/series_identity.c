/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/series_identity.h"

#include <stdlib.h>

#define FIRST_CAP 64

struct kt_identity kt_identity_of(const struct kt_thread *thread)
{
	return (struct kt_identity){
		.tid = thread->tid,
		.start_known = thread->start_time_jiffies.known,
		.start_time_jiffies =
			thread->start_time_jiffies.known ? thread->start_time_jiffies.value : 0,
	};
}

void kt_identities_deinit(struct kt_identities *table)
{
	free(table->slots);
	*table = (struct kt_identities){ 0 };
}

static size_t home_of(const struct kt_identities *table, const struct kt_identity *identity)
{
	uint64_t hash = identity->start_time_jiffies * 0xff51afd7ed558ccdULL;

	hash = (hash ^ hash >> 32 ^ identity->tid) * 0xc4ceb9fe1a85ec53ULL;
	return (size_t)(hash ^ hash >> 32) & (table->cap - 1);
}

static bool is_same(const struct kt_identity *a, const struct kt_identity *b)
{
	return a->tid == b->tid && a->start_time_jiffies == b->start_time_jiffies &&
	       a->start_known == b->start_known;
}

/* The slot of @identity, or the free one where it belongs; there always is a free one. */
static struct kt_identity_slot *find(const struct kt_identities *table,
				     const struct kt_identity *identity)
{
	size_t at = home_of(table, identity);

	while (table->slots[at].number_plus_one && !is_same(&table->slots[at].identity, identity))
		at = (at + 1) & (table->cap - 1);
	return &table->slots[at];
}

static struct kt_error *resize(struct kt_identities *table, size_t cap)
{
	struct kt_identities bigger = *table;

	bigger.cap = cap;
	bigger.slots = calloc(cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return kt_error_no_memory();
	for (size_t i = 0; i < table->cap; i++) {
		if (table->slots[i].number_plus_one)
			*find(&bigger, &table->slots[i].identity) = table->slots[i];
	}
	free(table->slots);
	*table = bigger;
	return NULL;
}

struct kt_error *kt_identities_reserve(struct kt_identities *table, size_t extra)
{
	size_t cap = table->cap ? table->cap : FIRST_CAP;

	while (table->count + extra > cap / 4 * 3)
		cap *= 2;
	return cap == table->cap ? NULL : resize(table, cap);
}

uint32_t kt_identities_number(struct kt_identities *table, const struct kt_identity *identity)
{
	struct kt_identity_slot *slot = find(table, identity);

	if (!slot->number_plus_one) {
		*slot = (struct kt_identity_slot){
			.identity = *identity,
			.number_plus_one = ++table->next_number,
		};
		table->count++;
	}
	return slot->number_plus_one - 1;
}

/* Frees a slot: those behind it that could stand there move up, so that no search ends early. */
static void clear_slot(struct kt_identities *table, struct kt_identity_slot *slot)
{
	size_t mask = table->cap - 1;
	size_t hole = (size_t)(slot - table->slots);

	table->count--;
	for (size_t at = (hole + 1) & mask; table->slots[at].number_plus_one;
	     at = (at + 1) & mask) {
		size_t home = home_of(table, &table->slots[at].identity);

		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		table->slots[hole] = table->slots[at];
		hole = at;
	}
	table->slots[hole] = (struct kt_identity_slot){ 0 };
}

void kt_identities_use(struct kt_identities *table, const struct kt_identity *identity)
{
	struct kt_identity_slot *slot = table->cap ? find(table, identity) : NULL;

	if (slot && slot->number_plus_one)
		slot->use_count++;
}

void kt_identities_drop(struct kt_identities *table, const struct kt_identity *identity)
{
	struct kt_identity_slot *slot = table->cap ? find(table, identity) : NULL;

	if (slot && slot->number_plus_one && !--slot->use_count)
		clear_slot(table, slot);
}

void kt_identities_forget_unused(struct kt_identities *table, const struct kt_identity *identity)
{
	struct kt_identity_slot *slot = table->cap ? find(table, identity) : NULL;

	if (slot && slot->number_plus_one && !slot->use_count)
		clear_slot(table, slot);
}

void kt_identities_shrink(struct kt_identities *table)
{
	size_t cap = table->cap;

	while (cap > FIRST_CAP && table->count < cap / 8)
		cap /= 2;
	/* Without memory for a smaller table the large one stays. */
	if (cap != table->cap)
		kt_error_destroy(resize(table, cap));
}
