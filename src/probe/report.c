/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/report.h"

#include <inttypes.h>

#include "base/file.h"
#include "base/json_write.h"

enum {
	FLUSH_BYTES = 64 * 1024, /* output goes out in writes of about this size */
	INDENT = 2
};

/* Where the document goes, piece by piece. */
struct sink {
	int fd;
	struct kt_buf *copy; /* or NULL */
	struct kt_buf pending;
	struct kt_json_writer json;
};

static struct kt_error *flush(struct sink *sink, size_t at_least)
{
	KT_TRY(kt_buf_error(&sink->pending));
	if (sink->pending.len < at_least)
		return NULL;
	if (sink->copy)
		kt_buf_append(sink->copy, sink->pending.data, sink->pending.len);
	if (sink->fd >= 0)
		KT_TRY(kt_file_write_fd(sink->fd, "stdout", sink->pending.data, sink->pending.len));
	kt_buf_reset(&sink->pending);
	return NULL;
}

static void put_u64(struct kt_json_writer *json, const char *key, uint64_t value)
{
	kt_json_key(json, key);
	kt_json_u64(json, value);
}

static void put_string(struct kt_json_writer *json, const char *key, const char *value)
{
	kt_json_key(json, key);
	kt_json_string(json, value);
}

static void put_identity(struct kt_json_writer *json, const struct kt_row *row)
{
	put_u64(json, "tid", (uint64_t)row->tid);
	if (row->comm[0])
		put_string(json, "comm", row->comm);
	if (row->has_start_time)
		put_u64(json, "start_time_jiffies", row->start_time_jiffies);
}

static void put_error(struct kt_json_writer *json, const struct kt_row *row)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_row_describe(row, &text);
	put_string(json, "error", kt_buf_text(&text));
	put_string(json, "error_kind", kt_row_error_token(row->error));
}

static void put_row(struct kt_json_writer *json, const struct kt_row *row)
{
	kt_json_object_begin(json);
	put_identity(json, row);
	if (row->state == KT_ROW_OK) {
		put_u64(json, "allocated_bytes", row->allocated_bytes);
		put_u64(json, "deallocated_bytes", row->deallocated_bytes);
	} else {
		put_error(json, row);
	}
	kt_json_object_end(json);
}

/* Threads that were left out on purpose are no members of "threads": nothing was attempted. */
static void put_skipped(struct kt_json_writer *json, const struct kt_sweep *sweep)
{
	kt_json_key(json, "skipped");
	kt_json_array_begin(json);
	for (size_t i = 0; i < sweep->count; i++) {
		const struct kt_row *row = &sweep->rows[i];
		if (row->state != KT_ROW_SKIPPED)
			continue;
		kt_json_object_begin(json);
		put_identity(json, row);
		put_string(json, "reason", kt_row_skip_token(row));
		kt_json_object_end(json);
	}
	kt_json_array_end(json);
}

static struct kt_error *put_snapshot(struct sink *sink, const struct kt_probe_snapshot *snapshot)
{
	struct kt_json_writer *json = &sink->json;
	const struct kt_sweep *sweep = &snapshot->sweep;

	kt_json_object_begin(json);
	put_u64(json, "timestamp_unix_sec", snapshot->timestamp_unix_sec);
	put_u64(json, "elapsed_since_start_ns", snapshot->elapsed_since_start_ns);
	kt_json_key(json, "threads");
	kt_json_array_begin(json);
	for (size_t i = 0; i < sweep->count; i++) {
		if (sweep->rows[i].state == KT_ROW_SKIPPED)
			continue;
		put_row(json, &sweep->rows[i]);
		KT_TRY(flush(sink, FLUSH_BYTES));
	}
	kt_json_array_end(json);
	put_skipped(json, sweep);
	put_u64(json, "duration_ns", snapshot->duration_ns);
	put_u64(json, "read_calls", sweep->read_calls);
	put_u64(json, "stopped_threads", sweep->stop_count);
	put_u64(json, "longest_stop_ns", sweep->longest_stop_ns);
	kt_json_object_end(json);
	return NULL;
}

static void put_layout(struct kt_json_writer *json, const struct kt_probe_run *run)
{
	const struct kt_layout *layout = &run->layout;

	kt_json_key(json, "layout");
	kt_json_object_begin(json);
	put_string(json, "object", layout->object);
	if (layout->symbol) {
		put_string(json, "symbol", layout->symbol);
		put_string(json, "symbol_from", layout->symbol_table);
	}
	if (layout->debug_file)
		put_string(json, "debug_file", layout->debug_file);
	put_u64(json, "allocated_offset", layout->facts.allocated);
	put_u64(json, "deallocated_offset", layout->facts.deallocated);
	put_u64(json, "resolve_ns", run->resolve_ns);
	kt_json_object_end(json);
}

static struct kt_error *put_document(struct sink *sink, const struct kt_probe_run *run)
{
	struct kt_json_writer *json = &sink->json;

	kt_json_object_begin(json);
	put_u64(json, "schema_version", KT_PROBE_SCHEMA_VERSION);
	put_u64(json, "pid", (uint64_t)run->settings->pid);
	put_string(json, "tool_version", PACKAGE_VERSION);
	put_u64(json, "started_at_unix_sec", run->started_at_unix_sec);
	if (run->settings->snapshot_count > 1)
		put_u64(json, "interval_ms", run->settings->interval_ms);
	kt_json_key(json, "interrupted");
	kt_json_bool(json, run->end == KT_PROBE_RUN_INTERRUPTED);
	kt_json_key(json, "snapshots");
	kt_json_array_begin(json);
	for (size_t i = 0; i < run->snapshot_count; i++)
		KT_TRY(put_snapshot(sink, &run->snapshots[i]));
	kt_json_array_end(json);
	put_string(json, "end_reason", kt_probe_run_end_word(run->end));
	put_string(json, "engine", run->engine);
	if (run->target.has_start_time)
		put_u64(json, "target_start_time_jiffies", run->target.start_time_jiffies);
	put_layout(json, run);
	kt_json_object_end(json);
	kt_buf_putc(&sink->pending, '\n');
	return flush(sink, 0);
}

struct kt_error *kt_report_json(const struct kt_probe_run *run, int fd, struct kt_buf *copy)
{
	struct sink sink = { .fd = fd, .copy = copy };

	kt_json_writer_init(&sink.json, &sink.pending, INDENT);
	struct kt_error *err = put_document(&sink, run);
	kt_buf_deinit(&sink.pending);
	if (!err && copy)
		err = kt_buf_error(copy);
	return err;
}

static void put_text_name(struct kt_buf *out, const struct kt_row *row)
{
	if (row->comm[0])
		kt_buf_printf(out, " comm=%s", row->comm);
}

static void put_text_row(const struct kt_row *row, struct kt_buf *out, struct kt_buf *err)
{
	switch ((enum kt_row_state)row->state) {
	case KT_ROW_OK:
		kt_buf_printf(out, "tid=%d", row->tid);
		put_text_name(out, row);
		kt_buf_printf(out, " allocated_bytes=%" PRIu64 " deallocated_bytes=%" PRIu64 "\n",
			      row->allocated_bytes, row->deallocated_bytes);
		break;
	case KT_ROW_FAILED:
		kt_buf_printf(err, "warning: tid %d", row->tid);
		put_text_name(err, row);
		kt_buf_printf(err, " [%s]: ", kt_row_error_token(row->error));
		kt_row_describe(row, err);
		kt_buf_putc(err, '\n');
		break;
	case KT_ROW_SKIPPED:
		kt_buf_printf(err, "note: tid %d", row->tid);
		put_text_name(err, row);
		kt_buf_printf(err, " skipped: %s\n", kt_row_skip_token(row));
		break;
	case KT_ROW_PENDING:
		break;
	}
}

static void put_text_snapshot(const struct kt_probe_run *run, size_t index, struct kt_buf *out,
			      struct kt_buf *err)
{
	const struct kt_probe_snapshot *snapshot = &run->snapshots[index];

	kt_buf_printf(out, "--- snapshot %zu/%zu @ %" PRIu64 "s ---\n", index + 1,
		      run->snapshot_count, snapshot->timestamp_unix_sec);
	for (size_t i = 0; i < snapshot->sweep.count; i++)
		put_text_row(&snapshot->sweep.rows[i], out, err);
	if (snapshot->sweep.stop_count)
		kt_buf_printf(err,
			      "note: %" PRIu64 " threads were stopped, the longest for %" PRIu64
			      " ns\n",
			      snapshot->sweep.stop_count, snapshot->sweep.longest_stop_ns);
}

struct kt_error *kt_report_text(const struct kt_probe_run *run, int out_fd, int err_fd)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;
	kt_autobuf struct kt_buf err = KT_BUF_INIT;

	kt_buf_printf(&out, "pid=%d tool_version=%s\n", run->settings->pid, PACKAGE_VERSION);
	for (size_t i = 0; i < run->snapshot_count; i++)
		put_text_snapshot(run, i, &out, &err);
	KT_TRY(kt_buf_error(&out));
	KT_TRY(kt_buf_error(&err));
	KT_TRY(kt_file_write_fd(out_fd, "stdout", out.data, out.len));
	if (!err.len)
		return NULL;
	return kt_file_write_fd(err_fd, "stderr", err.data, err.len);
}
