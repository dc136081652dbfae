/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/engine.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define FAIL_FAST_TEXT "an earlier scenario did not pass (--fail-fast)"

struct kt_engine {
	struct kt_runner_shared *shared;
	const struct kt_runner_image *images;
	struct kt_engine_options options;
	kt_engine_done_fn on_done;
	void *ctx;

	struct kt_runner **running; /* by scenario; NULL before and after */
	size_t scenario_count;
	size_t next;
	size_t running_count;
	uv_check_t check;
	struct kt_buf cancel_text;
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

	return kt_templates_create(&config, &engine->shared->templates);
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
	engine->scenario_count = shared->session->scenarios->count;
	engine->running = calloc(engine->scenario_count + 1, sizeof(struct kt_runner *));
	if (!engine->running)
		return kt_error_no_memory();
	if (options->templates)
		KT_TRY(create_templates(engine));
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
	if (engine->shared->templates) /* it was never started: nothing is being made */
		kt_templates_close(KT_TAKE(engine->shared->templates), on_nothing, NULL);
	kt_buf_deinit(&engine->cancel_text);
	free(engine->running);
	free(engine);
}

static const struct kt_scenario *scenario_at(const struct kt_engine *engine, size_t index)
{
	return engine->shared->session->scenarios->scenarios[index];
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

static void on_check_closed(uv_handle_t *handle)
{
	struct kt_engine *engine = handle->data;

	if (engine->shared->templates)
		kt_templates_close(KT_TAKE(engine->shared->templates), on_templates_closed, engine);
	else
		engine->on_done(engine->ctx);
}

static void on_runner_done(void *ctx, struct kt_runner *runner)
{
	struct kt_engine *engine = ctx;
	enum kt_result result = kt_runner_result(runner);

	for (size_t i = 0; i < engine->scenario_count; i++)
		if (engine->running[i] == runner)
			engine->running[i] = NULL;
	kt_runner_destroy(runner);
	engine->running_count--;
	if (engine->options.fail_fast && result != KT_RESULT_PASS && result != KT_RESULT_SKIP)
		kt_engine_cancel(engine, FAIL_FAST_TEXT);
	start_more(engine);
}

/* A scenario whose image could not be made. */
static void miss_scenario(struct kt_engine *engine, size_t index)
{
	bool skip = engine->options.skip_missing;

	skip_scenario(engine, scenario_at(engine, index), skip ? KT_RESULT_SKIP : KT_RESULT_ERROR,
		      engine->images[index].missing);
	if (engine->options.fail_fast && !skip)
		kt_engine_cancel(engine, FAIL_FAST_TEXT);
}

static void start_scenario(struct kt_engine *engine, size_t index)
{
	struct kt_runner *runner;
	if (engine->images[index].missing) {
		miss_scenario(engine, index);
		return;
	}
	kt_autoerr struct kt_error *err =
		kt_runner_create(engine->shared, scenario_at(engine, index), &engine->images[index],
				 on_runner_done, engine, &runner);

	if (err) {
		skip_scenario(engine, scenario_at(engine, index), KT_RESULT_ERROR,
			      kt_error_message(err));
		return;
	}
	engine->running[index] = runner;
	engine->running_count++;
	kt_runner_start(runner);
}

static void start_more(struct kt_engine *engine)
{
	while (engine->next < engine->scenario_count &&
	       engine->running_count < engine->options.jobs) {
		size_t index = engine->next++;
		if (engine->cancelled)
			skip_scenario(engine, scenario_at(engine, index), KT_RESULT_CANCELLED,
				      kt_buf_text(&engine->cancel_text));
		else
			start_scenario(engine, index);
	}
	if (engine->running_count || engine->closing)
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
	if (engine->cancelled)
		return;
	engine->cancelled = true;
	kt_buf_puts(&engine->cancel_text, text);
	for (size_t i = 0; i < engine->scenario_count; i++)
		if (engine->running[i])
			kt_runner_cancel(engine->running[i], text);
}
