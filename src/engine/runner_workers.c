/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/runner_state.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/text.h"

static uint32_t worker_id(const struct kt_runner *runner, const struct worker_run *run)
{
	return KT_WORKER_FIRST_ID + (uint32_t)(run - runner->workers);
}

static void emit_state(struct kt_runner *runner, const struct worker_run *run,
		       enum kt_worker_state state)
{
	struct kt_event event = {
		.type = KT_EVENT_WORKER,
		.worker = { .worker = run->worker->name,
			    .state = state,
			    .pid = { run->pid != 0, run->pid } },
	};

	kt_runner_emit(runner, &event);
}

static void emit_end(struct kt_runner *runner, const struct worker_run *run,
		     const struct kt_link_message *message, const char *detail)
{
	struct kt_event event = {
		.type = KT_EVENT_WORKER,
		.worker = { .worker = run->worker->name,
			    .state = KT_WORKER_EXITED,
			    .pid = { run->pid != 0, run->pid },
			    .exit_code = { !message->is_signal, message->status },
			    .signal = { message->is_signal, message->status },
			    .detail = detail },
	};

	kt_runner_emit(runner, &event);
}

const char *kt_runner_program_name(const char *word)
{
	const char *slash = strrchr(word, '/');

	return slash ? slash + 1 : word;
}

static void spawn_worker(struct kt_runner *runner, struct worker_run *run)
{
	const struct kt_scenario_worker *worker = run->worker;
	char *argv[KT_SCENARIO_MAX_ARGUMENTS + 1];

	argv[0] = (char *)kt_runner_program_name(worker->command[0]);
	for (size_t i = 1; i <= worker->argument_count; i++)
		argv[i] = (char *)worker->command[i];
	run->phase = WORKER_STARTING;
	kt_guest_spawn(runner->guest, worker_id(runner, run), argv, worker->environment,
		       KT_WORKER_OUTPUT_BYTES);
}

void kt_runner_start_workers(struct kt_runner *runner)
{
	const struct kt_scenario *scenario = runner->scenario;

	runner->workers_left = scenario->worker_count;
	for (size_t i = 0; i < scenario->worker_count; i++)
		spawn_worker(runner, &runner->workers[i]);
	if (!scenario->worker_count) {
		kt_guest_set_probing(runner->guest);
		kt_runner_next_probe(runner);
	}
}

static void set_ready(struct kt_runner *runner, struct worker_run *run)
{
	run->phase = WORKER_READY;
	emit_state(runner, run, KT_WORKER_READY);
	if (--runner->workers_left)
		return;
	kt_guest_set_probing(runner->guest);
	kt_runner_next_probe(runner);
}

static void on_started(struct kt_runner *runner, struct worker_run *run, uint64_t pid)
{
	run->pid = pid;
	emit_state(runner, run, KT_WORKER_STARTED);
	if (!run->worker->ready_marker) {
		set_ready(runner, run);
		return;
	}
	run->phase = WORKER_AWAITED;
	kt_guest_await(runner->guest, worker_id(runner, run), KT_WORKER_MARKER_PATTERN,
		       run->worker->ready_timeout_ms);
}

/* "what the exit code means", from the scenario's legend; NULL when it says nothing. */
static const char *legend(const struct kt_scenario_worker *worker, uint64_t exit_code)
{
	for (size_t i = 0; i < worker->exit_code_count; i++)
		if (worker->exit_codes[i].exit_code == exit_code)
			return worker->exit_codes[i].text;
	return NULL;
}

/* How it ended, what that means, and the end of what it said on stderr. */
static void describe_end(const struct worker_run *run, const struct kt_link_message *message,
			 struct kt_buf *out)
{
	const char *meaning = message->is_signal ? NULL : legend(run->worker, message->status);
	size_t len;
	const char *said = kt_tail_bytes(&run->stderr_tail, &len);

	kt_buf_printf(out, "worker '%s' (pid %" PRIu64 ") %s %" PRIu64, run->worker->name, run->pid,
		      message->is_signal ? "was killed by signal" : "ended with exit code",
		      message->status);
	if (meaning)
		kt_buf_printf(out, " (%s)", meaning);
	kt_buf_puts(out, run->phase == WORKER_READY ? " after it was ready"
						    : " before its ready marker appeared");
	while (len && (said[len - 1] == '\n' || said[len - 1] == '\r'))
		len--;
	if (len) {
		kt_buf_puts(out, "; its stderr ends: ");
		kt_text_sanitize(out, said, len, KT_WORKER_TAIL_BYTES, false);
	}
}

static void on_ended(struct kt_runner *runner, struct worker_run *run,
		     const struct kt_link_message *message)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (runner->winding_up) {
		run->phase = WORKER_ENDED;
		emit_end(runner, run, message, NULL);
		if (!--runner->workers_left)
			kt_guest_finish(runner->guest);
		return;
	}
	describe_end(run, message, &text);
	run->phase = WORKER_ENDED;
	emit_end(runner, run, message, kt_buf_text(&text));
	kt_runner_mourn(runner, kt_buf_text(&text));
}

static void on_awaited(struct kt_runner *runner, struct worker_run *run, const char *outcome)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (!strcmp(outcome, "found")) {
		if (run->phase == WORKER_AWAITED)
			set_ready(runner, run);
		return;
	}
	if (!strcmp(outcome, "ended"))
		return; /* how it ended comes as a message of its own */
	kt_buf_printf(&text,
		      "worker '%s' (pid %" PRIu64
		      ") did not make its ready marker /tmp/ktstr-worker-ready-%" PRIu64
		      " within %u ms",
		      run->worker->name, run->pid, run->pid, run->worker->ready_timeout_ms);
	kt_guest_fail(runner->guest, KT_REASON_WORKER_DIED, kt_buf_text(&text));
}

static void on_failed(struct kt_runner *runner, const struct worker_run *run, const char *why)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_printf(&text, "worker '%s' could not be started: %s", run->worker->name, why);
	kt_guest_fail(runner->guest, KT_REASON_WORKER_DIED, kt_buf_text(&text));
}

void kt_runner_worker_message(struct kt_runner *runner, size_t index,
			      const struct kt_link_message *message)
{
	struct worker_run *run = &runner->workers[index];

	switch (message->kind) {
	case KT_LINK_STARTED:
		if (run->phase == WORKER_STARTING)
			on_started(runner, run, message->pid);
		return;
	case KT_LINK_FAILED:
		on_failed(runner, run, message->text);
		return;
	case KT_LINK_AWAITED:
		on_awaited(runner, run, message->text);
		return;
	case KT_LINK_OUTPUT:
		if (message->stream == KT_STREAM_STDERR)
			kt_tail_append(&run->stderr_tail, message->bytes, message->len);
		return;
	case KT_LINK_ENDED:
		if (run->phase != WORKER_ENDED)
			on_ended(runner, run, message);
		return;
	default:
		return;
	}
}

void kt_runner_wind_up(struct kt_runner *runner)
{
	const struct kt_scenario *scenario = runner->scenario;

	runner->winding_up = true;
	runner->workers_left = scenario->worker_count;
	for (size_t i = 0; i < scenario->worker_count; i++)
		kt_guest_kill(runner->guest, worker_id(runner, &runner->workers[i]), SIGKILL);
	if (!scenario->worker_count)
		kt_guest_finish(runner->guest);
}
