/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/batch.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "engine/engine.h"
#include "engine/jobs.h"
#include "report/exit_code.h"
#include "top/output.h"

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP };
enum {
	ENDING_SIGNAL_COUNT = sizeof(ending_signals) / sizeof(*ending_signals)
};

struct batch {
	const struct kt_command_line *line;
	const struct kt_scenario_set *set;
	uv_loop_t loop;
	uv_signal_t signals[ENDING_SIGNAL_COUNT];
	struct kt_session session;
	struct kt_output output;
	struct kt_runner_shared shared;
	struct kt_engine *engine;
	uint32_t jobs;
	int signal; /* the one that ended the run, or 0 */
};

static void on_signal(uv_signal_t *handle, int signal)
{
	struct batch *batch = handle->data;

	/* The second one does not wait: guests die with us (the kernel sees to it). */
	if (batch->signal)
		_exit(KT_EXIT_SIGNAL + signal);
	batch->signal = signal;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	kt_buf_printf(&text, "ended by SIG%s", sigabbrev_np(signal));
	kt_engine_cancel(batch->engine, kt_buf_text(&text));
}

static void on_engine_done(void *ctx)
{
	struct batch *batch = ctx;

	for (int i = 0; i < ENDING_SIGNAL_COUNT; i++)
		uv_close((uv_handle_t *)&batch->signals[i], NULL);
}

static void watch_signals(struct batch *batch)
{
	struct sigaction inherited;

	for (int i = 0; i < ENDING_SIGNAL_COUNT; i++) {
		(void)uv_signal_init(&batch->loop, &batch->signals[i]);
		batch->signals[i].data = batch;
		/* Whoever started us under nohup, or in the background, wants it ignored. */
		if (!sigaction(ending_signals[i], NULL, &inherited) &&
		    inherited.sa_handler == SIG_IGN)
			continue;
		(void)uv_signal_start(&batch->signals[i], on_signal, ending_signals[i]);
	}
}

/* The largest guest decides how many fit. */
static uint32_t choose_jobs(const struct batch *batch, const struct kt_images *images)
{
	uint32_t largest_mib = 0;

	for (size_t i = 0; i < batch->set->count; i++) {
		uint32_t mib = kt_runner_memory_mib(batch->set->scenarios[i],
						    images->of_scenario[i].bytes);
		largest_mib = mib > largest_mib ? mib : largest_mib;
	}
	return batch->line->jobs ? batch->line->jobs : kt_jobs_auto(largest_mib);
}

static struct kt_error *emit_run_start(struct batch *batch, const struct kt_platform *platform)
{
	kt_autofree const char **names = calloc(batch->set->count + 1, sizeof(*names));

	if (!names)
		return kt_error_no_memory();
	for (size_t i = 0; i < batch->set->count; i++)
		names[i] = batch->set->scenarios[i]->name;
	struct kt_event start = {
		.type = KT_EVENT_RUN_START,
		.run_start = { .tool_version = PACKAGE_VERSION,
			       .started_at_unix_sec = kt_clock_real_ns() / KT_NS_PER_SEC,
			       .jobs = batch->jobs,
			       .scenarios = names,
			       .scenario_count = batch->set->count },
	};
	kt_session_emit(&batch->session, &start);
	kt_platform_tell(platform, &batch->session);
	return NULL;
}

static void emit_run_end(struct batch *batch, int exit_code)
{
	const struct kt_run *run = &batch->session.run;
	struct kt_event end = {
		.type = KT_EVENT_RUN_END,
		.run_end = { .passed = kt_run_count_results(run, KT_RESULT_PASS),
			     .failed = kt_run_count_results(run, KT_RESULT_FAIL),
			     .errors = kt_run_count_results(run, KT_RESULT_ERROR),
			     .skipped = kt_run_count_results(run, KT_RESULT_SKIP),
			     .cancelled = kt_run_count_results(run, KT_RESULT_CANCELLED),
			     .exit_code = (uint32_t)exit_code,
			     .duration_ns = kt_clock_mono_ns() - batch->session.started_ns },
	};

	kt_session_emit(&batch->session, &end);
}

static int choose_exit_code(const struct batch *batch)
{
	int code = kt_exit_code_of_run(&batch->session.run);

	if (batch->signal)
		return KT_EXIT_SIGNAL + batch->signal;
	if (batch->output.stdout_broken)
		return KT_EXIT_SIGNAL + SIGPIPE;
	/* A verdict that was not kept as asked for is no success. */
	if (batch->output.record_failed && code == KT_EXIT_PASS)
		return KT_EXIT_CANNOT_JUDGE;
	return code;
}

/* Everything between the first and the last event. */
static struct kt_error *run_loop(struct batch *batch, const struct kt_platform *platform,
				 const struct kt_images *images)
{
	struct kt_engine_options options = {
		.jobs = batch->jobs,
		.fail_fast = batch->line->fail_fast,
		.skip_missing = batch->line->skip_missing,
	};

	KT_TRY(kt_engine_create(&batch->shared, images->of_scenario, &options, on_engine_done,
				batch, &batch->engine));
	/* From the first event on, a signal ends the run with a last one. */
	watch_signals(batch);
	struct kt_error *err = emit_run_start(batch, platform);
	if (err)
		on_engine_done(batch);
	else
		kt_engine_start(batch->engine);
	(void)uv_run(&batch->loop, UV_RUN_DEFAULT);
	return err;
}

static struct kt_error *finish(struct batch *batch, int *ret_exit_code)
{
	int code = choose_exit_code(batch);

	emit_run_end(batch, code);
	struct kt_error *err = KT_TAKE(batch->session.error);
	if (!err)
		err = kt_output_end(&batch->output, &batch->session.run, NULL);
	/* The recording may have failed on the very last event. */
	code = choose_exit_code(batch);
	if (err && (batch->output.stdout_broken || batch->signal)) {
		kt_error_destroy(err);
		err = NULL;
	}
	if (!err)
		*ret_exit_code = code;
	return err;
}

struct kt_error *kt_batch_run(const struct kt_command_line *line, const struct kt_scenario_set *set,
			      const struct kt_platform *platform, const struct kt_images *images,
			      int *ret_exit_code)
{
	struct batch batch = { .line = line, .set = set };

	KT_TRY(kt_output_init(&batch.output, line));
	if (uv_loop_init(&batch.loop)) {
		kt_output_deinit(&batch.output);
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "the event loop cannot be made");
	}
	kt_session_init(&batch.session, set, kt_output_event, &batch.output);
	kt_platform_share(platform, &batch.shared);
	batch.shared.loop = &batch.loop;
	batch.shared.session = &batch.session;
	batch.shared.cpu = line->cpu;
	batch.shared.timeout_s = line->timeout_s;
	batch.jobs = choose_jobs(&batch, images);

	struct kt_error *err = run_loop(&batch, platform, images);
	if (!err)
		err = finish(&batch, ret_exit_code);
	kt_engine_destroy(batch.engine);
	(void)uv_loop_close(&batch.loop);
	kt_session_deinit(&batch.session);
	kt_output_deinit(&batch.output);
	return err;
}
