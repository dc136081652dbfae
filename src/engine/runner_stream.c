/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/runner_state.h"

#include <string.h>

#include "base/cleanup.h"

void kt_runner_announce_probe(struct kt_runner *runner, struct kt_event *told)
{
	struct probe_run *run = &runner->probe;
	struct kt_event plain = { .type = KT_EVENT_PROBE_START };
	struct kt_event *event = told ? told : &plain;

	if (run->is_announced)
		return;
	run->is_announced = true;
	event->probe_start.probe = run->probe->name;
	event->probe_start.run = run->run;
	event->probe_start.target_pid = run->target_pid;
	kt_runner_emit(runner, event);
}

/* The agent keeps a limit too, but the stream is within that, and not every agent is ours. */
static void keep_document(struct probe_run *run, const char *bytes, size_t len)
{
	struct kt_buf *document = &run->streams[KT_STREAM_STDOUT];
	size_t room = KT_CAPTURE_MAX_BYTES - document->len;

	kt_buf_append(document, bytes, len < room ? len : room);
}

/* Takes an event of the stream; false for one that cannot stand there. */
static bool take_event(struct kt_runner *runner, struct kt_event *event)
{
	struct probe_run *run = &runner->probe;

	switch (event->type) {
	case KT_EVENT_NONE:
		return true;
	case KT_EVENT_PROBE_START:
		if (run->is_announced)
			return false;
		kt_runner_announce_probe(runner, event);
		return true;
	case KT_EVENT_SNAPSHOT:
		if (!run->is_announced || event->snapshot.index != run->streamed_count ||
		    run->streamed_count >= run->probe->snapshots)
			return false;
		event->snapshot.probe = run->probe->name;
		event->snapshot.run = run->run;
		event->snapshot.target_pid = run->target_pid;
		run->streamed_count++;
		kt_runner_emit(runner, event);
		return true;
	case KT_EVENT_PROBE_END:
		run->is_in_stream = false; /* the runner tells the end, by the document */
		return true;
	default:
		return false;
	}
}

/* Whether the line is an event of the stream; then it is taken. */
static bool take_line(struct kt_runner *runner, const char *line, size_t len)
{
	kt_autoevent struct kt_event event = { 0 };
	kt_autoerr struct kt_error *err = kt_event_decode(line, len, &event);

	return !err && take_event(runner, &event);
}

/* The first line that is none of the stream begins the document, whatever it is. */
static void leave_stream(struct probe_run *run, size_t taken_bytes)
{
	run->is_in_stream = false;
	if (run->lines.bytes.len > taken_bytes)
		keep_document(run, run->lines.bytes.data + taken_bytes,
			      run->lines.bytes.len - taken_bytes);
	kt_event_lines_deinit(&run->lines);
}

void kt_runner_take_stdout(struct kt_runner *runner, const char *bytes, size_t len)
{
	struct probe_run *run = &runner->probe;
	size_t taken = 0;

	run->stdout_bytes += len;
	if (run->stdout_bytes > KT_STREAM_MAX_BYTES)
		return;
	if (!run->is_in_stream) {
		keep_document(run, bytes, len);
		return;
	}
	kt_event_lines_feed(&run->lines, bytes, len);
	while (run->is_in_stream && taken < run->lines.whole_bytes) {
		const char *line = run->lines.bytes.data + taken;
		const char *end = memchr(line, '\n', run->lines.bytes.len - taken);
		size_t line_len = (size_t)(end - line);
		if (!take_line(runner, line, line_len))
			break;
		taken += line_len + 1;
	}
	if (!run->is_in_stream || taken < run->lines.whole_bytes ||
	    kt_event_lines_is_overlong(&run->lines)) {
		leave_stream(run, taken);
		return;
	}
	kt_buf_consume(&run->lines.bytes, taken);
	run->lines.whole_bytes = 0;
}

void kt_runner_end_stdout(struct kt_runner *runner)
{
	if (runner->probe.is_in_stream)
		leave_stream(&runner->probe, 0);
}
