/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/stream.h"

#include "base/clock.h"
#include "probe/members.h"

enum {
	EVENT_SCHEMA = 1, /* of docs/events.md */
};

/* Who speaks, where one run has several probes; here there is one, and it runs once. */
static void put_probe(struct kt_json_writer *json, const struct kt_probe_run *run)
{
	kt_json_member_string(json, "probe", "jemalloc");
	kt_json_member_u64(json, "run", 0);
	kt_json_member_u64(json, "target_pid", (uint64_t)run->settings->pid);
}

static struct kt_json_writer *open_line(struct kt_stream *stream, const char *event,
					const struct kt_probe_run *run)
{
	struct kt_json_writer *json = &stream->output.json;

	kt_json_writer_init(json, &stream->output.pending, 0);
	kt_json_object_begin(json);
	kt_json_member_u64(json, "schema", EVENT_SCHEMA);
	kt_json_member_string(json, "event", event);
	kt_json_member_u64(json, "host_mono_ns", kt_clock_mono_ns() - run->start_mono_ns);
	put_probe(json, run);
	return json;
}

static struct kt_error *close_line(struct kt_stream *stream)
{
	kt_json_object_end(&stream->output.json);
	kt_buf_putc(&stream->output.pending, '\n');
	return kt_output_flush(&stream->output, 0);
}

static struct kt_error *begin(void *ctx, const struct kt_probe_run *run)
{
	struct kt_stream *stream = ctx;
	struct kt_json_writer *json = open_line(stream, "probe_start", run);

	stream->is_begun = true;
	kt_json_member_string(json, "tool_version", PACKAGE_VERSION);
	kt_json_member_u64(json, "started_at_unix_sec", run->started_at_unix_sec);
	if (kt_probe_settings_is_repeated(run->settings))
		kt_json_member_u64(json, "interval_ms", run->settings->interval_ms);
	kt_members_put_method(json, run);
	return close_line(stream);
}

static struct kt_error *put_snapshot(void *ctx, const struct kt_probe_run *run,
				     struct kt_probe_snapshot *snapshot)
{
	struct kt_stream *stream = ctx;
	struct kt_json_writer *json = open_line(stream, "snapshot", run);

	kt_json_member_u64(json, "index", run->snapshot_count);
	KT_TRY(kt_members_put_snapshot(&stream->output, snapshot));
	return close_line(stream);
}

struct kt_probe_sink kt_stream_sink(struct kt_stream *stream)
{
	return (struct kt_probe_sink){
		.ctx = stream,
		.out_fd = stream->output.fd,
		.begin = begin,
		.snapshot = put_snapshot,
	};
}

void kt_stream_init(struct kt_stream *stream, int fd)
{
	kt_output_init(&stream->output, fd, NULL, 0);
	stream->output.yields_to_stop = true;
	stream->is_begun = false;
}

struct kt_error *kt_stream_finish(struct kt_stream *stream, const struct kt_probe_run *run,
				  const struct kt_stream_end *end)
{
	struct kt_json_writer *json = open_line(stream, "probe_end", run);

	kt_json_member_u64(json, "exit_code", (uint64_t)end->exit_code);
	kt_json_member_u64(json, "duration_ns", kt_clock_mono_ns() - run->start_mono_ns);
	kt_json_member_u64(json, "started_at_unix_sec", run->started_at_unix_sec);
	kt_json_member_bool(json, "interrupted", run->end == KT_PROBE_RUN_INTERRUPTED);
	kt_json_member_u64(json, "snapshot_count", run->snapshot_count);
	if (run->engine.has_changed) {
		kt_json_member_string(json, "engine", run->engine.engine->name);
		kt_json_member_string(json, "engine_reason", run->engine.reason);
	}
	kt_json_member_string(json, "end_reason", kt_probe_run_end_word(run->end));
	if (end->fatal)
		kt_json_member_string(json, "fatal_kind", end->fatal);
	if (end->detail)
		kt_json_member_string(json, "detail", end->detail);
	return close_line(stream);
}

void kt_stream_deinit(struct kt_stream *stream)
{
	kt_output_deinit(&stream->output);
}
