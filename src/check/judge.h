/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * How the evaluator of a check kind comes to its verdict: it walks over the model and
 * says what it saw; the rules how observations make a verdict are here, once.
 *
 * An observation holds or violates; what could not be observed is said with its reason.
 * The worst observation is the one that is furthest outside of what is allowed, or, if
 * all hold, the closest to its limit.
 */
#ifndef KT_CHECK_JUDGE_H
#define KT_CHECK_JUDGE_H

#include "check/check.h"

/** Where something was seen; each part may be unknown. */
struct kt_place {
	struct kt_opt_u64 run;
	struct kt_opt_u64 snapshot;
	struct kt_opt_u64 tid;
};

struct kt_judge {
	const struct kt_check *check;
	const struct kt_run_scenario *state; /* NULL: nothing known yet */
	const struct kt_run_probe *probe;    /* NULL: did not start yet */
	struct kt_arena *arena;
	bool complete; /* all runs of the probe ended */
	bool final;    /* nothing more will happen */
	bool seen;     /* something holds or violates */
	bool holds;    /* something holds */
	bool violated;
	bool absent; /* something that need not be there was not there */
	uint64_t worst_distance;
	const char *worst;
	struct kt_place place; /* of the worst */
	const char *detail;
	const char *unknown; /* the first reason why something could not be seen */
	struct kt_place unknown_place;
	bool no_memory;
};

/**
 * Says that @value was seen at @place, to be compared with the bounds of the check.
 * Context: any.
 */
void kt_judge_value(struct kt_judge *judge, uint64_t value, const struct kt_place *place);

/**
 * Says that something was seen that holds (@distance: how far inside) or violates (how far
 * outside), with @worst as its text (borrowed from the judge's arena, or NULL).
 */
void kt_judge_observation(struct kt_judge *judge, bool holds, uint64_t distance, const char *worst,
			  const struct kt_place *place);

/** Says why something that should be seen at @place could not be seen. */
void kt_judge_unknown(struct kt_judge *judge, const struct kt_place *place, const char *fmt, ...)
	KT_PRINTF(3, 4);

/** Explains the verdict; the last explanation counts. */
void kt_judge_detail(struct kt_judge *judge, const char *fmt, ...) KT_PRINTF(2, 3);

/** The verdict that comes out of all that was said, with @ret filled in. */
void kt_judge_conclude(struct kt_judge *judge, struct kt_event_check *ret);

#endif
