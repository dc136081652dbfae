/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/jobs.h"
#include "engine/schedule.h"

#define FAIL_FAST_TEXT "an earlier scenario did not pass (--fail-fast)"

enum {
	MAX_STANDBYS = 16,
};

/* The key of a scenario's template, "" where there will be none. */
typedef char template_key[KT_HASH_TEXT_SIZE];

struct kt_engine {
	struct kt_runner_shared *shared;
	const struct kt_runner_image *images;
	struct kt_engine_options options;
	kt_engine_done_fn on_done;
	void *ctx;

	struct kt_schedule schedule;
	template_key *keys;		     /* by scenario */
	enum kt_accelerator key_accelerator; /* that they are for */
	struct kt_runner **running;	     /* by place in the schedule; NULL before and after */
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

static const struct kt_scenario *scenario_of(const struct kt_engine *engine, size_t index)
{
	return engine->shared->session->scenarios->scenarios[index];
}

static const struct kt_scenario *scenario_at(const struct kt_engine *engine, size_t place)
{
	return scenario_of(engine, engine->schedule.entries[place].index);
}

static void find_keys(struct kt_engine *engine)
{
	size_t count = engine->shared->session->scenarios->count;

	engine->key_accelerator = engine->shared->accelerator;
	for (size_t i = 0; i < count && engine->options.templates; i++) {
		engine->keys[i][0] = '\0';
		if (engine->images[i].missing)
			continue;
		/* Who cannot have one is told when its guest is started. */
		kt_error_destroy(kt_runner_template_key(engine->shared, scenario_of(engine, i),
							&engine->images[i], engine->keys[i]));
	}
}

/* The longest of those with one template, of equally long ones the first, has it made. */
static bool should_go_ahead(const struct kt_engine *engine, const struct kt_schedule_entry *entries,
			    size_t count, size_t at)
{
	const template_key *keys = engine->keys;
	const struct kt_schedule_entry *entry = &entries[at];

	for (size_t i = 0; i < count; i++) {
		bool is_before = entries[i].estimate_ms > entry->estimate_ms ||
				 (entries[i].estimate_ms == entry->estimate_ms && i < at);

		if (is_before && !strcmp(keys[i], keys[at]))
			return false;
	}
	return *keys[at];
}

static struct kt_error *make_schedule(struct kt_engine *engine)
{
	size_t count = engine->shared->session->scenarios->count;
	struct kt_schedule_entry *entries = calloc(count + 1, sizeof(*entries));

	engine->keys = calloc(count + 1, sizeof(*engine->keys));
	if (!entries || !engine->keys) {
		free(entries);
		return kt_error_no_memory();
	}
	find_keys(engine);
	for (size_t i = 0; i < count; i++) {
		const struct kt_scenario *scenario = scenario_of(engine, i);

		entries[i] = (struct kt_schedule_entry){
			.index = i,
			.estimate_ms = kt_schedule_estimate_ms(scenario),
			.memory_mib = kt_jobs_memory_mib(
				kt_runner_memory_mib(scenario, engine->images[i].bytes)),
		};
	}
	for (size_t i = 0; i < count; i++)
		entries[i].goes_ahead = should_go_ahead(engine, entries, count, i);
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
	KT_TRY(make_schedule(engine));
	engine->running = calloc(engine->schedule.count + 1, sizeof(struct kt_runner *));
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
	/* It was never started: nothing is being made, and nobody stands by. */
	if (engine->shared->templates)
		kt_templates_close(KT_TAKE(engine->shared->templates), on_nothing, NULL);
	if (engine->shared->standbys)
		kt_standbys_close(KT_TAKE(engine->shared->standbys), on_nothing, NULL);
	kt_schedule_deinit(&engine->schedule);
	free(engine->keys);
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

/* ---- those who are next ---- */

static bool has_key(struct kt_engine *engine, size_t index)
{
	if (engine->key_accelerator != engine->shared->accelerator)
		find_keys(engine);
	return *engine->keys[index];
}

/* What is next; how many, at most one for each guest that may run at once. */
static size_t find_next(struct kt_engine *engine, size_t indices[MAX_STANDBYS],
			const char *keys[MAX_STANDBYS])
{
	size_t limit = engine->options.jobs < MAX_STANDBYS ? engine->options.jobs : MAX_STANDBYS;
	size_t count = 0;
	size_t place;

	for (size_t nth = 0; nth < limit && kt_schedule_look_ahead(&engine->schedule, nth, &place);
	     nth++) {
		size_t index = engine->schedule.entries[place].index;

		if (!has_key(engine, index))
			continue;
		indices[count] = index;
		keys[count++] = engine->keys[index];
	}
	return count;
}

/*
 * Has QEMUs stand by for those who are next.  A guest that is awake waits for its probes, mostly, which
 * is the time to start others.
 */
static void prepare_next(void *ctx)
{
	struct kt_engine *engine = ctx;
	struct kt_standbys *standbys = engine->shared->standbys;
	size_t indices[MAX_STANDBYS];
	const char *keys[MAX_STANDBYS] = { NULL };

	if (!standbys)
		return;
	size_t count = find_next(engine, indices, keys);
	kt_standbys_keep(standbys, keys, count);
	for (size_t i = 0; i < count; i++) {
		if (!kt_standbys_lack(standbys, keys, i))
			continue;
		/* The guest that cannot have one is started without, and tells if that fails too. */
		kt_error_destroy(kt_runner_stand_by(engine->shared, scenario_of(engine, indices[i]),
						    &engine->images[indices[i]], keys[i]));
	}
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
