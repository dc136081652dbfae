/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/runner.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "engine/runner_state.h"

KT_DEFINE_CLEANUP(struct kt_runner *, kt_runner_destroy);

struct kt_error *kt_runner_create(struct kt_runner_shared *shared,
				  const struct kt_scenario *scenario,
				  const struct kt_runner_image *image,
				  const struct kt_runner_handler *handler, void *ctx,
				  struct kt_runner **ret)
{
	KT_CLEANUP(kt_runner_destroy) struct kt_runner *runner = calloc(1, sizeof(*runner));
	if (!runner)
		return kt_error_no_memory();
	runner->shared = shared;
	runner->scenario = scenario;
	runner->image = *image;
	runner->handler = handler;
	runner->ctx = ctx;
	runner->result = KT_RESULT_ERROR;
	runner->probe.id = KT_PROBE_FIRST_ID;
	runner->workers = calloc(scenario->worker_count + 1, sizeof(*runner->workers));
	if (!runner->workers)
		return kt_error_no_memory();
	for (size_t i = 0; i < scenario->worker_count; i++) {
		runner->workers[i].worker = &scenario->workers[i];
		kt_tail_init(&runner->workers[i].stderr_tail, KT_WORKER_TAIL_BYTES);
	}
	*ret = KT_TAKE(runner);
	return NULL;
}

static void give_group(struct kt_runner *runner)
{
	if (runner->shared->groups)
		kt_groups_give(runner->shared->groups, KT_TAKE(runner->group_procs));
}

void kt_runner_destroy(struct kt_runner *runner)
{
	if (!runner)
		return;
	for (size_t i = 0; runner->workers && i < runner->scenario->worker_count; i++)
		kt_tail_deinit(&runner->workers[i].stderr_tail);
	for (int i = 0; i < KT_STREAM_COUNT; i++)
		kt_buf_deinit(&runner->probe.streams[i]);
	kt_event_lines_deinit(&runner->probe.lines);
	kt_buf_deinit(&runner->cancel_text);
	kt_buf_deinit(&runner->death_text);
	kt_buf_deinit(&runner->problem);
	kt_guest_destroy(runner->guest);
	give_group(runner); /* of a guest that could not be started */
	free(runner->workers);
	free(runner);
}

enum kt_result kt_runner_result(const struct kt_runner *runner)
{
	return runner->result;
}

void kt_runner_emit(struct kt_runner *runner, struct kt_event *event)
{
	event->scenario = runner->scenario->name;
	kt_session_emit(runner->shared->session, event);
}

static enum kt_accel event_accel(const struct kt_runner *runner)
{
	return runner->accelerator == KT_ACCELERATOR_KVM ? KT_ACCEL_KVM : KT_ACCEL_TCG;
}

static struct kt_error *emit_start(struct kt_runner *runner)
{
	const struct kt_scenario *scenario = runner->scenario;
	kt_autobuf struct kt_buf label = KT_BUF_INIT;
	kt_autofree struct kt_check_title *titles =
		calloc(scenario->check_count + 1, sizeof(*titles));

	kt_topology_label(&scenario->topology, &label);
	if (!titles || label.failed)
		return kt_error_no_memory();
	kt_checks_titles(scenario, titles);
	struct kt_event event = {
		.type = KT_EVENT_SCENARIO_START,
		.scenario_start = { .file = scenario->file,
				    .topology = kt_buf_text(&label),
				    .kernel = runner->image.kernel,
				    .memory_mib =
					    kt_runner_memory_mib(scenario, runner->image.bytes),
				    .checks = titles,
				    .check_count = scenario->check_count },
	};
	kt_runner_emit(runner, &event);
	return NULL;
}

/* The end. */

/* "worker-died: worker 'x' ...", or NULL for a guest that ended well. */
static const char *describe_failure(const struct kt_runner *runner, struct kt_buf *out)
{
	const struct kt_guest *guest = runner->guest;

	if (runner->cancelled)
		return kt_buf_text(&runner->cancel_text);
	if (!guest)
		return kt_buf_text(&runner->problem);
	if (kt_guest_reason(guest) == KT_REASON_NONE)
		return NULL;
	kt_buf_puts(out, kt_guest_reason_name(kt_guest_reason(guest)));
	if (*kt_guest_detail(guest))
		kt_buf_printf(out, ": %s", kt_guest_detail(guest));
	return kt_buf_text(out);
}

static enum kt_result judge(struct kt_runner *runner, bool failed)
{
	struct kt_session *session = runner->shared->session;
	const struct kt_run_scenario *state;

	kt_session_judge(session, runner->scenario);
	state = kt_run_find_scenario(&session->run, runner->scenario->name);
	enum kt_result result = state ? kt_checks_result(state) : KT_RESULT_ERROR;
	if (runner->cancelled)
		return KT_RESULT_CANCELLED;
	/* A check that failed has failed, whatever became of the guest afterwards. */
	return failed && result != KT_RESULT_FAIL ? KT_RESULT_ERROR : result;
}

static void emit_end(struct kt_runner *runner)
{
	kt_autobuf struct kt_buf reason = KT_BUF_INIT;
	kt_autobuf struct kt_buf console = KT_BUF_INIT;
	kt_autobuf struct kt_buf said = KT_BUF_INIT;
	const char *why = describe_failure(runner, &reason);
	uint64_t boot_ns = runner->guest ? kt_guest_boot_ns(runner->guest) : 0;
	struct kt_usage usage = { 0 };

	runner->result = judge(runner, why != NULL);
	if (runner->guest)
		usage = kt_guest_usage(runner->guest);
	if (why && runner->guest) {
		kt_guest_console_tail(runner->guest, &console);
		kt_guest_stderr_tail(runner->guest, &said);
	}
	struct kt_event event = {
		.type = KT_EVENT_SCENARIO_END,
		.scenario_end = { .verdict = runner->result,
				  .reason = why,
				  .duration_ns = kt_clock_mono_ns() - runner->started_ns,
				  .boot_ns = { boot_ns != 0, boot_ns },
				  .accel = event_accel(runner),
				  .start = runner->start,
				  .console_tail = console.len ? kt_buf_text(&console) : NULL,
				  .qemu_stderr_tail = said.len ? kt_buf_text(&said) : NULL,
				  .guest_cpu_ns = usage.cpu_ns,
				  .guest_peak_rss_bytes = usage.peak_rss_bytes,
				  .guest_private_bytes = usage.private_bytes },
	};
	kt_runner_emit(runner, &event);
}

static void on_timer_closed(uv_handle_t *timer)
{
	struct kt_runner *runner = timer->data;

	if (--runner->open_timers)
		return;
	emit_end(runner);
	runner->handler->on_done(runner->ctx, runner);
}

void kt_runner_end(struct kt_runner *runner)
{
	uv_close((uv_handle_t *)&runner->scenario_timer, on_timer_closed);
	uv_close((uv_handle_t *)&runner->probe_timer, on_timer_closed);
}

/* What the guest reports. */

static void on_state(void *ctx, struct kt_guest *guest)
{
	struct kt_runner *runner = ctx;
	enum kt_guest_state state = kt_guest_state(guest);
	bool failed = state == KT_GUEST_FAILED;
	struct kt_event event = {
		.type = KT_EVENT_GUEST_STATE,
		.guest_state = { .state = state,
				 .reason = failed ? kt_guest_reason(guest) : KT_REASON_NONE,
				 .detail = failed ? kt_guest_detail(guest) : NULL,
				 .accel = event_accel(runner),
				 .start = runner->start,
				 .since_start_ns = kt_guest_since_start_ns(guest),
				 .machine = state == KT_GUEST_READY ? kt_guest_machine(guest)
								    : NULL },
	};

	/* A probe that was at work has begun, even if it did not come to say so. */
	if (failed && runner->probe.running)
		kt_runner_announce_probe(runner, NULL);
	kt_runner_emit(runner, &event);
	if (state != KT_GUEST_READY)
		return;
	runner->was_ready = true;
	if (kt_runner_is_as_asked(runner))
		kt_runner_start_workers(runner);
	runner->handler->on_ready(runner->ctx);
}

static void on_message(void *ctx, const struct kt_link_message *message)
{
	struct kt_runner *runner = ctx;
	uint32_t index = message->id - KT_WORKER_FIRST_ID;

	if (message->id >= KT_WORKER_FIRST_ID && index < runner->scenario->worker_count)
		kt_runner_worker_message(runner, index, message);
	else
		kt_runner_probe_message(runner, message);
}

static void on_console(void *ctx, const char *line)
{
	struct kt_event event = { .type = KT_EVENT_CONSOLE, .console = { .text = line } };

	kt_runner_emit(ctx, &event);
}

static void on_note(void *ctx, const char *text)
{
	const struct kt_runner *runner = ctx;

	kt_session_note(runner->shared->session, runner->scenario->name, text);
}

static void on_stopped(void *ctx)
{
	struct kt_runner *runner = ctx;

	give_group(runner);
	(void)uv_timer_stop(&runner->probe_timer);
	if (!kt_runner_try_again(runner))
		kt_runner_end(runner);
}

const struct kt_guest_handler kt_runner_guest_handler = {
	.on_state = on_state,
	.on_message = on_message,
	.on_console = on_console,
	.on_note = on_note,
	.on_stopped = on_stopped,
};

/* The start. */

static uint32_t timeout_s(const struct kt_runner *runner)
{
	return runner->shared->timeout_s ? runner->shared->timeout_s : runner->scenario->timeout_s;
}

static void on_scenario_timeout(uv_timer_t *timer)
{
	struct kt_runner *runner = timer->data;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_printf(&text, "the scenario took longer than %u s", timeout_s(runner));
	runner->timed_out = true;
	kt_runner_stop_guest(runner, KT_REASON_TIMEOUT, kt_buf_text(&text));
}

void kt_runner_start(struct kt_runner *runner)
{
	struct kt_runner_shared *shared = runner->shared;

	runner->started_ns = kt_clock_mono_ns();
	runner->open_timers = 2;
	(void)uv_timer_init(shared->loop, &runner->scenario_timer);
	(void)uv_timer_init(shared->loop, &runner->probe_timer);
	runner->scenario_timer.data = runner;
	runner->probe_timer.data = runner;
	uv_update_time(shared->loop);
	(void)uv_timer_start(&runner->scenario_timer, on_scenario_timeout,
			     1000 * (uint64_t)timeout_s(runner), 0);
	kt_autoerr struct kt_error *err = emit_start(runner);
	if (err) {
		kt_buf_puts(&runner->problem, kt_error_message(err));
		kt_runner_end(runner);
		return;
	}
	kt_runner_start_guest(runner);
}

void kt_runner_cancel(struct kt_runner *runner, const char *text)
{
	if (runner->cancelled || (!runner->guest && !runner->is_waiting))
		return;
	runner->cancelled = true;
	kt_buf_puts(&runner->cancel_text, text);
	kt_runner_stop_guest(runner, KT_REASON_CANCELLED, text);
}
