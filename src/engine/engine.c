/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/engine.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "engine/jobs.h"
#include "engine/next.h"

#define FAIL_FAST_TEXT "an earlier scenario did not pass (--fail-fast)"

struct kt_engine {
	struct kt_runner_shared *shared;
	const struct kt_runner_image *images;
	struct kt_engine_options options;
	kt_engine_done_fn on_done;
	void *ctx;

	struct kt_schedule schedule;
	struct kt_next next;
	struct kt_runner **running; /* by place in the schedule; NULL before and after */
	uv_check_t check;
	bool cancelled;
	bool closing;
};

static void start_more(struct kt_engine *engine);

KT_DEFINE_CLEANUP(struct kt_engine *, kt_engine_destroy);

static void on_template_note(void *ctx, const char *text)
{
	struct kt_engine *engine = ctx;

	kt_session_note(engine->shared->session, NULL, text);
}

static struct kt_error *create_templates(struct kt_engine *engine)
{
	const struct kt_templates_config config = {
		.loop = engine->shared->loop,
		.cache_dir = engine->options.template_dir,
		.cache_limit_bytes = engine->options.template_limit_bytes,
		.tsc_khz = engine->shared->tsc_khz,
		.on_note = on_template_note,
		.ctx = engine,
	};

	KT_TRY(kt_standbys_create(config.loop, engine->shared->groups, &engine->shared->standbys));
	return kt_templates_create(&config, &engine->shared->templates);
}

static const struct kt_scenario *scenario_at(const struct kt_engine *engine, size_t place)
{
	return kt_session_scenario(engine->shared->session, engine->schedule.entries[place].index);
}

static struct kt_error *make_schedule(struct kt_engine *engine)
{
	size_t count = engine->shared->session->scenarios->count;
	struct kt_schedule_entry *entries = calloc(count + 1, sizeof(*entries));

	if (!entries)
		return kt_error_no_memory();
	for (size_t i = 0; i < count; i++) {
		const struct kt_scenario *scenario =
			kt_session_scenario(engine->shared->session, i);

		entries[i] = (struct kt_schedule_entry){
			.index = i,
			.estimate_ms = kt_schedule_estimate_ms(scenario),
			.memory_mib = kt_jobs_memory_mib(
				kt_runner_memory_mib(scenario, engine->images[i].bytes)),
		};
	}
	for (size_t i = 0; i < count; i++)
		entries[i].goes_ahead = kt_next_goes_ahead(&engine->next, entries, count, i);
	kt_schedule_init(&engine->schedule, entries, count, engine->options.jobs,
			 engine->options.memory_mib);
	return NULL;
}

struct kt_error *kt_engine_create(struct kt_runner_shared *shared,
				  const struct kt_runner_image *images,
				  const struct kt_engine_options *options,
				  kt_engine_done_fn on_done, void *ctx, struct kt_engine **ret)
{
	KT_CLEANUP(kt_engine_destroy) struct kt_engine *engine = calloc(1, sizeof(*engine));
	if (!engine)
		return kt_error_no_memory();
	engine->shared = shared;
	engine->images = images;
	engine->options = *options;
	engine->on_done = on_done;
	engine->ctx = ctx;
	if (options->templates)
		KT_TRY(create_templates(engine));
	KT_TRY(kt_next_init(&engine->next, shared, images, options->jobs));
	KT_TRY(make_schedule(engine));
	engine->running = calloc(engine->schedule.count + 1, sizeof(struct kt_runner *));
	if (!engine->running)
		return kt_error_no_memory();
	*ret = KT_TAKE(engine);
	return NULL;
}

static void on_nothing(void *ctx)
{
	(void)ctx;
}

void kt_engine_destroy(struct kt_engine *engine)
{
	if (!engine)
		return;
	/* It was never started: nothing is being made, and nobody stands by. */
	if (engine->shared->templates)
		kt_templates_close(KT_TAKE(engine->shared->templates), on_nothing, NULL);
	if (engine->shared->standbys)
		kt_standbys_close(KT_TAKE(engine->shared->standbys), on_nothing, NULL);
	kt_schedule_deinit(&engine->schedule);
	kt_next_deinit(&engine->next);
	free(engine->running);
	free(engine);
}

/* A scenario that never got a guest. */
static void skip_scenario(struct kt_engine *engine, const struct kt_scenario *scenario,
			  enum kt_result result, const char *reason)
{
	struct kt_event event = {
		.type = KT_EVENT_SCENARIO_END,
		.scenario = scenario->name,
		.scenario_end = { .verdict = result, .reason = reason },
	};

	kt_session_emit(engine->shared->session, &event);
}

static void on_templates_closed(void *ctx)
{
	struct kt_engine *engine = ctx;

	engine->on_done(engine->ctx);
}

static void on_standbys_closed(void *ctx)
{
	struct kt_engine *engine = ctx;

	kt_templates_close(KT_TAKE(engine->shared->templates), on_templates_closed, engine);
}

static void on_check_closed(uv_handle_t *handle)
{
	struct kt_engine *engine = handle->data;

	if (engine->shared->templates)
		kt_standbys_close(KT_TAKE(engine->shared->standbys), on_standbys_closed, engine);
	else
		engine->on_done(engine->ctx);
}

static void prepare_next(void *ctx)
{
	struct kt_engine *engine = ctx;

	kt_next_prepare(&engine->next, &engine->schedule);
}

static void on_runner_done(void *ctx, struct kt_runner *runner)
{
	struct kt_engine *engine = ctx;
	enum kt_result result = kt_runner_result(runner);
	size_t place = 0;

	while (engine->running[place] != runner)
		place++;
	engine->running[place] = NULL;
	kt_schedule_give_back(&engine->schedule, place);
	kt_runner_destroy(runner);
	if (engine->options.fail_fast && result != KT_RESULT_PASS && result != KT_RESULT_SKIP)
		kt_engine_cancel(engine, FAIL_FAST_TEXT);
	start_more(engine);
}

/* A scenario whose image could not be made. */
static void miss_scenario(struct kt_engine *engine, size_t place, const char *missing)
{
	bool skip = engine->options.skip_missing;

	skip_scenario(engine, scenario_at(engine, place), skip ? KT_RESULT_SKIP : KT_RESULT_ERROR,
		      missing);
	if (engine->options.fail_fast && !skip)
		kt_engine_cancel(engine, FAIL_FAST_TEXT);
}

/* False if it is over already. */
static bool start_scenario(struct kt_engine *engine, size_t place)
{
	static const struct kt_runner_handler handler = {
		.on_ready = prepare_next,
		.on_done = on_runner_done,
	};
	const struct kt_scenario *scenario = scenario_at(engine, place);
	const struct kt_runner_image *image =
		&engine->images[engine->schedule.entries[place].index];
	struct kt_runner *runner;

	if (image->missing) {
		miss_scenario(engine, place, image->missing);
		return false;
	}
	kt_autoerr struct kt_error *err =
		kt_runner_create(engine->shared, scenario, image, &handler, engine, &runner);
	if (err) {
		skip_scenario(engine, scenario, KT_RESULT_ERROR, kt_error_message(err));
		return false;
	}
	engine->running[place] = runner;
	kt_runner_start(runner);
	return true;
}

static void start_more(struct kt_engine *engine)
{
	size_t place;

	while (kt_schedule_take(&engine->schedule, &place))
		if (!start_scenario(engine, place))
			kt_schedule_give_back(&engine->schedule, place);
	if (engine->schedule.active_count || engine->closing)
		return;
	engine->closing = true;
	uv_close((uv_handle_t *)&engine->check, on_check_closed);
}

/* A session that cannot go on ends the run: nobody would see what still happened. */
static void on_check(uv_check_t *check)
{
	struct kt_engine *engine = check->data;

	if (engine->shared->session->error)
		kt_engine_cancel(engine, "the run cannot be reported any more");
}

void kt_engine_start(struct kt_engine *engine)
{
	(void)uv_check_init(engine->shared->loop, &engine->check);
	engine->check.data = engine;
	(void)uv_check_start(&engine->check, on_check);
	uv_unref((uv_handle_t *)&engine->check);
	start_more(engine);
}

void kt_engine_cancel(struct kt_engine *engine, const char *text)
{
	size_t place;

	if (engine->cancelled)
		return;
	engine->cancelled = true;
	for (size_t i = 0; i < engine->schedule.count; i++)
		if (engine->running[i])
			kt_runner_cancel(engine->running[i], text);
	while (kt_schedule_drop(&engine->schedule, &place))
		skip_scenario(engine, scenario_at(engine, place), KT_RESULT_CANCELLED, text);
	prepare_next(engine); /* nobody is next */
}
