/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/session.h"

#include <string.h>

#include "base/clock.h"

/* For the verdicts that one event brings. */
struct judging {
	struct kt_session *session;
	const struct kt_scenario *scenario;
};

void kt_session_init(struct kt_session *session, const struct kt_scenario_set *scenarios,
		     kt_session_sink_fn sink, void *ctx)
{
	*session = (struct kt_session){
		.scenarios = scenarios,
		.started_ns = kt_clock_mono_ns(),
		.sink = sink,
		.ctx = ctx,
	};
}

void kt_session_deinit(struct kt_session *session)
{
	kt_run_deinit(&session->run);
	kt_error_destroy(session->error);
	session->error = NULL;
}

static struct kt_error *fold(struct kt_session *session, const struct kt_event *event)
{
	struct kt_error *err = kt_run_apply(&session->run, event);
	if (err)
		return kt_error_wrap(err, "the model refuses %s", kt_event_type_name(event->type));
	return session->sink(session->ctx, &session->run, event);
}

static struct kt_error *take_in(struct kt_session *session, struct kt_event *event)
{
	event->host_mono_ns = kt_clock_mono_ns() - session->started_ns;
	return fold(session, event);
}

static struct kt_error *on_verdict(void *ctx, const struct kt_event_check *verdict)
{
	struct judging *judging = ctx;
	struct kt_event event = {
		.type = KT_EVENT_CHECK,
		.scenario = judging->scenario->name,
		.check = *verdict,
	};

	return take_in(judging->session, &event);
}

static struct kt_error *judge(struct kt_session *session, const struct kt_scenario *scenario,
			      const struct kt_event *cause, bool final)
{
	struct judging judging = { session, scenario };

	return kt_checks_update(scenario, kt_run_find_scenario(&session->run, scenario->name),
				cause, final, on_verdict, &judging);
}

const struct kt_scenario *kt_session_scenario(const struct kt_session *session, size_t index)
{
	return session->scenarios->scenarios[index];
}

static const struct kt_scenario *find_scenario(const struct kt_session *session, const char *name)
{
	for (size_t i = 0; name && i < session->scenarios->count; i++)
		if (!strcmp(session->scenarios->scenarios[i]->name, name))
			return session->scenarios->scenarios[i];
	return NULL;
}

void kt_session_emit(struct kt_session *session, struct kt_event *event)
{
	const struct kt_scenario *scenario = find_scenario(session, event->scenario);

	if (session->error)
		return;
	session->error = take_in(session, event);
	if (!session->error && scenario && event->type != KT_EVENT_SCENARIO_END)
		session->error = judge(session, scenario, event, false);
}

void kt_session_replay(struct kt_session *session, const struct kt_event *event)
{
	if (!session->error)
		session->error = fold(session, event);
}

void kt_session_judge(struct kt_session *session, const struct kt_scenario *scenario)
{
	if (!session->error)
		session->error = judge(session, scenario, NULL, true);
}

void kt_session_note(struct kt_session *session, const char *scenario, const char *text)
{
	struct kt_event event = {
		.type = KT_EVENT_NOTE,
		.scenario = scenario,
		.note = { .text = text },
	};

	kt_session_emit(session, &event);
}
