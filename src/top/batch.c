/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/batch.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "report/exit_code.h"
#include "top/feed.h"
#include "top/output.h"
#include "top/signals.h"

struct batch {
	const struct kt_command_line *line;
	uv_loop_t loop;
	struct kt_signals signals;
	struct kt_session session;
	struct kt_output output;
	struct kt_feed *feed;
	int signal; /* the one that ended the run, or 0 */
};

static void on_signal(void *ctx, int signal)
{
	struct batch *batch = ctx;

	/* The second one does not wait: guests die with us (the kernel sees to it). */
	if (batch->signal)
		_exit(KT_EXIT_SIGNAL + signal);
	batch->signal = signal;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	kt_buf_printf(&text, "ended by SIG%s", sigabbrev_np(signal));
	kt_feed_stop(batch->feed, kt_buf_text(&text));
}

static void on_feed_done(void *ctx)
{
	struct batch *batch = ctx;

	kt_signals_close(&batch->signals);
}

/* The result, as far as the run itself goes. */
static int judge(const struct batch *batch)
{
	int code = kt_feed_exit_code(batch->feed);

	/* A check that failed is none of the business of who only wants the numbers. */
	if (batch->line->mode == KT_MODE_SAMPLE && code == KT_EXIT_FAIL)
		return KT_EXIT_PASS;
	return code;
}

static int choose_exit_code(const struct batch *batch)
{
	int code = judge(batch);

	if (batch->signal)
		return KT_EXIT_SIGNAL + batch->signal;
	if (batch->output.stdout_broken)
		return KT_EXIT_SIGNAL + SIGPIPE;
	/* A verdict that was not kept as asked for is no success. */
	if (batch->output.recording.has_failed && code == KT_EXIT_PASS)
		return KT_EXIT_CANNOT_JUDGE;
	return code;
}

/* Everything between the first and the last event. */
static struct kt_error *run_loop(struct batch *batch, const struct kt_inputs *inputs)
{
	struct kt_feed_config config = {
		.loop = &batch->loop,
		.session = &batch->session,
		.line = batch->line,
		.inputs = inputs,
		.is_live = batch->line->mode == KT_MODE_SAMPLE,
	};

	KT_TRY(kt_feed_create(&config, on_feed_done, batch, &batch->feed));
	/* From the first event on, a signal ends the run with a last one. */
	kt_signals_watch(&batch->signals, &batch->loop, on_signal, batch);
	struct kt_error *err = kt_feed_start(batch->feed);
	if (err)
		on_feed_done(batch);
	(void)uv_run(&batch->loop, UV_RUN_DEFAULT);
	return err;
}

static void tell_problem(const struct batch *batch)
{
	struct kt_feed_state state = kt_feed_state(batch->feed);

	if (state.problem)
		(void)fprintf(stderr, "ktstr-top: %s\n", state.problem);
	if (state.was_cut)
		(void)fprintf(stderr, "ktstr-top: %s: the last line was cut, and is left out\n",
			      kt_feed_name(batch->feed));
}

static struct kt_error *finish(struct batch *batch, int *ret_exit_code)
{
	kt_feed_emit_end(batch->feed, choose_exit_code(batch));
	struct kt_error *err = KT_TAKE(batch->session.error);
	if (!err)
		err = kt_output_end(&batch->output, &batch->session.run, NULL);
	tell_problem(batch);
	/* The recording may have failed on the very last event. */
	int code = choose_exit_code(batch);
	if (err && (batch->output.stdout_broken || batch->signal)) {
		kt_error_destroy(err);
		err = NULL;
	}
	if (!err)
		*ret_exit_code = code;
	return err;
}

/* What is only passed on, or was judged already, needs no past; many runs would fill the memory. */
static void configure_run(struct batch *batch)
{
	struct kt_run_limits limits = {
		.latest_only = batch->line->source != KT_SOURCE_GUESTS,
		.drop_ended = true,
	};

	kt_run_configure(&batch->session.run, &limits);
}

struct kt_error *kt_batch_run(const struct kt_command_line *line, const struct kt_inputs *inputs,
			      int *ret_exit_code)
{
	struct batch batch = { .line = line };

	KT_TRY(kt_output_init(&batch.output, line));
	if (uv_loop_init(&batch.loop)) {
		kt_output_deinit(&batch.output);
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "the event loop cannot be made");
	}
	kt_session_init(&batch.session, &inputs->set, kt_output_event, &batch.output);
	configure_run(&batch);

	struct kt_error *err = run_loop(&batch, inputs);
	if (!err)
		err = finish(&batch, ret_exit_code);
	kt_feed_destroy(batch.feed);
	(void)uv_loop_close(&batch.loop);
	kt_session_deinit(&batch.session);
	kt_output_deinit(&batch.output);
	return err;
}
