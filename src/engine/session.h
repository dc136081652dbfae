/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The one place through which every event goes: it is stamped, folded into the model,
 * handed to the sink (reports, recorder), and the checks are judged anew; a verdict that
 * changed is the next event.  Where events come from does not matter here.
 *
 * An event that the model refuses, or a sink that cannot go on, is remembered as the
 * session's error; later events are dropped, and the owner ends the run.
 */
#ifndef KT_ENGINE_SESSION_H
#define KT_ENGINE_SESSION_H

#include "check/check.h"
#include "check/scenario_set.h"
#include "run/run.h"

/**
 * Takes each event once the model has it.
 * Errors: its own; the first ends the session.  Owner: borrows both.
 */
typedef struct kt_error *(*kt_session_sink_fn)(void *ctx, const struct kt_run *run,
					       const struct kt_event *event);

struct kt_session {
	struct kt_run run;
	const struct kt_scenario_set *scenarios; /* borrowed */
	uint64_t started_ns;
	kt_session_sink_fn sink;
	void *ctx;
	struct kt_error *error; /* the first that happened, or NULL */
};

/** Starts a session over @scenarios that tells @sink with @ctx. */
void kt_session_init(struct kt_session *session, const struct kt_scenario_set *scenarios,
		     kt_session_sink_fn sink, void *ctx);

/** Frees the model and an error that nobody took. */
void kt_session_deinit(struct kt_session *session);

/** Scenario @index of those that the session is over. */
const struct kt_scenario *kt_session_scenario(const struct kt_session *session, size_t index);

/** Stamps @event with the time since the start and takes it in. */
void kt_session_emit(struct kt_session *session, struct kt_event *event);

/**
 * Takes in an event that carries its own time and its own verdicts: of a recording.  Nothing is
 * stamped or judged.
 */
void kt_session_replay(struct kt_session *session, const struct kt_event *event);

/** Judges @scenario for good: no verdict stays pending or holding. */
void kt_session_judge(struct kt_session *session, const struct kt_scenario *scenario);

/** Emits a note about @scenario (NULL: about the run). */
void kt_session_note(struct kt_session *session, const char *scenario, const char *text);

#endif
