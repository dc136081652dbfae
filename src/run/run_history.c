/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "run/run_state.h"

/* ---- workers ---- */

void kt_run_worker_deinit(struct kt_run_worker *worker)
{
	for (size_t i = 0; i < worker->event_count; i++)
		free(worker->events[i].texts);
	free(worker->events);
}

static struct kt_error *worker_add(struct kt_run_scenario *scenario, const char *name,
				   struct kt_run_worker **ret)
{
	struct kt_run_worker worker = { 0 };

	if (scenario->worker_count >= KT_RUN_MAX_WORKERS)
		return kt_run_refuse("one worker too many", name);
	KT_TRY(KT_RUN_GROW(scenario, workers, worker_count, worker_cap));
	KT_TRY(kt_run_copy_name(&scenario->arena, name, &worker.name));
	scenario->workers[scenario->worker_count] = worker;
	*ret = &scenario->workers[scenario->worker_count++];
	return NULL;
}

/* The first event tells when it was started, so the second one has to go. */
static void drop_second_event(struct kt_run_worker *worker)
{
	free(worker->events[1].texts);
	worker->event_count--;
	memmove(&worker->events[1], &worker->events[2],
		(worker->event_count - 1) * sizeof(*worker->events));
}

struct kt_error *kt_run_apply_worker(struct kt_run *run, struct kt_run_scenario *scenario,
				     const struct kt_event *event)
{
	struct kt_run_worker_event entry = { .host_mono_ns = event->host_mono_ns };
	struct kt_run_worker *worker =
		(struct kt_run_worker *)kt_run_find_worker(scenario, event->worker.worker);
	bool is_new = !worker;

	(void)run;
	if (is_new)
		KT_TRY(worker_add(scenario, event->worker.worker, &worker));
	struct kt_error *err = KT_RUN_GROW(worker, events, event_count, event_cap);
	if (!err)
		err = kt_run_copy_texts(event, &entry.worker, &entry.texts);
	if (err) {
		if (is_new) {
			kt_run_worker_deinit(worker);
			scenario->worker_count--;
		}
		return err;
	}
	worker->events[worker->event_count++] = entry;
	if (worker->event_count > KT_RUN_MAX_WORKER_EVENTS)
		drop_second_event(worker);
	worker->host_mono_ns = entry.host_mono_ns;
	worker->worker = entry.worker;
	return NULL;
}

/* ---- checks ---- */

struct kt_error *kt_run_check_begin(struct kt_run_check *check, uint64_t host_mono_ns)
{
	KT_TRY(KT_RUN_GROW(check, verdicts, verdict_count, verdict_cap));
	check->verdicts[check->verdict_count++] = (struct kt_run_verdict){
		.host_mono_ns = host_mono_ns,
		.check = check->check,
	};
	return NULL;
}

void kt_run_check_deinit(struct kt_run_check *check)
{
	for (size_t i = 0; i < check->verdict_count; i++)
		free(check->verdicts[i].texts);
	free(check->verdicts);
}

/* Of the older half every second one goes, but never the first. */
static void thin_verdicts(struct kt_run_check *check)
{
	size_t kept = 0;

	for (size_t i = 0; i < check->verdict_count; i++) {
		if ((i & 1) && i < check->verdict_count / 2)
			free(check->verdicts[i].texts);
		else
			check->verdicts[kept++] = check->verdicts[i];
	}
	check->verdict_count = kept;
}

struct kt_error *kt_run_apply_check(struct kt_run *run, struct kt_run_scenario *scenario,
				    const struct kt_event *event)
{
	struct kt_run_verdict entry = { .host_mono_ns = event->host_mono_ns };
	struct kt_run_check *check =
		(struct kt_run_check *)kt_run_find_check(scenario, event->check.check);

	(void)run;
	if (!check)
		return kt_run_refuse("a check that was not announced", event->check.check);
	KT_TRY(KT_RUN_GROW(check, verdicts, verdict_count, verdict_cap));
	KT_TRY(kt_run_copy_texts(event, &entry.check, &entry.texts));
	check->verdicts[check->verdict_count++] = entry;
	if (check->verdict_count > KT_RUN_MAX_VERDICTS)
		thin_verdicts(check);
	check->check = entry.check;
	return NULL;
}
