/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/next.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_STANDBYS = 16,
};

static void find_keys(struct kt_next *next)
{
	size_t count = next->shared->session->scenarios->count;

	next->key_accelerator = next->shared->accelerator;
	for (size_t i = 0; i < count && next->shared->templates; i++) {
		const struct kt_scenario *scenario = kt_session_scenario(next->shared->session, i);

		next->keys[i][0] = '\0';
		if (next->images[i].missing)
			continue;
		/* Who cannot have one is told when its guest is started. */
		kt_error_destroy(kt_runner_template_key(next->shared, scenario, &next->images[i],
							next->keys[i]));
	}
}

struct kt_error *kt_next_init(struct kt_next *next, struct kt_runner_shared *shared,
			      const struct kt_runner_image *images, uint32_t jobs)
{
	*next = (struct kt_next){
		.shared = shared,
		.images = images,
		.keys = calloc(shared->session->scenarios->count + 1, sizeof(*next->keys)),
		.jobs = jobs,
	};
	if (!next->keys)
		return kt_error_no_memory();
	find_keys(next);
	return NULL;
}

void kt_next_deinit(struct kt_next *next)
{
	free(next->keys);
	next->keys = NULL;
}

bool kt_next_goes_ahead(const struct kt_next *next, const struct kt_schedule_entry *entries,
			size_t count, size_t at)
{
	const kt_next_key *keys = next->keys;
	const struct kt_schedule_entry *entry = &entries[at];

	for (size_t i = 0; i < count; i++) {
		bool is_before = entries[i].estimate_ms > entry->estimate_ms ||
				 (entries[i].estimate_ms == entry->estimate_ms && i < at);

		if (is_before && !strcmp(keys[i], keys[at]))
			return false;
	}
	return *keys[at];
}

static bool has_key(struct kt_next *next, size_t index)
{
	if (next->key_accelerator != next->shared->accelerator)
		find_keys(next);
	return *next->keys[index];
}

/* Returns how many are next, at most one for each guest that may run at once. */
static size_t find(struct kt_next *next, const struct kt_schedule *schedule,
		   size_t indices[MAX_STANDBYS], const char *keys[MAX_STANDBYS])
{
	size_t limit = next->jobs < MAX_STANDBYS ? next->jobs : MAX_STANDBYS;
	size_t count = 0;
	size_t place;

	for (size_t nth = 0; nth < limit && kt_schedule_look_ahead(schedule, nth, &place); nth++) {
		size_t index = schedule->entries[place].index;

		if (!has_key(next, index))
			continue;
		indices[count] = index;
		keys[count++] = next->keys[index];
	}
	return count;
}

void kt_next_prepare(struct kt_next *next, const struct kt_schedule *schedule)
{
	struct kt_standbys *standbys = next->shared->standbys;
	size_t indices[MAX_STANDBYS];
	const char *keys[MAX_STANDBYS] = { NULL };

	if (!standbys)
		return;
	size_t count = find(next, schedule, indices, keys);
	kt_standbys_keep(standbys, keys, count);
	for (size_t i = 0; i < count; i++) {
		const struct kt_scenario *scenario =
			kt_session_scenario(next->shared->session, indices[i]);

		if (!kt_standbys_lack(standbys, keys, i))
			continue;
		/* The guest that cannot have one is started without, and tells if that fails too. */
		kt_error_destroy(kt_runner_stand_by(next->shared, scenario,
						    &next->images[indices[i]], keys[i]));
	}
}
