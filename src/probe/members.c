/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/members.h"

#include <stdio.h>

static void put_identity(struct kt_json_writer *json, const struct kt_row *row)
{
	kt_json_member_u64(json, "tid", (uint64_t)row->tid);
	if (row->comm[0])
		kt_json_member_string(json, "comm", row->comm);
	if (row->has_start_time)
		kt_json_member_u64(json, "start_time_jiffies", row->start_time_jiffies);
}

static void put_error(struct kt_json_writer *json, const struct kt_row *row)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_row_describe(row, &text);
	kt_json_member_string(json, "error", kt_buf_text(&text));
	kt_json_member_string(json, "error_kind", kt_row_error_token(row->error));
}

static void put_extras(struct kt_json_writer *json, const struct kt_extras *extras)
{
	if (extras->known & KT_EXTRA_SCHED) {
		kt_json_member_u64(json, "run_ns", extras->run_ns);
		kt_json_member_u64(json, "run_delay_ns", extras->run_delay_ns);
		kt_json_member_u64(json, "voluntary_switches", extras->voluntary_switches);
		kt_json_member_u64(json, "involuntary_switches", extras->involuntary_switches);
	}
	if (extras->known & KT_EXTRA_CPU) {
		kt_json_key(json, "state");
		kt_json_string_n(json, &extras->state, 1);
		kt_json_member_u64(json, "cpu", (uint64_t)extras->cpu);
		kt_json_member_u64(json, "utime_ns", extras->utime_ns);
		kt_json_member_u64(json, "stime_ns", extras->stime_ns);
	}
	if (extras->known & KT_EXTRA_TCACHE)
		kt_json_member_u64(json, "tcache_bytes", extras->tcache_bytes);
}

static void put_row(struct kt_json_writer *json, const struct kt_row *row,
		    const struct kt_extras *extras)
{
	kt_json_object_begin(json);
	put_identity(json, row);
	if (row->state == KT_ROW_OK) {
		kt_json_member_u64(json, "allocated_bytes", row->allocated_bytes);
		kt_json_member_u64(json, "deallocated_bytes", row->deallocated_bytes);
	} else {
		put_error(json, row);
	}
	if (extras)
		put_extras(json, extras);
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
		kt_json_member_string(json, "reason", kt_row_skip_token(row));
		kt_json_object_end(json);
	}
	kt_json_array_end(json);
}

static void put_process(struct kt_json_writer *json, const struct kt_process_extras *process)
{
	if (process->has_rss)
		kt_json_member_u64(json, "rss_bytes", process->rss_bytes);
	if (process->has_arenas) {
		kt_json_member_u64(json, "jemalloc_active_bytes", process->active_bytes);
		kt_json_member_u64(json, "arenas", process->arena_count);
	}
}

struct kt_error *kt_members_put_snapshot(struct kt_output *output,
					 const struct kt_probe_snapshot *snapshot)
{
	struct kt_json_writer *json = &output->json;
	const struct kt_sweep *sweep = &snapshot->sweep;

	kt_json_member_u64(json, "timestamp_unix_sec", snapshot->timestamp_unix_sec);
	kt_json_member_u64(json, "elapsed_since_start_ns", snapshot->elapsed_since_start_ns);
	kt_json_key(json, "threads");
	kt_json_array_begin(json);
	for (size_t i = 0; i < sweep->count; i++) {
		if (sweep->rows[i].state == KT_ROW_SKIPPED)
			continue;
		put_row(json, &sweep->rows[i], sweep->extras ? &sweep->extras[i] : NULL);
		KT_TRY(kt_output_flush(output, KT_OUTPUT_PIECE_BYTES));
	}
	kt_json_array_end(json);
	put_skipped(json, sweep);
	kt_json_member_u64(json, "duration_ns", snapshot->duration_ns);
	kt_json_member_u64(json, "read_calls", sweep->read_calls);
	kt_json_member_u64(json, "stopped_threads", sweep->stop_count);
	kt_json_member_u64(json, "longest_stop_ns", sweep->longest_stop_ns);
	if (sweep->is_interrupted)
		kt_json_member_bool(json, "partial", true);
	put_process(json, &snapshot->process);
	return NULL;
}

const char *kt_cache_use_word(enum kt_cache_use use)
{
	static const char *const words[] = {
		[KT_CACHE_OFF] = "off",
		[KT_CACHE_MISS] = "miss",
		[KT_CACHE_HIT] = "hit",
		[KT_CACHE_GIVEN] = "given",
	};

	return words[use];
}

static void put_layout(struct kt_json_writer *json, const struct kt_probe_run *run)
{
	const struct kt_layout *layout = &run->layout;
	kt_autobuf struct kt_buf sources = KT_BUF_INIT;

	kt_sources_print(layout->facts.sources, &sources);
	kt_json_key(json, "layout");
	kt_json_object_begin(json);
	kt_json_member_string(json, "object", layout->object);
	if (layout->build_id)
		kt_json_member_string(json, "build_id", layout->build_id);
	if (layout->facts.version[0])
		kt_json_member_string(json, "version", layout->facts.version);
	kt_json_member_string(json, "sources", kt_buf_text(&sources));
	kt_json_member_string(json, "gate", kt_gate_word(layout->gate.verdict));
	kt_json_member_string(json, "tls", layout->tls_found_by);
	if (layout->symbol) {
		kt_json_member_string(json, "symbol", layout->symbol);
		kt_json_member_string(json, "symbol_from", layout->symbol_table);
	}
	if (layout->debug_file)
		kt_json_member_string(json, "debug_file", layout->debug_file);
	kt_json_member_u64(json, "allocated_offset", layout->facts.allocated);
	kt_json_member_u64(json, "deallocated_offset", layout->facts.deallocated);
	kt_json_member_string(json, "cache", kt_cache_use_word(layout->cache));
	kt_json_member_u64(json, "resolve_ns", run->resolve_ns);
	if (run->resolve_stop_count)
		kt_json_member_u64(json, "stopped_threads", run->resolve_stop_count);
	kt_json_object_end(json);
}

static void add_unknown(const struct kt_probe_run *run, const char *name, const char *what,
			struct kt_unknown *unknown)
{
	const char *version = run->layout.facts.version;

	unknown->name = name;
	(void)snprintf(unknown->reason, sizeof(unknown->reason), "no layout of %s for %s%s", what,
		       version[0] ? "jemalloc " : "this jemalloc", version);
}

size_t kt_unknown_list(const struct kt_probe_run *run, struct kt_unknown list[KT_UNKNOWN_MAX])
{
	size_t count = 0;

	if ((run->settings->extras & KT_EXTRA_TCACHE) && !run->layout.internals.has_tcache)
		add_unknown(run, "tcache_bytes", "the thread caches", &list[count++]);
	if (run->settings->with_process && !run->layout.internals.has_arenas)
		add_unknown(run, "jemalloc_active_bytes", "the arenas", &list[count++]);
	return count;
}

static void put_unknown(struct kt_json_writer *json, const struct kt_probe_run *run)
{
	struct kt_unknown list[KT_UNKNOWN_MAX];
	size_t count = kt_unknown_list(run, list);

	if (!count)
		return;
	kt_json_key(json, "unknown");
	kt_json_array_begin(json);
	for (size_t i = 0; i < count; i++) {
		kt_json_object_begin(json);
		kt_json_member_string(json, "name", list[i].name);
		kt_json_member_string(json, "reason", list[i].reason);
		kt_json_object_end(json);
	}
	kt_json_array_end(json);
}

void kt_members_put_method(struct kt_json_writer *json, const struct kt_probe_run *run)
{
	kt_json_member_string(json, "engine", run->engine.engine->name);
	if (run->engine.reason[0])
		kt_json_member_string(json, "engine_reason", run->engine.reason);
	if (run->target.has_start_time)
		kt_json_member_u64(json, "target_start_time_jiffies",
				   run->target.start_time_jiffies);
	put_layout(json, run);
	put_unknown(json, run);
}
