/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/feed.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/engine.h"
#include "engine/jobs.h"
#include "engine/local.h"
#include "engine/replay.h"
#include "report/exit_code.h"

enum {
	COMM_MAX_BYTES = 64,
	INTERVAL_MS = 1000,
	EXIT_CODE_MAX = 255,
};

struct kt_feed {
	struct kt_feed_config config;
	kt_feed_done_fn on_done;
	void *ctx;
	struct kt_buf name;	/* for people */
	struct kt_buf scenario; /* of a process's events */
	struct kt_buf problem;
	struct kt_buf no_groups; /* why they could not be made, though they seemed possible */
	bool has_ended;
	bool is_stopping;
	uint32_t jobs;
	uv_check_t check; /* looks whether the session failed */

	struct kt_runner_shared shared;
	struct kt_engine *engine; /* one of the three */
	struct kt_local *local;
	struct kt_replay *replay;
};

KT_DEFINE_CLEANUP(struct kt_feed *, kt_feed_destroy);

static void end(struct kt_feed *feed)
{
	feed->has_ended = true;
	uv_close((uv_handle_t *)&feed->check, NULL);
	feed->on_done(feed->ctx);
}

static void on_engine_done(void *ctx)
{
	end(ctx);
}

static void on_local_done(void *ctx, const char *problem)
{
	struct kt_feed *feed = ctx;

	if (problem)
		kt_buf_puts(&feed->problem, problem);
	end(feed);
}

static void on_replay_done(void *ctx)
{
	struct kt_feed *feed = ctx;
	struct kt_replay_state state = kt_replay_state(feed->replay);

	if (state.problem)
		kt_buf_puts(&feed->problem, state.problem);
	end(feed);
}

/*
 * How many guests at once, and how much memory they may take together.  Who says how many is
 * believed; else the smallest guest decides how many there can be at most.
 */
static void choose_crowd(const struct kt_feed *feed, struct kt_engine_options *options)
{
	const struct kt_inputs *inputs = feed->config.inputs;
	uint32_t smallest_mib = UINT32_MAX;
	struct kt_jobs_host host;

	options->jobs = feed->config.line->jobs;
	options->memory_mib = UINT64_MAX;
	if (options->jobs)
		return;
	for (size_t i = 0; i < inputs->set.count; i++) {
		uint32_t mib = kt_runner_memory_mib(inputs->set.scenarios[i],
						    inputs->images.of_scenario[i].bytes);
		smallest_mib = mib < smallest_mib ? mib : smallest_mib;
	}
	kt_jobs_look(&host);
	options->jobs = kt_jobs_fit(host.cpu_count, host.memory_bytes, smallest_mib);
	options->memory_mib = host.memory_bytes >> 20;
}

/* Made now, for the loop does not run yet.  That it fails is told with what else was found. */
static struct kt_error *make_groups(struct kt_feed *feed)
{
	const struct kt_group_place *place = &feed->config.inputs->platform.groups;
	struct kt_group_controllers controllers = { true, place->gives_pids };
	size_t scenario_count = feed->config.inputs->set.count;
	uint32_t count = scenario_count < feed->jobs ? (uint32_t)scenario_count : feed->jobs;

	if (!place->dir)
		return NULL;
	kt_groups_sweep(place->dir);
	struct kt_error *err = kt_groups_open(place->dir, controllers, count, &feed->shared.groups);
	if (!err || kt_error_class(err) == KT_ERROR_NO_MEMORY)
		return err;
	kt_buf_printf(&feed->no_groups, "no control groups for guests: %s", kt_error_message(err));
	kt_error_destroy(err);
	return kt_buf_error(&feed->no_groups);
}

static struct kt_error *create_engine(struct kt_feed *feed)
{
	const struct kt_command_line *line = feed->config.line;

	kt_platform_share(&feed->config.inputs->platform, &feed->shared);
	feed->shared.loop = feed->config.loop;
	feed->shared.session = feed->config.session;
	feed->shared.cpu = line->cpu;
	feed->shared.timeout_s = line->timeout_s;
	feed->shared.is_live = feed->config.is_live;
	feed->shared.faults = &line->faults;
	struct kt_engine_options options = {
		.fail_fast = line->fail_fast,
		.templates = !line->no_template,
		.template_dir = feed->config.inputs->template_dir,
		.template_limit_bytes = (uint64_t)line->template_cache_mib << 20,
		.skip_missing = line->skip_missing,
	};
	choose_crowd(feed, &options);
	feed->jobs = options.jobs;
	kt_buf_puts(&feed->name, "guests");
	KT_TRY(make_groups(feed));
	return kt_engine_create(&feed->shared, feed->config.inputs->images.of_scenario, &options,
				on_engine_done, feed, &feed->engine);
}

/* The name of the process, if it has one that can be read. */
static void put_comm(uint32_t pid, struct kt_buf *out)
{
	kt_autobuf struct kt_buf comm = KT_BUF_INIT;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%" PRIu32 "/comm", pid);
	kt_autoerr struct kt_error *err = kt_file_read(path, COMM_MAX_BYTES, &comm);
	if (err || comm.len < 2)
		return;
	kt_buf_puts(out, " (");
	kt_text_sanitize(out, comm.data, comm.len - 1, COMM_MAX_BYTES, false);
	kt_buf_putc(out, ')');
}

static struct kt_error *create_local(struct kt_feed *feed)
{
	const struct kt_command_line *line = feed->config.line;

	feed->jobs = 1;
	kt_buf_printf(&feed->name, "pid %" PRIu32, line->pid);
	put_comm(line->pid, &feed->name);
	kt_buf_printf(&feed->scenario, "pid-%" PRIu32, line->pid);
	KT_TRY(kt_buf_error(&feed->scenario));
	struct kt_local_config config = {
		.loop = feed->config.loop,
		.session = feed->config.session,
		.probe = feed->config.inputs->tools.probe,
		.scenario = kt_buf_text(&feed->scenario),
		.pid = line->pid,
		.snapshots = line->snapshots,
		.interval_ms = (uint32_t)kt_feed_interval_ms(line),
		.with = line->with,
		.engine = line->engine,
	};
	return kt_local_create(&config, on_local_done, feed, &feed->local);
}

static struct kt_error *create_replay(struct kt_feed *feed)
{
	const char *path = feed->config.line->replay;

	kt_buf_puts(&feed->name, path);
	return kt_replay_create(feed->config.loop, feed->config.session, path, on_replay_done, feed,
				&feed->replay);
}

struct kt_error *kt_feed_create(const struct kt_feed_config *config, kt_feed_done_fn on_done,
				void *ctx, struct kt_feed **ret)
{
	static struct kt_error *(*const creators[])(struct kt_feed *) = {
		[KT_SOURCE_GUESTS] = create_engine,
		[KT_SOURCE_LOCAL] = create_local,
		[KT_SOURCE_REPLAY] = create_replay,
	};

	KT_CLEANUP(kt_feed_destroy) struct kt_feed *feed = calloc(1, sizeof(*feed));
	if (!feed)
		return kt_error_no_memory();
	feed->config = *config;
	feed->on_done = on_done;
	feed->ctx = ctx;
	KT_TRY(creators[config->line->source](feed));
	KT_TRY(kt_buf_error(&feed->name));
	*ret = KT_TAKE(feed);
	return NULL;
}

static void tell_platform(const struct kt_feed *feed)
{
	const struct kt_platform *platform = &feed->config.inputs->platform;

	kt_platform_tell(platform, feed->config.session);
	kt_kernels_tell(&feed->config.inputs->kernels, feed->config.session);
	kt_session_note(feed->config.session, NULL,
			feed->no_groups.len ? kt_buf_text(&feed->no_groups)
					    : platform->groups.reason);
}

static struct kt_error *emit_start(struct kt_feed *feed)
{
	const struct kt_scenario_set *set = &feed->config.inputs->set;
	kt_autofree const char **names = calloc(set->count + 1, sizeof(*names));
	size_t count = set->count;

	if (!names)
		return kt_error_no_memory();
	for (size_t i = 0; i < set->count; i++)
		names[i] = set->scenarios[i]->name;
	if (feed->local)
		names[count++] = kt_buf_text(&feed->scenario);
	struct kt_event start = {
		.type = KT_EVENT_RUN_START,
		.run_start = { .tool_version = PACKAGE_VERSION,
			       .started_at_unix_sec = kt_clock_real_ns() / KT_NS_PER_SEC,
			       .jobs = feed->jobs,
			       .scenarios = names,
			       .scenario_count = count },
	};
	kt_session_emit(feed->config.session, &start);
	if (feed->engine)
		tell_platform(feed);
	return NULL;
}

static void on_check(uv_check_t *handle)
{
	struct kt_feed *feed = handle->data;

	if (feed->config.session->error)
		kt_feed_stop(feed, "the events cannot be taken any more");
}

struct kt_error *kt_feed_start(struct kt_feed *feed)
{
	if (!feed->replay)
		KT_TRY(emit_start(feed));
	(void)uv_check_init(feed->config.loop, &feed->check);
	feed->check.data = feed;
	(void)uv_check_start(&feed->check, on_check);
	uv_unref((uv_handle_t *)&feed->check);
	if (feed->engine)
		kt_engine_start(feed->engine);
	else if (feed->local)
		kt_local_start(feed->local);
	else
		kt_replay_start(feed->replay);
	return NULL;
}

void kt_feed_stop(struct kt_feed *feed, const char *text)
{
	if (feed->has_ended || feed->is_stopping)
		return;
	feed->is_stopping = true;
	if (feed->engine)
		kt_engine_cancel(feed->engine, text);
	else if (feed->local)
		kt_local_stop(feed->local);
	else
		kt_replay_stop(feed->replay);
}

struct kt_feed_state kt_feed_state(const struct kt_feed *feed)
{
	struct kt_feed_state state = {
		.has_ended = feed->has_ended,
		.problem = feed->problem.len ? kt_buf_text(&feed->problem) : NULL,
		.loaded_permille = 1000,
	};

	if (feed->replay) {
		struct kt_replay_state replay = kt_replay_state(feed->replay);

		state.was_cut = replay.was_cut;
		if (!replay.is_done && replay.file_bytes)
			state.loaded_permille = (unsigned)((double)replay.read_bytes * 999 /
							   (double)replay.file_bytes);
	}
	return state;
}

int kt_feed_exit_code(const struct kt_feed *feed)
{
	const struct kt_run *run = &feed->config.session->run;

	if (feed->problem.len)
		return KT_EXIT_CANNOT_JUDGE;
	if (feed->local)
		return KT_EXIT_PASS;
	if (!feed->replay || !run->ended)
		return kt_exit_code_of_run(run);
	/* What is no exit code was not written by us. */
	return run->end.exit_code <= EXIT_CODE_MAX ? (int)run->end.exit_code : KT_EXIT_CANNOT_JUDGE;
}

void kt_feed_emit_end(struct kt_feed *feed, int exit_code)
{
	const struct kt_run *run = &feed->config.session->run;
	struct kt_event end_event = {
		.type = KT_EVENT_RUN_END,
		.run_end = { .passed = kt_run_count_results(run, KT_RESULT_PASS),
			     .failed = kt_run_count_results(run, KT_RESULT_FAIL),
			     .errors = kt_run_count_results(run, KT_RESULT_ERROR),
			     .skipped = kt_run_count_results(run, KT_RESULT_SKIP),
			     .cancelled = kt_run_count_results(run, KT_RESULT_CANCELLED),
			     .exit_code = (uint32_t)exit_code,
			     .duration_ns = kt_clock_mono_ns() - feed->config.session->started_ns },
	};

	if (!feed->replay)
		kt_session_emit(feed->config.session, &end_event);
}

const char *kt_feed_name(const struct kt_feed *feed)
{
	return kt_buf_text(&feed->name);
}

uint64_t kt_feed_interval_ms(const struct kt_command_line *line)
{
	if (line->source != KT_SOURCE_LOCAL)
		return 0;
	return line->interval_ms ? line->interval_ms : INTERVAL_MS;
}

void kt_feed_destroy(struct kt_feed *feed)
{
	if (!feed)
		return;
	kt_engine_destroy(feed->engine);
	kt_groups_close(feed->shared.groups);
	kt_local_destroy(feed->local);
	kt_replay_destroy(feed->replay);
	kt_buf_deinit(&feed->name);
	kt_buf_deinit(&feed->scenario);
	kt_buf_deinit(&feed->problem);
	kt_buf_deinit(&feed->no_groups);
	free(feed);
}
