/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/report.h"

#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "probe/members.h"

enum {
	INDENT = 2
};

static struct kt_error *put_document(struct kt_output *output, const struct kt_probe_run *run,
				     const struct kt_document *document)
{
	struct kt_json_writer *json = &output->json;

	kt_json_object_begin(json);
	kt_json_member_u64(json, "schema_version", KT_PROBE_SCHEMA_VERSION);
	kt_json_member_u64(json, "pid", (uint64_t)run->settings->pid);
	kt_json_member_string(json, "tool_version", PACKAGE_VERSION);
	kt_json_member_u64(json, "started_at_unix_sec", run->started_at_unix_sec);
	if (kt_probe_settings_is_repeated(run->settings))
		kt_json_member_u64(json, "interval_ms", run->settings->interval_ms);
	kt_json_member_bool(json, "interrupted", run->end == KT_PROBE_RUN_INTERRUPTED);
	kt_json_key(json, "snapshots");
	kt_json_array_begin(json);
	for (size_t i = 0; i < document->count; i++) {
		kt_json_object_begin(json);
		KT_TRY(kt_members_put_snapshot(output, &document->snapshots[i]));
		kt_json_object_end(json);
	}
	kt_json_array_end(json);
	kt_json_member_string(json, "end_reason", kt_probe_run_end_word(run->end));
	kt_members_put_method(json, run);
	kt_json_object_end(json);
	kt_buf_putc(&output->pending, '\n');
	return kt_output_flush(output, 0);
}

struct kt_error *kt_report_json(const struct kt_probe_run *run, const struct kt_document *document,
				int fd, struct kt_buf *copy)
{
	struct kt_output output;

	kt_output_init(&output, fd, copy, INDENT);
	struct kt_error *err = put_document(&output, run, document);
	kt_output_deinit(&output);
	if (!err && copy)
		err = kt_buf_error(copy);
	return err;
}

/* A name is the target's choice: it must not look like a line of ours. */
static void put_text_name(struct kt_buf *out, const struct kt_row *row)
{
	if (!row->comm[0])
		return;
	kt_buf_puts(out, " comm=");
	kt_text_sanitize(out, row->comm, strlen(row->comm), SIZE_MAX, false);
}

static void put_text_extras(struct kt_buf *out, const struct kt_extras *extras)
{
	if (extras->known & KT_EXTRA_SCHED)
		kt_buf_printf(out,
			      " run_ns=%" PRIu64 " run_delay_ns=%" PRIu64
			      " voluntary_switches=%" PRIu64 " involuntary_switches=%" PRIu64,
			      extras->run_ns, extras->run_delay_ns, extras->voluntary_switches,
			      extras->involuntary_switches);
	if (extras->known & KT_EXTRA_CPU)
		kt_buf_printf(out, " state=%c cpu=%d utime_ns=%" PRIu64 " stime_ns=%" PRIu64,
			      extras->state, extras->cpu, extras->utime_ns, extras->stime_ns);
	if (extras->known & KT_EXTRA_TCACHE)
		kt_buf_printf(out, " tcache_bytes=%" PRIu64, extras->tcache_bytes);
}

static void put_text_row(const struct kt_row *row, const struct kt_extras *extras,
			 struct kt_buf *out, struct kt_buf *err)
{
	switch ((enum kt_row_state)row->state) {
	case KT_ROW_OK:
		kt_buf_printf(out, "tid=%d", row->tid);
		put_text_name(out, row);
		kt_buf_printf(out, " allocated_bytes=%" PRIu64 " deallocated_bytes=%" PRIu64,
			      row->allocated_bytes, row->deallocated_bytes);
		if (extras)
			put_text_extras(out, extras);
		kt_buf_putc(out, '\n');
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

static void put_text_process(const struct kt_process_extras *process, struct kt_buf *out)
{
	if (!process->has_rss && !process->has_arenas)
		return;
	kt_buf_puts(out, "process");
	if (process->has_rss)
		kt_buf_printf(out, " rss_bytes=%" PRIu64, process->rss_bytes);
	if (process->has_arenas)
		kt_buf_printf(out, " jemalloc_active_bytes=%" PRIu64 " arenas=%" PRIu64,
			      process->active_bytes, process->arena_count);
	kt_buf_putc(out, '\n');
}

static void put_text_snapshot(const struct kt_document *document, size_t index, struct kt_buf *out,
			      struct kt_buf *err)
{
	const struct kt_probe_snapshot *snapshot = &document->snapshots[index];
	const struct kt_sweep *sweep = &snapshot->sweep;

	kt_buf_printf(out, "--- snapshot %zu/%zu @ %" PRIu64 "s ---\n", index + 1, document->count,
		      snapshot->timestamp_unix_sec);
	put_text_process(&snapshot->process, out);
	for (size_t i = 0; i < sweep->count; i++)
		put_text_row(&sweep->rows[i], sweep->extras ? &sweep->extras[i] : NULL, out, err);
	if (sweep->stop_count)
		kt_buf_printf(err,
			      "note: %" PRIu64 " threads were stopped, the longest for %" PRIu64
			      " ns\n",
			      sweep->stop_count, sweep->longest_stop_ns);
}

/* How it is known, behind the line that the contract fixes; the path is last, blanks and all. */
static void put_text_method(const struct kt_probe_run *run, struct kt_buf *out, struct kt_buf *err)
{
	const struct kt_layout *layout = &run->layout;
	struct kt_unknown unknown[KT_UNKNOWN_MAX];

	kt_buf_printf(out, "jemalloc=%s sources=",
		      layout->facts.version[0] ? layout->facts.version : "unknown");
	kt_sources_print(layout->facts.sources, out);
	kt_buf_printf(out, " gate=%s tls=%s cache=%s engine=%s object=",
		      kt_gate_word(layout->gate.verdict), layout->tls_found_by,
		      kt_cache_use_word(layout->cache), run->engine.engine->name);
	kt_text_sanitize(out, layout->object, strlen(layout->object), SIZE_MAX, false);
	kt_buf_putc(out, '\n');
	if (run->resolve_stop_count)
		kt_buf_puts(err, "note: the main thread was stopped once, to judge the layout by "
				 "it\n");
	size_t count = kt_unknown_list(run, unknown);
	for (size_t i = 0; i < count; i++)
		kt_buf_printf(err, "note: %s unknown: %s\n", unknown[i].name, unknown[i].reason);
}

struct kt_error *kt_report_text(const struct kt_probe_run *run, const struct kt_document *document,
				int out_fd, int err_fd)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;
	kt_autobuf struct kt_buf err = KT_BUF_INIT;

	kt_buf_printf(&out, "pid=%d tool_version=%s\n", run->settings->pid, PACKAGE_VERSION);
	put_text_method(run, &out, &err);
	for (size_t i = 0; i < document->count; i++)
		put_text_snapshot(document, i, &out, &err);
	KT_TRY(kt_buf_error(&out));
	KT_TRY(kt_buf_error(&err));
	KT_TRY(kt_file_write_fd(out_fd, "stdout", out.data, out.len));
	if (!err.len)
		return NULL;
	return kt_file_write_fd(err_fd, "stderr", err.data, err.len);
}
