/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/schedule.h"

#include <assert.h>
#include <stdlib.h>

/*
 * Emulated, as docs/performance.md has it; what matters is only that a CPU and a run of a probe
 * weigh as much beside each other, and beside the waits, as they do.
 */
enum {
	BOOT_MS = 1700,
	BOOT_PER_CPU_MS = 110,
	PROBE_RUN_MS = 150,
	MS_PER_SEC = 1000,
};

static uint64_t probe_ms(const struct kt_scenario_probe *probe)
{
	uint64_t waits_ms = probe->snapshots ? (uint64_t)(probe->snapshots - 1) * probe->interval_ms
					     : 0;
	uint64_t run_ms = waits_ms + PROBE_RUN_MS;

	/* Below 2^36: the limits of a scenario file leave room for all of its probes. */
	return (run_ms < probe->timeout_ms ? run_ms : probe->timeout_ms) * probe->repeat;
}

uint64_t kt_schedule_estimate_ms(const struct kt_scenario *scenario)
{
	uint64_t most_ms = (uint64_t)scenario->timeout_s * MS_PER_SEC;
	uint64_t ms =
		BOOT_MS + (uint64_t)kt_topology_cpu_count(&scenario->topology) * BOOT_PER_CPU_MS;

	for (size_t i = 0; i < scenario->probe_count; i++)
		ms += probe_ms(&scenario->probes[i]);
	return ms < most_ms ? ms : most_ms;
}

/* The index makes the order of qsort() a stable one. */
static int by_turn(const void *left, const void *right)
{
	const struct kt_schedule_entry *one = left;
	const struct kt_schedule_entry *other = right;

	if (one->goes_ahead != other->goes_ahead)
		return one->goes_ahead ? -1 : 1;
	if (one->estimate_ms != other->estimate_ms)
		return one->estimate_ms > other->estimate_ms ? -1 : 1;
	return one->index < other->index ? -1 : one->index > other->index;
}

void kt_schedule_init(struct kt_schedule *schedule, struct kt_schedule_entry *entries, size_t count,
		      uint32_t jobs, uint64_t memory_mib)
{
	assert(jobs);
	*schedule = (struct kt_schedule){
		.entries = entries,
		.count = count,
		.jobs = jobs,
		.free_mib = memory_mib,
	};
	qsort(entries, count, sizeof(*entries), by_turn);
}

void kt_schedule_deinit(struct kt_schedule *schedule)
{
	free(schedule->entries);
	*schedule = (struct kt_schedule){ .entries = NULL };
}

static void take(struct kt_schedule *schedule, size_t place)
{
	schedule->entries[place].is_taken = true;
	if (place != schedule->first) {
		schedule->pass_count++;
		return;
	}
	schedule->pass_count = 0;
	while (schedule->first < schedule->count && schedule->entries[schedule->first].is_taken)
		schedule->first++;
}

/* The first that fits, if it may go. */
static bool find(const struct kt_schedule *schedule, size_t *ret)
{
	bool may_pass = schedule->pass_count < KT_SCHEDULE_MAX_PASSES;

	for (size_t i = schedule->first; i < schedule->count; i++) {
		const struct kt_schedule_entry *entry = &schedule->entries[i];

		if (!entry->is_taken &&
		    (entry->memory_mib <= schedule->free_mib || !schedule->active_count)) {
			*ret = i;
			return true;
		}
		if (!may_pass)
			return false;
	}
	return false;
}

bool kt_schedule_take(struct kt_schedule *schedule, size_t *ret)
{
	size_t place;

	if (schedule->active_count >= schedule->jobs || !find(schedule, &place))
		return false;
	struct kt_schedule_entry *entry = &schedule->entries[place];
	/* What is larger than all there is takes all there is. */
	if (entry->memory_mib > schedule->free_mib)
		entry->memory_mib = schedule->free_mib;
	schedule->free_mib -= entry->memory_mib;
	schedule->active_count++;
	take(schedule, place);
	*ret = place;
	return true;
}

bool kt_schedule_look_ahead(const struct kt_schedule *schedule, size_t nth, size_t *ret)
{
	for (size_t i = schedule->first; i < schedule->count; i++) {
		if (schedule->entries[i].is_taken || nth--)
			continue;
		*ret = i;
		return true;
	}
	return false;
}

bool kt_schedule_drop(struct kt_schedule *schedule, size_t *ret)
{
	if (schedule->first == schedule->count)
		return false;
	*ret = schedule->first;
	take(schedule, schedule->first);
	return true;
}

void kt_schedule_give_back(struct kt_schedule *schedule, size_t place)
{
	assert(schedule->active_count);
	schedule->active_count--;
	schedule->free_mib += schedule->entries[place].memory_mib;
}
