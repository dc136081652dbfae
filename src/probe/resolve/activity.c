/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/activity.h"

#include <string.h>

#include "base/cleanup.h"

enum {
	STATE_MAX_BYTES = 16 /* before the counters of 5.0 to 5.2: the state, among others */
};

/* The first bytes of tsd_s in the block's initial image. */
struct initial_state {
	unsigned char bytes[STATE_MAX_BYTES];
	size_t count;
};

static void read_initial_state(const struct kt_candidate *candidate, const struct kt_memory *memory,
			       struct initial_state *ret)
{
	const Elf64_Phdr *segment = kt_module_segment(candidate->module, PT_TLS);
	const struct kt_tsd_facts *facts = &candidate->facts;
	size_t count = facts->allocated < STATE_MAX_BYTES ? facts->allocated : STATE_MAX_BYTES;

	*ret = (struct initial_state){ 0 };
	/* Later versions, whose counters are no neighbours, always count. */
	if (facts->deallocated - facts->allocated != 8 || facts->start > candidate->image_bytes ||
	    candidate->image_bytes - facts->start < count)
		return;
	ret->count = memory->read(memory, candidate->module->bias + segment->p_vaddr + facts->start,
				  ret->bytes, count);
}

/* Whether the tsd_s at @address has left its initial state. */
static bool is_used(const struct kt_memory *memory, uint64_t address,
		    const struct initial_state *state)
{
	unsigned char now[STATE_MAX_BYTES];

	return state->count && kt_memory_read(memory, address, now, state->count) &&
	       memcmp(now, state->bytes, state->count) != 0;
}

enum kt_activity kt_activity_of(const struct kt_candidate *candidate,
				const struct kt_memory *memory, const uint64_t *tps, size_t count)
{
	const struct kt_tsd_facts *facts = &candidate->facts;
	struct initial_state state;
	struct kt_tls_place place;
	bool is_any_used = false;

	if (candidate->gate.judged_count)
		return candidate->gate.active_count ? KT_ACTIVITY_COUNTED : KT_ACTIVITY_NONE;
	if (!candidate->has_base)
		return KT_ACTIVITY_NONE;
	kt_autoerr struct kt_error *err =
		kt_tls_base_place(&candidate->base, facts->start + facts->allocated, 0, &place);
	if (err)
		return KT_ACTIVITY_NONE;
	read_initial_state(candidate, memory, &state);
	for (size_t i = 0; i < count; i++) {
		uint64_t address;
		uint64_t pair[2];
		if (kt_tls_place_address(&place, memory, tps[i], &address) != KT_TLS_FOUND ||
		    !kt_memory_read(memory, address, pair, sizeof(pair)))
			continue;
		if (pair[0] || pair[1])
			return KT_ACTIVITY_COUNTED;
		is_any_used |= is_used(memory, address - facts->allocated, &state);
	}
	return is_any_used ? KT_ACTIVITY_NOT_COUNTED : KT_ACTIVITY_NONE;
}
