/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/runner_state.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "run/probe_document.h"

#define KT_PROBE_PROGRAM "ktstr-jemalloc-probe"

/* The pid that @probe looks at: its worker's, or the one that the scenario names. */
static uint32_t target_pid(const struct kt_runner *runner, const struct kt_scenario_probe *probe)
{
	if (!probe->target)
		return probe->pid;
	size_t index = (size_t)(probe->target - runner->scenario->workers);
	return (uint32_t)runner->workers[index].pid;
}

static void on_probe_timeout(uv_timer_t *timer)
{
	struct kt_runner *runner = timer->data;

	runner->probe.timed_out = true;
	kt_guest_kill(runner->guest, runner->probe.id, SIGKILL);
}

void kt_runner_mourn(struct kt_runner *runner, const char *why)
{
	if (!runner->probe.running) {
		(void)uv_timer_stop(&runner->probe_timer);
		kt_guest_fail(runner->guest, KT_REASON_WORKER_DIED, why);
		return;
	}
	if (runner->death_text.len)
		return;
	kt_buf_puts(&runner->death_text, why);
	(void)uv_timer_start(&runner->probe_timer, on_probe_timeout, KT_LAST_WORDS_MS, 0);
}

struct words {
	char pid[16];
	char snapshots[16];
	char interval[16];
	char *argv[16];
};

static void make_argv(const struct probe_run *run, struct words *words)
{
	const struct kt_scenario_probe *probe = run->probe;
	char **at = words->argv;

	(void)snprintf(words->pid, sizeof(words->pid), "%" PRIu32, run->target_pid);
	(void)snprintf(words->snapshots, sizeof(words->snapshots), "%" PRIu32, probe->snapshots);
	(void)snprintf(words->interval, sizeof(words->interval), "%" PRIu32, probe->interval_ms);
	*at++ = (char *)KT_PROBE_PROGRAM;
	*at++ = (char *)"--pid";
	*at++ = words->pid;
	*at++ = (char *)"--json";
	if (run->is_streamed)
		*at++ = (char *)"--stream";
	if (probe->with) {
		*at++ = (char *)"--with";
		*at++ = (char *)probe->with;
	}
	/* The probe refuses an interval without a second snapshot. */
	if (probe->snapshots > 1) {
		*at++ = (char *)"--snapshots";
		*at++ = words->snapshots;
		*at++ = (char *)"--interval-ms";
		*at++ = words->interval;
	}
	*at = NULL;
}

static void spawn_probe(struct kt_runner *runner)
{
	struct probe_run *run = &runner->probe;
	struct words words;

	make_argv(run, &words);
	run->running = true;
	kt_guest_spawn(runner->guest, run->id, words.argv, NULL,
		       run->is_streamed ? KT_STREAM_MAX_BYTES : KT_CAPTURE_MAX_BYTES);
	(void)uv_timer_start(&runner->probe_timer, on_probe_timeout, run->probe->timeout_ms, 0);
}

static void reset_run(struct kt_runner *runner)
{
	struct probe_run *run = &runner->probe;

	run->id++;
	run->target_pid = target_pid(runner, run->probe);
	run->started_ns = kt_clock_mono_ns();
	run->is_announced = false;
	run->is_streamed = runner->shared->is_live && run->probe->snapshots > 1;
	run->is_in_stream = run->is_streamed;
	run->streamed_count = 0;
	run->stdout_bytes = 0;
	kt_event_lines_deinit(&run->lines);
	for (int i = 0; i < KT_STREAM_COUNT; i++)
		kt_buf_reset(&run->streams[i]);
}

void kt_runner_next_probe(struct kt_runner *runner)
{
	struct probe_run *run = &runner->probe;

	if (run->probe && run->run + 1 < run->probe->repeat) {
		run->run++;
	} else if (runner->next_probe < runner->scenario->probe_count) {
		run->probe = &runner->scenario->probes[runner->next_probe++];
		run->run = 0;
	} else {
		kt_runner_wind_up(runner);
		return;
	}
	reset_run(runner);
	/* A stream has more to say about its start; it is waited for. */
	if (!run->is_streamed)
		kt_runner_announce_probe(runner, NULL);
	spawn_probe(runner);
}

static void emit_snapshots(struct kt_runner *runner, const struct kt_probe_document *document)
{
	for (size_t i = 0; i < document->snapshot_count; i++) {
		struct kt_event event = {
			.type = KT_EVENT_SNAPSHOT,
			.snapshot = { .probe = runner->probe.probe->name,
				      .run = runner->probe.run,
				      .index = (uint32_t)i,
				      .target_pid = runner->probe.target_pid,
				      .snapshot = document->snapshots[i] },
		};
		kt_runner_emit(runner, &event);
	}
}

/*
 * What the document adds to the end of the probe, which borrows from @document; the reason when
 * there is none.
 */
static void take_document(struct kt_runner *runner, struct kt_event_probe_end *end,
			  struct kt_probe_document *document, struct kt_buf *problem)
{
	const struct kt_buf *text = &runner->probe.streams[KT_STREAM_STDOUT];

	if (runner->probe.timed_out || !text->len) {
		end->document_error = runner->probe.timed_out ? "it took too long and was killed"
							      : "there is no output";
		return;
	}
	kt_autoerr struct kt_error *err = kt_probe_document_parse(text->data, text->len, document);
	if (err) {
		kt_buf_puts(problem, kt_error_message(err));
		end->document_error = kt_buf_text(problem);
		return;
	}
	if (!runner->probe.is_streamed) {
		emit_snapshots(runner, document);
	} else if (document->snapshot_count != runner->probe.streamed_count) {
		kt_buf_printf(problem, "its document has %zu snapshots, its stream had %" PRIu32,
			      document->snapshot_count, runner->probe.streamed_count);
		end->document_error = kt_buf_text(problem);
		return;
	}
	end->started_at_unix_sec = (struct kt_opt_u64){ true, document->started_at_unix_sec };
	end->interrupted = (struct kt_opt_bool){ true, document->interrupted };
	end->snapshot_count = (struct kt_opt_u64){ true, document->snapshot_count };
	end->layout = document->layout;
}

static void count_metrics(const struct probe_run *run, struct kt_event_probe_end *end)
{
	const struct kt_buf *out = &run->streams[KT_STREAM_STDOUT];
	const struct kt_buf *err = &run->streams[KT_STREAM_STDERR];
	uint64_t count;

	kt_autoerr struct kt_error *failed = kt_probe_metric_count(
		kt_buf_text(out), out->len, kt_buf_text(err), err->len, &count);
	if (!failed)
		end->metric_count = (struct kt_opt_u64){ true, count };
}

static void on_no_death(uv_timer_t *timer)
{
	kt_runner_next_probe(timer->data);
}

/*
 * Whether the probe ended because its worker had.  It sees that before the worker is a zombie whose end
 * the agent can tell.
 */
static bool has_lost_worker(const struct probe_run *run, const char *fatal_kind)
{
	const char *said = kt_buf_text(&run->streams[KT_STREAM_STDERR]);

	return run->probe->target && (strstr(said, "ktstr-probe-target-exited:") ||
				      (fatal_kind && !strcmp(fatal_kind, "target-exited")));
}

/* What comes behind the end of a probe. */
static void go_on(struct kt_runner *runner, const char *fatal_kind)
{
	const struct probe_run *run = &runner->probe;
	kt_autobuf struct kt_buf problem = KT_BUF_INIT;

	if (runner->death_text.len) {
		kt_runner_mourn(runner, kt_buf_text(&runner->death_text));
		return;
	}
	if (run->timed_out) {
		kt_buf_printf(&problem,
			      "probe '%s' run %" PRIu32 " did not end within %" PRIu32 " ms",
			      run->probe->name, run->run, run->probe->timeout_ms);
		kt_guest_fail(runner->guest, KT_REASON_PROBE_FATAL, kt_buf_text(&problem));
		return;
	}
	if (has_lost_worker(run, fatal_kind))
		(void)uv_timer_start(&runner->probe_timer, on_no_death, KT_LAST_WORDS_MS, 0);
	else
		kt_runner_next_probe(runner);
}

static void on_ended(struct kt_runner *runner, const struct kt_link_message *message)
{
	struct probe_run *run = &runner->probe;
	const struct kt_buf *said = &run->streams[KT_STREAM_STDERR];
	kt_autobuf struct kt_buf problem = KT_BUF_INIT;
	kt_autobuf struct kt_buf tail = KT_BUF_INIT;
	kt_autodocument struct kt_probe_document document = { 0 };
	char fatal_kind[KT_PROBE_FATAL_KIND_SIZE];

	(void)uv_timer_stop(&runner->probe_timer);
	kt_runner_end_stdout(runner);
	kt_runner_announce_probe(runner, NULL);
	struct kt_event event = {
		.type = KT_EVENT_PROBE_END,
		.probe_end = { .probe = run->probe->name,
			       .run = run->run,
			       /* How it ended says nothing when the end was our doing. */
			       .exit_code = { !message->is_signal && !run->timed_out,
					      message->status },
			       .signal = { message->is_signal && !run->timed_out, message->status },
			       .duration_ns = kt_clock_mono_ns() - run->started_ns,
			       .stdout_bytes = { true, run->streams[KT_STREAM_STDOUT].len } },
	};

	size_t skip = said->len > KT_PROBE_TAIL_BYTES ? said->len - KT_PROBE_TAIL_BYTES : 0;
	kt_text_sanitize(&tail, kt_buf_text(said) + skip, said->len - skip, 2 * KT_PROBE_TAIL_BYTES,
			 true);
	event.probe_end.stderr_tail = tail.len ? kt_buf_text(&tail) : NULL;
	if (kt_probe_fatal_kind(kt_buf_text(said), said->len, fatal_kind))
		event.probe_end.fatal_kind = fatal_kind;
	take_document(runner, &event.probe_end, &document, &problem);
	count_metrics(run, &event.probe_end);
	kt_runner_emit(runner, &event);
	run->running = false;
	go_on(runner, event.probe_end.fatal_kind);
}

static void on_failed(struct kt_runner *runner, const char *why)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_printf(&text, "probe '%s' could not be started: %s", runner->probe.probe->name, why);
	kt_guest_fail(runner->guest, KT_REASON_PROBE_FATAL, kt_buf_text(&text));
}

void kt_runner_probe_message(struct kt_runner *runner, const struct kt_link_message *message)
{
	struct probe_run *run = &runner->probe;

	/* What comes for a probe that is over, or was never asked for, is not believed. */
	if (message->id != run->id || !run->running)
		return;
	switch (message->kind) {
	case KT_LINK_OUTPUT:
		if (message->stream == KT_STREAM_STDOUT)
			kt_runner_take_stdout(runner, message->bytes, message->len);
		/* The agent keeps the limit; one that does not is not believed. */
		else if (run->streams[message->stream].len + message->len <= KT_CAPTURE_MAX_BYTES)
			kt_buf_append(&run->streams[message->stream], message->bytes, message->len);
		return;
	case KT_LINK_FAILED:
		on_failed(runner, message->text);
		return;
	case KT_LINK_ENDED:
		on_ended(runner, message);
		return;
	default:
		return;
	}
}
