/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/run.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "run/run_state.h"

/* With its place in the list, which doubles, and what an allocation itself takes. */
static_assert(sizeof(struct kt_run_scenario) + 3 * sizeof(void *) <= KT_RUN_DROPPED_BYTES,
	      "what is kept of a scenario that was dropped is as said");

/* ---- life ---- */

void kt_run_configure(struct kt_run *run, const struct kt_run_limits *limits)
{
	assert(!limits->drop_ended || !limits->series_bytes);
	run->limits = *limits;
}

void kt_run_deinit(struct kt_run *run)
{
	for (size_t i = 0; i < run->scenario_count; i++)
		kt_run_scenario_destroy(run->scenarios[i]);
	free(run->scenarios);
	free(run->notes);
	kt_arena_deinit(&run->arena);
	*run = KT_RUN_INIT;
}

static struct kt_error *scenario_add(struct kt_run *run, const char *name,
				     struct kt_run_scenario **ret)
{
	if (run->scenario_count >= KT_RUN_MAX_SCENARIOS)
		return kt_run_refuse("one scenario too many", name);
	KT_TRY(KT_RUN_GROW(run, scenarios, scenario_count, scenario_cap));
	struct kt_run_scenario *scenario = kt_run_scenario_create(name);
	if (!scenario)
		return kt_error_no_memory();
	run->scenarios[run->scenario_count++] = scenario;
	*ret = scenario;
	return NULL;
}

/* ---- one function per event: checks first, then changes ---- */

static struct kt_error *apply_run_start(struct kt_run *run, const struct kt_event *event)
{
	if (run->started)
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "the run starts twice");
	if (event->run_start.scenario_count > KT_RUN_MAX_SCENARIOS)
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "more than %d scenarios",
				       KT_RUN_MAX_SCENARIOS);
	KT_TRY(kt_run_copy_payload(event, &run->arena, &run->start));
	run->started = true;
	return NULL;
}

static struct kt_error *apply_run_accel(struct kt_run *run, const struct kt_event *event)
{
	KT_TRY(kt_run_copy_payload(event, &run->arena, &run->accel));
	run->has_accel = true;
	return NULL;
}

static struct kt_error *apply_run_end(struct kt_run *run, const struct kt_event *event)
{
	if (run->ended)
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "the run ends twice");
	run->end = event->run_end;
	run->ended = true;
	return NULL;
}

static struct kt_error *apply_note(struct kt_run *run, const struct kt_event *event)
{
	struct kt_run_note note = { .host_mono_ns = event->host_mono_ns };

	if (run->note_count >= KT_RUN_MAX_NOTES) {
		run->dropped_note_count++;
		return NULL;
	}
	KT_TRY(KT_RUN_GROW(run, notes, note_count, note_cap));
	KT_TRY(kt_run_copy_name(&run->arena, event->note.text, &note.text));
	if (event->scenario)
		KT_TRY(kt_run_copy_name(&run->arena, event->scenario, &note.scenario));
	run->notes[run->note_count++] = note;
	return NULL;
}

typedef struct kt_error *(*apply_run_fn)(struct kt_run *run, const struct kt_event *event);
typedef struct kt_error *(*apply_scenario_fn)(struct kt_run *run, struct kt_run_scenario *scenario,
					      const struct kt_event *event);

/* Which events are about the run, which about a scenario; accel may be about either. */
static const struct {
	apply_run_fn run;
	apply_scenario_fn scenario;
} appliers[KT_EVENT_TYPE_COUNT] = {
	[KT_EVENT_RUN_START] = { apply_run_start, NULL },
	[KT_EVENT_ACCEL] = { apply_run_accel, kt_run_apply_scenario_accel },
	[KT_EVENT_SCENARIO_START] = { NULL, kt_run_apply_scenario_start },
	[KT_EVENT_GUEST_STATE] = { NULL, kt_run_apply_guest_state },
	[KT_EVENT_WORKER] = { NULL, kt_run_apply_worker },
	[KT_EVENT_PROBE_START] = { NULL, kt_run_apply_probe_start },
	[KT_EVENT_SNAPSHOT] = { NULL, kt_run_apply_snapshot },
	[KT_EVENT_PROBE_END] = { NULL, kt_run_apply_probe_end },
	[KT_EVENT_CHECK] = { NULL, kt_run_apply_check },
	[KT_EVENT_CONSOLE] = { NULL, kt_run_apply_console },
	[KT_EVENT_NOTE] = { apply_note, NULL },
	[KT_EVENT_SCENARIO_END] = { NULL, kt_run_apply_scenario_end },
	[KT_EVENT_RUN_END] = { apply_run_end, NULL },
};

static struct kt_error *apply_to_scenario(struct kt_run *run, const struct kt_event *event)
{
	struct kt_run_scenario *scenario =
		(struct kt_run_scenario *)kt_run_find_scenario(run, event->scenario);
	size_t count_before = run->scenario_count;

	if (!scenario)
		KT_TRY(scenario_add(run, event->scenario, &scenario));
	if (scenario->ended)
		return kt_run_refuse("a scenario goes on after its end", scenario->name);
	struct kt_error *err = appliers[event->type].scenario(run, scenario, event);
	if (err && run->scenario_count > count_before)
		kt_run_scenario_destroy(run->scenarios[--run->scenario_count]);
	return err;
}

struct kt_error *kt_run_apply(struct kt_run *run, const struct kt_event *event)
{
	if (event->type == KT_EVENT_NONE)
		return NULL;
	/* Not with its end: whoever is told of that reads what it came to. */
	if (run->to_drop)
		kt_run_scenario_drop(KT_TAKE(run->to_drop));
	if (appliers[event->type].scenario && event->scenario)
		KT_TRY(apply_to_scenario(run, event));
	else if (appliers[event->type].run)
		KT_TRY(appliers[event->type].run(run, event));
	else
		return kt_run_refuse("an event without its scenario",
				     kt_event_type_name(event->type));
	run->event_count++;
	run->last_mono_ns = event->host_mono_ns;
	return NULL;
}
