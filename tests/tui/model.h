/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Small models for tests of the screen, made event by event.
 */
#ifndef KT_TESTS_TUI_MODEL_H
#define KT_TESTS_TUI_MODEL_H

#include <stdio.h>
#include <string.h>

#include "run/run.h"
#include "tests/unit.h"
#include "tui/dashboard.h"

#define MODEL_MS 1000000ULL
#define MODEL_S	 1000000000ULL

enum {
	MODEL_MAX_THREADS = 16,
	MODEL_SERIES_BYTES = 64 << 20,
	MODEL_INTERVAL_MS = 1000,
	MODEL_START_UNIX_SEC = 1700000000,
};

/* A snapshot to be: threads are added, changed and taken away between the snapshots. */
struct model {
	struct kt_run run;
	uint64_t now_ns;
	struct kt_thread threads[MODEL_MAX_THREADS];
	size_t thread_count;
	struct kt_snapshot_extras extras;
	uint32_t next_index;
};

static inline void model_apply(struct model *model, struct kt_event *event)
{
	event->host_mono_ns = model->now_ns;
	KT_OK(kt_run_apply(&model->run, event));
}

/* Begins a run with series of at most @series_bytes. */
static inline void model_init(struct model *model, size_t series_bytes)
{
	static const char *const names[] = { "s" };
	struct kt_run_limits limits = { .latest_only = true, .series_bytes = series_bytes };
	struct kt_event event = {
		.type = KT_EVENT_RUN_START,
		.run_start = { .tool_version = "1",
			       .started_at_unix_sec = MODEL_START_UNIX_SEC,
			       .jobs = 1,
			       .scenarios = names,
			       .scenario_count = 1 },
	};

	*model = (struct model){ 0 };
	model->run = KT_RUN_INIT;
	kt_run_configure(&model->run, &limits);
	model_apply(model, &event);
}

static inline void model_deinit(struct model *model)
{
	kt_run_deinit(&model->run);
}

/* Begins @scenario with one check, "c". */
static inline void model_scenario(struct model *model, const char *scenario)
{
	static const struct kt_check_title checks[] = { { "c", "nothing leaks" } };
	struct kt_event event = {
		.type = KT_EVENT_SCENARIO_START,
		.scenario = scenario,
		.scenario_start = { .file = "f",
				    .topology = "1n1l1c1t",
				    .memory_mib = 256,
				    .checks = checks,
				    .check_count = 1 },
	};

	model_apply(model, &event);
}

static inline void model_state(struct model *model, const char *scenario, enum kt_guest_state state)
{
	struct kt_event event = {
		.type = KT_EVENT_GUEST_STATE,
		.scenario = scenario,
		.guest_state = { .state = state, .since_start_ns = model->now_ns },
	};

	model_apply(model, &event);
}

static inline void model_verdict(struct model *model, const char *scenario, enum kt_verdict verdict)
{
	struct kt_event event = {
		.type = KT_EVENT_CHECK,
		.scenario = scenario,
		.check = { .check = "c", .verdict = verdict, .text = "nothing leaks" },
	};

	model_apply(model, &event);
}

static inline void model_probe(struct model *model, const char *scenario, uint32_t run)
{
	struct kt_event event = {
		.type = KT_EVENT_PROBE_START,
		.scenario = scenario,
		.probe_start = { .probe = "p",
				 .run = run,
				 .target_pid = 100,
				 .interval_ms = KT_KNOWN(MODEL_INTERVAL_MS) },
	};

	model->next_index = 0;
	model_apply(model, &event);
}

static inline void model_probe_end(struct model *model, const char *scenario, uint32_t run)
{
	struct kt_event event = {
		.type = KT_EVENT_PROBE_END,
		.scenario = scenario,
		.probe_end = { .probe = "p", .run = run, .exit_code = KT_KNOWN(0) },
	};

	model_apply(model, &event);
}

static inline struct kt_thread *model_thread(struct model *model, uint32_t tid)
{
	for (size_t i = 0; i < model->thread_count; i++)
		if (model->threads[i].tid == tid)
			return &model->threads[i];
	ck_abort_msg("no thread %u", tid);
	return NULL;
}

static inline void model_add(struct model *model, uint32_t tid, const char *comm,
			     uint64_t allocated_bytes, uint64_t deallocated_bytes)
{
	ck_assert_uint_lt(model->thread_count, MODEL_MAX_THREADS);
	model->threads[model->thread_count++] = (struct kt_thread){
		.tid = tid,
		.comm = comm,
		.start_time_jiffies = KT_KNOWN(1000 + tid),
		.allocated_bytes = KT_KNOWN(allocated_bytes),
		.deallocated_bytes = KT_KNOWN(deallocated_bytes),
	};
}

static inline void model_remove(struct model *model, uint32_t tid)
{
	struct kt_thread *thread = model_thread(model, tid);

	*thread = model->threads[--model->thread_count];
}

/* Sets what @tid has allocated. */
static inline void model_set(struct model *model, uint32_t tid, uint64_t allocated_bytes)
{
	model_thread(model, tid)->allocated_bytes = KT_KNOWN(allocated_bytes);
}

/* A second later, a snapshot. */
static inline void model_snapshot(struct model *model, const char *scenario, uint32_t run)
{
	uint32_t index = model->next_index++;

	model->now_ns += MODEL_S;
	struct kt_event event = {
		.type = KT_EVENT_SNAPSHOT,
		.scenario = scenario,
		.snapshot = { .probe = "p",
			      .run = run,
			      .index = index,
			      .target_pid = 100,
			      .snapshot = { .timestamp_unix_sec = MODEL_START_UNIX_SEC + index,
					    .elapsed_since_start_ns = (index + 1) * MODEL_S,
					    .threads = model->threads,
					    .thread_count = model->thread_count,
					    .extras = &model->extras } },
	};

	model_apply(model, &event);
}

/* How the model looks to whoever watches it live. */
static inline struct kt_dashboard_input model_input(const struct model *model)
{
	return (struct kt_dashboard_input){
		.run = &model->run,
		.now_ns = model->now_ns,
		.real_ns = 0,
		.is_live = true,
		.source = "guests",
		.loaded_permille = 1000,
		.interval_ms = MODEL_INTERVAL_MS,
		.command = "ktstr-top --batch --check s.json",
	};
}

#endif
