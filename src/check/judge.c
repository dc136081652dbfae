/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/judge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"

static KT_PRINTF(2, 0) const char *keep_text(struct kt_judge *judge, const char *fmt, va_list args)
{
	kt_autofree char *text = NULL;

	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	const char *kept = text ? kt_arena_printf(judge->arena, "%s", text) : NULL;
	judge->no_memory = judge->no_memory || !kept;
	return kept;
}

/*
 * Whether an observation is the one to show: of violations the furthest out, before
 * anything that holds; of those the closest to a limit.  Where one that holds is enough,
 * the first such, and until then the violation closest to holding.
 */
static bool is_decisive(const struct kt_judge *judge, bool holds, uint64_t distance)
{
	if (!judge->seen)
		return true;
	if (judge->check->snapshots == KT_CHECK_ANY)
		return !judge->holds && (holds || distance < judge->worst_distance);
	if (holds == judge->violated)
		return !holds;
	return holds ? distance < judge->worst_distance : distance > judge->worst_distance;
}

void kt_judge_observation(struct kt_judge *judge, bool holds, uint64_t distance, const char *worst,
			  const struct kt_place *place)
{
	if (is_decisive(judge, holds, distance)) {
		judge->worst_distance = distance;
		judge->worst = worst;
		judge->place = *place;
	}
	judge->seen = true;
	judge->holds = judge->holds || holds;
	judge->violated = judge->violated || !holds;
}

/* How far @value is from the nearest limit; a bound that was not given is none. */
static uint64_t distance_of(const struct kt_check *check, uint64_t value)
{
	if (value < check->min)
		return check->min - value;
	if (value > check->max)
		return value - check->max;

	uint64_t to_min = value - check->min;
	uint64_t to_max = check->max - value;
	if (check->max == UINT64_MAX)
		return to_min;
	if (!check->min)
		return to_max;
	return to_min < to_max ? to_min : to_max;
}

void kt_judge_value(struct kt_judge *judge, uint64_t value, const struct kt_place *place)
{
	bool holds = value >= judge->check->min && value <= judge->check->max;
	uint64_t distance = distance_of(judge->check, value);
	const char *text = NULL;

	if (is_decisive(judge, holds, distance)) {
		text = kt_arena_printf(judge->arena, "%" PRIu64, value);
		judge->no_memory = judge->no_memory || !text;
	}
	kt_judge_observation(judge, holds, distance, text, place);
}

void kt_judge_unknown(struct kt_judge *judge, const struct kt_place *place, const char *fmt, ...)
{
	va_list args;

	if (judge->unknown)
		return;
	va_start(args, fmt);
	judge->unknown = keep_text(judge, fmt, args);
	va_end(args);
	judge->unknown_place = *place;
}

void kt_judge_detail(struct kt_judge *judge, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	judge->detail = keep_text(judge, fmt, args);
	va_end(args);
}

static enum kt_verdict decide(const struct kt_judge *judge)
{
	bool any = judge->check->snapshots == KT_CHECK_ANY;
	bool over = judge->complete || judge->final;

	if (any && judge->holds)
		return KT_VERDICT_PASS;
	if (!any && judge->violated)
		return KT_VERDICT_FAIL;
	if (!over)
		return judge->holds && !judge->unknown ? KT_VERDICT_HOLDING : KT_VERDICT_PENDING;
	if (judge->unknown || !judge->complete)
		return KT_VERDICT_CANNOT_TELL;
	if (judge->violated)
		return KT_VERDICT_FAIL;
	if (judge->seen)
		return KT_VERDICT_PASS;
	return judge->absent ? KT_VERDICT_SKIP : KT_VERDICT_CANNOT_TELL;
}

/* Why not all that had to happen happened. */
static void explain_incomplete(struct kt_judge *judge)
{
	const struct kt_event_guest_state *guest = judge->state ? &judge->state->guest : NULL;
	size_t runs = judge->probe ? judge->probe->run_count : 0;
	bool open = runs && !judge->probe->runs[runs - 1].ended;
	uint32_t repeat = judge->check->probe->repeat;

	if (!guest || guest->state != KT_GUEST_FAILED)
		kt_judge_detail(judge, "%zu of %u runs of the probe ended", runs - open, repeat);
	else
		kt_judge_detail(judge, "%zu of %u runs of the probe ended; guest failed: %s%s%s",
				runs - open, repeat, kt_guest_reason_name(guest->reason),
				guest->detail ? ", " : "", guest->detail ? guest->detail : "");
}

static void explain(struct kt_judge *judge, enum kt_verdict verdict)
{
	if (verdict == KT_VERDICT_SKIP)
		kt_judge_detail(judge, "no snapshot has it");
	if (verdict != KT_VERDICT_CANNOT_TELL)
		return;
	if (judge->unknown)
		kt_judge_detail(judge, "%s", judge->unknown);
	else if (!judge->complete)
		explain_incomplete(judge);
	else
		kt_judge_detail(judge, "nothing was seen to judge by");
}

void kt_judge_conclude(struct kt_judge *judge, struct kt_event_check *ret)
{
	enum kt_verdict verdict = decide(judge);
	bool unseen = verdict == KT_VERDICT_CANNOT_TELL && judge->unknown;
	const struct kt_place *place = unseen ? &judge->unknown_place : &judge->place;

	explain(judge, verdict);
	*ret = (struct kt_event_check){
		.check = judge->check->id,
		.verdict = verdict,
		.text = judge->check->text,
		.detail = judge->detail,
		.threshold = judge->check->threshold,
		.worst = unseen ? NULL : judge->worst,
		.probe = judge->check->probe->name,
		.run = place->run,
		.snapshot = place->snapshot,
		.tid = place->tid,
	};
}
