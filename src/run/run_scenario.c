/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "run/run_state.h"

/* ---- life ---- */

static void free_parts(struct kt_run_scenario *scenario)
{
	for (size_t i = 0; i < scenario->probe_count; i++)
		kt_run_probe_deinit(&scenario->probes[i]);
	for (size_t i = 0; i < scenario->worker_count; i++)
		kt_run_worker_deinit(&scenario->workers[i]);
	for (size_t i = 0; i < scenario->check_count; i++)
		kt_run_check_deinit(&scenario->checks[i]);
	free(scenario->probes);
	free(scenario->workers);
	free(scenario->states);
	kt_tail_deinit(&scenario->console);
	free(scenario->console_marks);
	kt_arena_deinit(&scenario->snapshots);
	kt_arena_deinit(&scenario->arena);
}

struct kt_run_scenario *kt_run_scenario_create(const char *name)
{
	size_t size = strlen(name) + 1;
	struct kt_run_scenario *scenario = calloc(1, sizeof(*scenario) + size);

	if (!scenario)
		return NULL;
	/* Behind it, not in its arena: the name stays when all else is dropped. */
	scenario->name = memcpy(scenario + 1, name, size);
	kt_tail_init(&scenario->console, KT_RUN_CONSOLE_TAIL_BYTES);
	return scenario;
}

void kt_run_scenario_drop(struct kt_run_scenario *scenario)
{
	struct kt_run_scenario rest = {
		.name = scenario->name,
		.started_mono_ns = scenario->started_mono_ns,
		.started = scenario->started,
		.ended = true,
		.ended_mono_ns = scenario->ended_mono_ns,
		.end = scenario->end,
	};

	rest.end.reason = NULL;
	rest.end.console_tail = NULL;
	rest.end.qemu_stderr_tail = NULL;
	free_parts(scenario);
	*scenario = rest;
}

void kt_run_scenario_destroy(struct kt_run_scenario *scenario)
{
	free_parts(scenario);
	free(scenario);
}

/* ---- events ---- */

static struct kt_error *check_titles(const struct kt_event_scenario_start *start, const char *name)
{
	if (start->check_count > KT_RUN_MAX_CHECKS)
		return kt_run_refuse("too many checks in a scenario", name);
	for (size_t i = 0; i < start->check_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (!strcmp(start->checks[i].id, start->checks[j].id))
				return kt_run_refuse("a check is announced twice",
						     start->checks[i].id);
		}
	}
	return NULL;
}

/* The checks as announced: pending since then. */
static struct kt_error *make_checks(struct kt_run_scenario *scenario,
				    const struct kt_event_scenario_start *start,
				    uint64_t host_mono_ns, struct kt_run_check **ret)
{
	struct kt_run_check *checks =
		kt_arena_alloc(&scenario->arena, start->check_count, sizeof(*checks));
	struct kt_error *err = checks ? NULL : kt_error_no_memory();

	for (size_t i = 0; i < start->check_count && !err; i++) {
		checks[i].id = start->checks[i].id;
		checks[i].check.check = start->checks[i].id;
		checks[i].check.text = start->checks[i].text;
		err = kt_run_check_begin(&checks[i], host_mono_ns);
	}
	if (err) {
		for (size_t i = 0; checks && i < start->check_count; i++)
			kt_run_check_deinit(&checks[i]);
		return err;
	}
	*ret = checks;
	return NULL;
}

struct kt_error *kt_run_apply_scenario_start(struct kt_run *run, struct kt_run_scenario *scenario,
					     const struct kt_event *event)
{
	struct kt_event_scenario_start copy;
	struct kt_run_check *checks;

	(void)run;
	if (scenario->started)
		return kt_run_refuse("a scenario starts twice", scenario->name);
	KT_TRY(check_titles(&event->scenario_start, scenario->name));
	KT_TRY(kt_run_copy_payload(event, &scenario->arena, &copy));
	KT_TRY(make_checks(scenario, &copy, event->host_mono_ns, &checks));
	scenario->checks = checks;
	scenario->check_count = copy.check_count;
	scenario->start = copy;
	scenario->started_mono_ns = event->host_mono_ns;
	scenario->started = true;
	return NULL;
}

struct kt_error *kt_run_apply_scenario_accel(struct kt_run *run, struct kt_run_scenario *scenario,
					     const struct kt_event *event)
{
	(void)run;
	KT_TRY(kt_run_copy_payload(event, &scenario->arena, &scenario->accel));
	scenario->has_accel = true;
	return NULL;
}

struct kt_error *kt_run_apply_guest_state(struct kt_run *run, struct kt_run_scenario *scenario,
					  const struct kt_event *event)
{
	struct kt_run_state entry = { .host_mono_ns = event->host_mono_ns };

	(void)run;
	if (scenario->state_count >= KT_RUN_MAX_STATES)
		return kt_run_refuse("a guest changes its state too often", scenario->name);
	KT_TRY(KT_RUN_GROW(scenario, states, state_count, state_cap));
	KT_TRY(kt_run_copy_payload(event, &scenario->arena, &entry.state));
	scenario->states[scenario->state_count++] = entry;
	scenario->guest = entry.state;
	return NULL;
}

/* Of the older half every second one goes, never the first: what came with it counts as come with the next. */
static void thin_marks(struct kt_run_scenario *scenario)
{
	struct kt_run_console_mark *marks = scenario->console_marks;
	size_t half = scenario->console_mark_count / 2;
	size_t kept = 0;

	for (size_t i = 0; i < scenario->console_mark_count; i++)
		if (i >= half || !(i & 1))
			marks[kept++] = marks[i];
	scenario->console_mark_count = kept;
}

struct kt_error *kt_run_apply_console(struct kt_run *run, struct kt_run_scenario *scenario,
				      const struct kt_event *event)
{
	size_t last = scenario->console_mark_count;

	(void)run;
	if (!last || scenario->console_marks[last - 1].host_mono_ns != event->host_mono_ns) {
		KT_TRY(KT_RUN_GROW(scenario, console_marks, console_mark_count, console_mark_cap));
		scenario->console_mark_count++;
		scenario->console_marks[last++].host_mono_ns = event->host_mono_ns;
	}
	kt_tail_append(&scenario->console, event->console.text, strlen(event->console.text));
	kt_tail_append(&scenario->console, "\n", 1);
	scenario->console_marks[last - 1].total_bytes = scenario->console.total_bytes;
	if (scenario->console_mark_count > KT_RUN_MAX_CONSOLE_MARKS)
		thin_marks(scenario);
	return NULL;
}

struct kt_error *kt_run_apply_scenario_end(struct kt_run *run, struct kt_run_scenario *scenario,
					   const struct kt_event *event)
{
	KT_TRY(kt_run_copy_payload(event, &scenario->arena, &scenario->end));
	scenario->ended_mono_ns = event->host_mono_ns;
	scenario->ended = true;
	if (run->limits.drop_ended)
		run->to_drop = scenario;
	return NULL;
}
