/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Checks: what must hold in a scenario, and what the model says about it.
 *
 * A kind of check is one entry of one table: name, keys, evaluator, text.  Evaluation
 * is a pure function of the model and may be done at any event: a violation is a fail at
 * once; without one the verdict is pending or holding until all that the check looks at
 * has happened.  What was not seen is cannot-tell with the reason, never a pass.
 */
#ifndef KT_CHECK_CHECK_H
#define KT_CHECK_CHECK_H

#include "base/json.h"
#include "check/scenario.h"
#include "run/run.h"

struct kt_check_kind;

/** What a counter or a series is taken of. */
enum kt_check_of {
	KT_OF_ALLOCATED,
	KT_OF_DEALLOCATED,
	KT_OF_TIMESTAMP,
	KT_OF_ELAPSED,
};

/** Which thread a check looks at. */
enum kt_check_thread {
	KT_CHECK_LEADER, /* the thread whose tid is the target's pid */
	KT_CHECK_ALL_THREADS,
	KT_CHECK_TID,
};

/** Which snapshots of each run a check looks at. */
enum kt_check_where {
	KT_CHECK_ALL, /* of all runs */
	KT_CHECK_ANY, /* at least one, of any run */
	KT_CHECK_FIRST,
	KT_CHECK_LAST,
};

struct kt_check {
	const struct kt_check_kind *kind;
	const char *id;	       /* unique in its scenario */
	const char *text;      /* one line for people, with the threshold */
	const char *threshold; /* "16777216..20971520"; NULL when there is none */
	const struct kt_scenario_probe *probe;
	bool if_present;  /* a counter that no snapshot has makes the check skip */
	const char *word; /* what must be said; NULL for a kind of numbers */
	uint64_t min;	  /* inclusive; 0 when not given; `equals` is min and max */
	uint64_t max;	  /* inclusive; UINT64_MAX when not given; `below` is one more */
	enum kt_check_of of;
	enum kt_check_thread thread;
	uint32_t tid;
	enum kt_check_where snapshots;
};

/**
 * Parses one member of a scenario's `checks`: an object with the kind as its only name.
 * @scenario has its probes already.  Its id is not compared with others here.
 * Errors: usage ("file:line:column: what"), no memory.
 * Owner: strings live in the arena of @scenario.
 */
struct kt_error *kt_check_parse(const struct kt_json *json, const cJSON *item,
				struct kt_scenario *scenario, struct kt_check *ret) KT_MUST_CHECK;

/**
 * Judges one check.  @state is NULL while nothing is known about the scenario.  @final
 * says that nothing more will happen: then the verdict is neither pending nor holding.
 * Errors: no memory.
 * Owner: the strings of @ret live in @arena, or are borrowed from @check.
 */
struct kt_error *kt_check_evaluate(const struct kt_check *check,
				   const struct kt_run_scenario *state, bool final,
				   struct kt_arena *arena,
				   struct kt_event_check *ret) KT_MUST_CHECK;

/**
 * Takes a verdict that is new; it is to emit the event, which changes the model.
 * Errors: its own; the first ends the update.  Owner: borrows @verdict.
 */
typedef struct kt_error *(*kt_check_verdict_fn)(void *ctx, const struct kt_event_check *verdict);

/**
 * Judges all checks of @scenario, calling @on_verdict for each whose verdict is not the one
 * that @state has.  Cheap when @cause (the event just applied) cannot change any.
 * With @final, @cause may be NULL; with @state NULL nothing happens.
 * Errors: no memory, or @on_verdict's.  Owner: nothing changes hands.
 */
struct kt_error *kt_checks_update(const struct kt_scenario *scenario,
				  const struct kt_run_scenario *state, const struct kt_event *cause,
				  bool final, kt_check_verdict_fn on_verdict,
				  void *ctx) KT_MUST_CHECK;

/**
 * What the verdicts in @state come to: a fail beats all; then a check that could not be
 * judged makes an error; then one pass makes a pass; only skips make a skip.
 */
enum kt_result kt_checks_result(const struct kt_run_scenario *state);

/** Fills @ret_titles (check_count elements, strings borrowed) for the scenario_start event. */
void kt_checks_titles(const struct kt_scenario *scenario, struct kt_check_title *ret_titles);

#endif
