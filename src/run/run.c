/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/run.h"

#include <stdlib.h>
#include <string.h>

static struct kt_error *refuse(const char *what, const char *name)
{
	return kt_error_create(KT_ERROR_PROTOCOL, 0, "%s: \"%.64s\"", what, name);
}

/* Makes room for one more element; @items is the address of a pointer to elements. */
static struct kt_error *grow(void *items, size_t *cap, size_t count, size_t size)
{
	void *old;
	void *bigger;

	if (count < *cap)
		return NULL;
	size_t new_cap = *cap ? *cap * 2 : 4;
	memcpy(&old, items, sizeof(old));
	bigger = reallocarray(old, new_cap, size);
	if (!bigger)
		return kt_error_no_memory();
	memcpy(items, &bigger, sizeof(bigger));
	*cap = new_cap;
	return NULL;
}

#define GROW(owner, items, count, cap) \
	grow(&(owner)->items, &(owner)->cap, (owner)->count, sizeof(*(owner)->items))

static struct kt_error *copy_name(struct kt_arena *arena, const char *name, const char **ret)
{
	*ret = kt_arena_copy(arena, name, strlen(name));
	return *ret ? NULL : kt_error_no_memory();
}

static struct kt_error *copy_payload(const struct kt_event *event, struct kt_arena *arena,
				     void *ret)
{
	return kt_fields_copy(kt_event_record(event->type), kt_event_payload(event), arena, ret);
}

/* ---- life ---- */

static void scenario_destroy(struct kt_run_scenario *scenario)
{
	for (size_t i = 0; i < scenario->probe_count; i++) {
		struct kt_run_probe *probe = &scenario->probes[i];

		for (size_t run = 0; run < probe->run_count; run++)
			free(probe->runs[run].snapshots);
		free(probe->runs);
	}
	free(scenario->probes);
	free(scenario->workers);
	free(scenario->states);
	kt_tail_deinit(&scenario->console);
	kt_arena_deinit(&scenario->arena);
	free(scenario);
}

void kt_run_deinit(struct kt_run *run)
{
	for (size_t i = 0; i < run->scenario_count; i++)
		scenario_destroy(run->scenarios[i]);
	free(run->scenarios);
	free(run->notes);
	kt_arena_deinit(&run->arena);
	*run = KT_RUN_INIT;
}

static struct kt_error *scenario_add(struct kt_run *run, const char *name,
				     struct kt_run_scenario **ret)
{
	if (run->scenario_count >= KT_RUN_MAX_SCENARIOS)
		return refuse("one scenario too many", name);
	KT_TRY(GROW(run, scenarios, scenario_count, scenario_cap));
	struct kt_run_scenario *scenario = calloc(1, sizeof(*scenario));
	if (!scenario)
		return kt_error_no_memory();
	kt_tail_init(&scenario->console, KT_RUN_CONSOLE_TAIL_BYTES);
	struct kt_error *err = copy_name(&scenario->arena, name, &scenario->name);
	if (err) {
		scenario_destroy(scenario);
		return err;
	}
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
	KT_TRY(copy_payload(event, &run->arena, &run->start));
	run->started = true;
	return NULL;
}

static struct kt_error *apply_run_accel(struct kt_run *run, const struct kt_event *event)
{
	KT_TRY(copy_payload(event, &run->arena, &run->accel));
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
	struct kt_run_note note = { 0 };

	if (run->note_count >= KT_RUN_MAX_NOTES) {
		run->dropped_note_count++;
		return NULL;
	}
	KT_TRY(GROW(run, notes, note_count, note_cap));
	KT_TRY(copy_name(&run->arena, event->note.text, &note.text));
	if (event->scenario)
		KT_TRY(copy_name(&run->arena, event->scenario, &note.scenario));
	run->notes[run->note_count++] = note;
	return NULL;
}

static struct kt_error *check_titles(const struct kt_event_scenario_start *start, const char *name)
{
	if (start->check_count > KT_RUN_MAX_CHECKS)
		return refuse("too many checks in a scenario", name);
	for (size_t i = 0; i < start->check_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (!strcmp(start->checks[i].id, start->checks[j].id))
				return refuse("a check is announced twice", start->checks[i].id);
		}
	}
	return NULL;
}

static struct kt_error *apply_scenario_start(struct kt_run_scenario *scenario,
					     const struct kt_event *event)
{
	struct kt_event_scenario_start copy;

	if (scenario->started)
		return refuse("a scenario starts twice", scenario->name);
	KT_TRY(check_titles(&event->scenario_start, scenario->name));
	KT_TRY(copy_payload(event, &scenario->arena, &copy));
	scenario->checks =
		kt_arena_alloc(&scenario->arena, copy.check_count, sizeof(*scenario->checks));
	if (!scenario->checks)
		return kt_error_no_memory();
	for (size_t i = 0; i < copy.check_count; i++) {
		scenario->checks[i].id = copy.checks[i].id;
		scenario->checks[i].check.check = copy.checks[i].id;
		scenario->checks[i].check.text = copy.checks[i].text;
	}
	scenario->check_count = copy.check_count;
	scenario->start = copy;
	scenario->started_mono_ns = event->host_mono_ns;
	scenario->started = true;
	return NULL;
}

static struct kt_error *apply_scenario_accel(struct kt_run_scenario *scenario,
					     const struct kt_event *event)
{
	KT_TRY(copy_payload(event, &scenario->arena, &scenario->accel));
	scenario->has_accel = true;
	return NULL;
}

static struct kt_error *apply_guest_state(struct kt_run_scenario *scenario,
					  const struct kt_event *event)
{
	struct kt_run_state entry = { .host_mono_ns = event->host_mono_ns };

	if (scenario->state_count >= KT_RUN_MAX_STATES)
		return refuse("a guest changes its state too often", scenario->name);
	KT_TRY(GROW(scenario, states, state_count, state_cap));
	KT_TRY(copy_payload(event, &scenario->arena, &entry.state));
	scenario->states[scenario->state_count++] = entry;
	scenario->guest = entry.state;
	return NULL;
}

static struct kt_error *apply_worker(struct kt_run_scenario *scenario, const struct kt_event *event)
{
	struct kt_run_worker *worker =
		(struct kt_run_worker *)kt_run_find_worker(scenario, event->worker.worker);
	struct kt_run_worker entry = { .host_mono_ns = event->host_mono_ns };

	if (!worker && scenario->worker_count >= KT_RUN_MAX_WORKERS)
		return refuse("one worker too many", event->worker.worker);
	KT_TRY(GROW(scenario, workers, worker_count, worker_cap));
	KT_TRY(copy_payload(event, &scenario->arena, &entry.worker));
	entry.name = entry.worker.worker;
	/* Growing may have moved the workers. */
	worker = (struct kt_run_worker *)kt_run_find_worker(scenario, entry.name);
	if (!worker)
		worker = &scenario->workers[scenario->worker_count++];
	*worker = entry;
	return NULL;
}

static struct kt_error *probe_add(struct kt_run_scenario *scenario, const char *name,
				  struct kt_run_probe **ret)
{
	struct kt_run_probe probe = { 0 };

	if (scenario->probe_count >= KT_RUN_MAX_PROBES)
		return refuse("one probe too many", name);
	KT_TRY(GROW(scenario, probes, probe_count, probe_cap));
	KT_TRY(copy_name(&scenario->arena, name, &probe.name));
	scenario->probes[scenario->probe_count] = probe;
	*ret = &scenario->probes[scenario->probe_count++];
	return NULL;
}

static struct kt_error *apply_probe_start(struct kt_run_scenario *scenario,
					  const struct kt_event *event)
{
	const struct kt_event_probe_start *start = &event->probe_start;
	struct kt_run_probe *probe =
		(struct kt_run_probe *)kt_run_find_probe(scenario, start->probe);

	if (start->run != (probe ? probe->run_count : 0) || start->run >= KT_RUN_MAX_PROBE_RUNS)
		return refuse("a run of a probe is out of order", start->probe);
	if (!probe)
		KT_TRY(probe_add(scenario, start->probe, &probe));
	KT_TRY(GROW(probe, runs, run_count, run_cap));
	probe->runs[probe->run_count++] = (struct kt_run_probe_run){
		.target_pid = start->target_pid,
	};
	return NULL;
}

/* The run of a probe that an event is about; it must have started and not ended. */
static struct kt_error *find_open_run(struct kt_run_scenario *scenario, const char *name,
				      uint32_t run, struct kt_run_probe_run **ret)
{
	const struct kt_run_probe *probe = kt_run_find_probe(scenario, name);

	if (!probe || run >= probe->run_count)
		return refuse("a run of a probe that did not start", name);
	if (probe->runs[run].ended)
		return refuse("a run of a probe goes on after its end", name);
	*ret = &probe->runs[run];
	return NULL;
}

static struct kt_error *apply_snapshot(struct kt_run_scenario *scenario,
				       const struct kt_event *event)
{
	const struct kt_event_snapshot *snapshot = &event->snapshot;
	struct kt_run_snapshot entry = { .host_mono_ns = event->host_mono_ns };
	struct kt_run_probe_run *run;

	KT_TRY(find_open_run(scenario, snapshot->probe, snapshot->run, &run));
	if (snapshot->index != run->snapshot_count || snapshot->index >= KT_RUN_MAX_SNAPSHOTS)
		return refuse("a snapshot is out of order", snapshot->probe);
	KT_TRY(GROW(run, snapshots, snapshot_count, snapshot_cap));
	KT_TRY(kt_fields_copy(&kt_snapshot_record, &snapshot->snapshot, &scenario->arena,
			      &entry.snapshot));
	run->snapshots[run->snapshot_count++] = entry;
	return NULL;
}

static struct kt_error *apply_probe_end(struct kt_run_scenario *scenario,
					const struct kt_event *event)
{
	struct kt_run_probe_run *run;

	KT_TRY(find_open_run(scenario, event->probe_end.probe, event->probe_end.run, &run));
	KT_TRY(copy_payload(event, &scenario->arena, &run->end));
	run->ended = true;
	return NULL;
}

static struct kt_error *apply_check(struct kt_run_scenario *scenario, const struct kt_event *event)
{
	struct kt_run_check *check =
		(struct kt_run_check *)kt_run_find_check(scenario, event->check.check);
	struct kt_event_check copy;

	if (!check)
		return refuse("a check that was not announced", event->check.check);
	KT_TRY(copy_payload(event, &scenario->arena, &copy));
	check->check = copy;
	return NULL;
}

static struct kt_error *apply_console(struct kt_run_scenario *scenario,
				      const struct kt_event *event)
{
	kt_tail_append(&scenario->console, event->console.text, strlen(event->console.text));
	kt_tail_append(&scenario->console, "\n", 1);
	return NULL;
}

static struct kt_error *apply_scenario_end(struct kt_run_scenario *scenario,
					   const struct kt_event *event)
{
	if (scenario->ended)
		return refuse("a scenario ends twice", scenario->name);
	KT_TRY(copy_payload(event, &scenario->arena, &scenario->end));
	scenario->ended = true;
	return NULL;
}

typedef struct kt_error *(*apply_run_fn)(struct kt_run *run, const struct kt_event *event);
typedef struct kt_error *(*apply_scenario_fn)(struct kt_run_scenario *scenario,
					      const struct kt_event *event);

/* Which events are about the run, which about a scenario; accel may be about either. */
static const struct {
	apply_run_fn run;
	apply_scenario_fn scenario;
} appliers[KT_EVENT_TYPE_COUNT] = {
	[KT_EVENT_RUN_START] = { apply_run_start, NULL },
	[KT_EVENT_ACCEL] = { apply_run_accel, apply_scenario_accel },
	[KT_EVENT_SCENARIO_START] = { NULL, apply_scenario_start },
	[KT_EVENT_GUEST_STATE] = { NULL, apply_guest_state },
	[KT_EVENT_WORKER] = { NULL, apply_worker },
	[KT_EVENT_PROBE_START] = { NULL, apply_probe_start },
	[KT_EVENT_SNAPSHOT] = { NULL, apply_snapshot },
	[KT_EVENT_PROBE_END] = { NULL, apply_probe_end },
	[KT_EVENT_CHECK] = { NULL, apply_check },
	[KT_EVENT_CONSOLE] = { NULL, apply_console },
	[KT_EVENT_NOTE] = { apply_note, NULL },
	[KT_EVENT_SCENARIO_END] = { NULL, apply_scenario_end },
	[KT_EVENT_RUN_END] = { apply_run_end, NULL },
};

static struct kt_error *apply_to_scenario(struct kt_run *run, const struct kt_event *event)
{
	struct kt_run_scenario *scenario =
		(struct kt_run_scenario *)kt_run_find_scenario(run, event->scenario);
	size_t count_before = run->scenario_count;

	if (!scenario)
		KT_TRY(scenario_add(run, event->scenario, &scenario));
	struct kt_error *err = appliers[event->type].scenario(scenario, event);
	if (err && run->scenario_count > count_before)
		scenario_destroy(run->scenarios[--run->scenario_count]);
	return err;
}

struct kt_error *kt_run_apply(struct kt_run *run, const struct kt_event *event)
{
	if (event->type == KT_EVENT_NONE)
		return NULL;
	if (appliers[event->type].scenario && event->scenario)
		KT_TRY(apply_to_scenario(run, event));
	else if (appliers[event->type].run)
		KT_TRY(appliers[event->type].run(run, event));
	else
		return refuse("an event without its scenario", kt_event_type_name(event->type));
	run->event_count++;
	run->last_mono_ns = event->host_mono_ns;
	return NULL;
}
