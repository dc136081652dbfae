/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/event_fields.h"

const char *const kt_accel_words[] = { NULL, "kvm", "tcg", NULL };

static const char *const start_words[] = { NULL, "cold", "template", "standby", NULL };

const char *const kt_guest_state_words[] = {
	"new", "starting", "kernel", "agent", "ready", "probing", "done", "failed", "stopped", NULL,
};

const char *const kt_guest_reason_words[] = {
	NULL,	       "no-kvm",  "qemu-exit", "kernel-panic", "no-agent", "worker-died",
	"probe-fatal", "timeout", "protocol",  "cancelled",    "template", NULL,
};

static const char *const worker_state_words[] = { "started", "ready", "exited", NULL };

const char *const kt_verdict_words[] = {
	"pending", "holding", "pass", "fail", "cannot-tell", "skip", NULL,
};

const char *const kt_result_words[] = { "pass", "fail", "error", "skip", "cancelled", NULL };

/* One member: its place is the structure's member of the same name unless given. */
#define PLACE(type, name_, member) .name = (name_), .offset = offsetof(struct type, member)

#define TEXT(type, name_)                                             \
	{                                                             \
		PLACE(type, #name_, name_), .kind = KT_FIELD_OPT_TEXT \
	}
#define NUMBER(type, name_)                                          \
	{                                                            \
		PLACE(type, #name_, name_), .kind = KT_FIELD_OPT_U64 \
	}

static const struct kt_field accel_step_fields[] = {
	{ PLACE(kt_accel_step, "step", step), .kind = KT_FIELD_TEXT },
	{ PLACE(kt_accel_step, "outcome", outcome), .kind = KT_FIELD_TEXT },
	{ PLACE(kt_accel_step, "reason", reason), .kind = KT_FIELD_OPT_TEXT },
	{ 0 },
};

static const struct kt_record accel_step_record = {
	.size = sizeof(struct kt_accel_step),
	.fields = accel_step_fields,
};

static const struct kt_field check_title_fields[] = {
	{ PLACE(kt_check_title, "id", id), .kind = KT_FIELD_TEXT },
	{ PLACE(kt_check_title, "text", text), .kind = KT_FIELD_TEXT },
	{ 0 },
};

static const struct kt_record check_title_record = {
	.size = sizeof(struct kt_check_title),
	.fields = check_title_fields,
};

static const char *refuse_both(const struct kt_opt_u64 *exit_code, const struct kt_opt_u64 *number)
{
	return exit_code->known && number->known ? "exit_code and signal exclude each other" : NULL;
}

static const char *refuse_worker(const void *record)
{
	const struct kt_event_worker *worker = record;

	return refuse_both(&worker->exit_code, &worker->signal);
}

static const char *refuse_probe_end(const void *record)
{
	const struct kt_event_probe_end *end = record;

	return refuse_both(&end->exit_code, &end->signal);
}

static const struct kt_field run_start_fields[] = {
	{ PLACE(kt_event_run_start, "tool_version", tool_version), .kind = KT_FIELD_TEXT },
	{ PLACE(kt_event_run_start, "started_at_unix_sec", started_at_unix_sec),
	  .kind = KT_FIELD_U64 },
	{ PLACE(kt_event_run_start, "jobs", jobs), .kind = KT_FIELD_U32 },
	{ PLACE(kt_event_run_start, "scenarios", scenarios), .kind = KT_FIELD_TEXTS,
	  .count_offset = offsetof(struct kt_event_run_start, scenario_count) },
	{ 0 },
};

static const struct kt_record run_start_record = {
	.size = sizeof(struct kt_event_run_start),
	.fields = run_start_fields,
};

static const struct kt_field accel_fields[] = {
	{ PLACE(kt_event_accel, "choice", choice), .kind = KT_FIELD_OPT_WORD,
	  .words = kt_accel_words },
	{ PLACE(kt_event_accel, "reason", reason), .kind = KT_FIELD_TEXT },
	{ PLACE(kt_event_accel, "steps", steps), .kind = KT_FIELD_RECORDS,
	  .count_offset = offsetof(struct kt_event_accel, step_count),
	  .record = &accel_step_record },
	{ 0 },
};

static const struct kt_record accel_record = {
	.size = sizeof(struct kt_event_accel),
	.fields = accel_fields,
};

static const struct kt_field scenario_start_fields[] = {
	{ PLACE(kt_event_scenario_start, "file", file), .kind = KT_FIELD_TEXT },
	{ PLACE(kt_event_scenario_start, "topology", topology), .kind = KT_FIELD_TEXT },
	{ PLACE(kt_event_scenario_start, "memory_mib", memory_mib), .kind = KT_FIELD_U32 },
	TEXT(kt_event_scenario_start, kernel),
	{ PLACE(kt_event_scenario_start, "checks", checks), .kind = KT_FIELD_RECORDS,
	  .count_offset = offsetof(struct kt_event_scenario_start, check_count),
	  .record = &check_title_record },
	{ 0 },
};

static const struct kt_record scenario_start_record = {
	.size = sizeof(struct kt_event_scenario_start),
	.fields = scenario_start_fields,
};

static const struct kt_field guest_machine_fields[] = {
	{ PLACE(kt_guest_machine, "release", release), .kind = KT_FIELD_OPT_TEXT },
	{ PLACE(kt_guest_machine, "cpus", seen.cpus), .kind = KT_FIELD_OPT_U64 },
	{ PLACE(kt_guest_machine, "numa_nodes", seen.numa_nodes), .kind = KT_FIELD_OPT_U64 },
	{ PLACE(kt_guest_machine, "llcs", seen.llcs), .kind = KT_FIELD_OPT_U64 },
	{ PLACE(kt_guest_machine, "cores", seen.cores), .kind = KT_FIELD_OPT_U64 },
	{ PLACE(kt_guest_machine, "threads", seen.threads), .kind = KT_FIELD_OPT_U64 },
	{ 0 },
};

static const struct kt_record guest_machine_record = {
	.size = sizeof(struct kt_guest_machine),
	.fields = guest_machine_fields,
};

static const struct kt_field guest_state_fields[] = {
	{ PLACE(kt_event_guest_state, "state", state), .kind = KT_FIELD_WORD,
	  .words = kt_guest_state_words },
	{ PLACE(kt_event_guest_state, "reason", reason), .kind = KT_FIELD_OPT_WORD,
	  .words = kt_guest_reason_words },
	{ PLACE(kt_event_guest_state, "detail", detail), .kind = KT_FIELD_OPT_TEXT },
	{ PLACE(kt_event_guest_state, "accel", accel), .kind = KT_FIELD_OPT_WORD,
	  .words = kt_accel_words },
	{ PLACE(kt_event_guest_state, "start", start), .kind = KT_FIELD_OPT_WORD,
	  .words = start_words },
	{ PLACE(kt_event_guest_state, "since_start_ns", since_start_ns), .kind = KT_FIELD_U64 },
	{ PLACE(kt_event_guest_state, "machine", machine), .kind = KT_FIELD_OPT_RECORD,
	  .record = &guest_machine_record },
	{ 0 },
};

static const struct kt_record guest_state_record = {
	.size = sizeof(struct kt_event_guest_state),
	.fields = guest_state_fields,
};

static const struct kt_field worker_fields[] = {
	{ PLACE(kt_event_worker, "worker", worker), .kind = KT_FIELD_TEXT },
	{ PLACE(kt_event_worker, "state", state), .kind = KT_FIELD_WORD,
	  .words = worker_state_words },
	{ PLACE(kt_event_worker, "pid", pid), .kind = KT_FIELD_OPT_U64 },
	{ PLACE(kt_event_worker, "exit_code", exit_code), .kind = KT_FIELD_OPT_U64 },
	{ PLACE(kt_event_worker, "signal", signal), .kind = KT_FIELD_OPT_U64 },
	{ PLACE(kt_event_worker, "detail", detail), .kind = KT_FIELD_OPT_TEXT },
	{ 0 },
};

static const struct kt_record worker_record = {
	.size = sizeof(struct kt_event_worker),
	.fields = worker_fields,
	.refuse = refuse_worker,
};

static const struct kt_field probe_layout_fields[] = {
	TEXT(kt_probe_layout, object),
	TEXT(kt_probe_layout, build_id),
	TEXT(kt_probe_layout, version),
	TEXT(kt_probe_layout, sources),
	TEXT(kt_probe_layout, gate),
	TEXT(kt_probe_layout, tls),
	TEXT(kt_probe_layout, symbol),
	TEXT(kt_probe_layout, symbol_from),
	TEXT(kt_probe_layout, debug_file),
	NUMBER(kt_probe_layout, allocated_offset),
	NUMBER(kt_probe_layout, deallocated_offset),
	TEXT(kt_probe_layout, cache),
	NUMBER(kt_probe_layout, resolve_ns),
	{ 0 },
};

const struct kt_record kt_probe_layout_record = {
	.size = sizeof(struct kt_probe_layout),
	.fields = probe_layout_fields,
};

static const struct kt_field unknown_fields[] = {
	{ PLACE(kt_unknown_value, "name", name), .kind = KT_FIELD_TEXT },
	{ PLACE(kt_unknown_value, "reason", reason), .kind = KT_FIELD_TEXT },
	{ 0 },
};

static const struct kt_record unknown_record = {
	.size = sizeof(struct kt_unknown_value),
	.fields = unknown_fields,
};

static const struct kt_field probe_start_fields[] = {
	{ PLACE(kt_event_probe_start, "probe", probe), .kind = KT_FIELD_TEXT },
	{ PLACE(kt_event_probe_start, "run", run), .kind = KT_FIELD_U32 },
	{ PLACE(kt_event_probe_start, "target_pid", target_pid), .kind = KT_FIELD_U32 },
	TEXT(kt_event_probe_start, tool_version),
	NUMBER(kt_event_probe_start, started_at_unix_sec),
	NUMBER(kt_event_probe_start, interval_ms),
	TEXT(kt_event_probe_start, engine),
	TEXT(kt_event_probe_start, engine_reason),
	NUMBER(kt_event_probe_start, target_start_time_jiffies),
	{ PLACE(kt_event_probe_start, "layout", layout), .kind = KT_FIELD_OPT_RECORD,
	  .record = &kt_probe_layout_record },
	{ PLACE(kt_event_probe_start, "unknown", unknown), .kind = KT_FIELD_OPT_RECORDS,
	  .count_offset = offsetof(struct kt_event_probe_start, unknown_count),
	  .record = &unknown_record },
	{ 0 },
};

static const struct kt_record probe_start_record = {
	.size = sizeof(struct kt_event_probe_start),
	.fields = probe_start_fields,
};

static const struct kt_field snapshot_fields[] = {
	{ PLACE(kt_event_snapshot, "probe", probe), .kind = KT_FIELD_TEXT },
	{ PLACE(kt_event_snapshot, "run", run), .kind = KT_FIELD_U32 },
	{ PLACE(kt_event_snapshot, "index", index), .kind = KT_FIELD_U32 },
	{ PLACE(kt_event_snapshot, "target_pid", target_pid), .kind = KT_FIELD_U32 },
	{ PLACE(kt_event_snapshot, "timestamp_unix_sec", snapshot.timestamp_unix_sec),
	  .kind = KT_FIELD_U64 },
	{ PLACE(kt_event_snapshot, "elapsed_since_start_ns", snapshot.elapsed_since_start_ns),
	  .kind = KT_FIELD_U64 },
	{ PLACE(kt_event_snapshot, "threads", snapshot.threads), .kind = KT_FIELD_RECORDS,
	  .count_offset = offsetof(struct kt_event_snapshot, snapshot.thread_count),
	  .record = &kt_thread_record },
	{ PLACE(kt_event_snapshot, "skipped", snapshot.skipped), .kind = KT_FIELD_OPT_RECORDS,
	  .count_offset = offsetof(struct kt_event_snapshot, snapshot.skipped_count),
	  .record = &kt_skipped_thread_record },
	{ PLACE(kt_event_snapshot, "(extras)", snapshot.extras), .kind = KT_FIELD_OPT_PART,
	  .record = &kt_snapshot_extras_record },
	{ 0 },
};

static const struct kt_record snapshot_record = {
	.size = sizeof(struct kt_event_snapshot),
	.fields = snapshot_fields,
};

static const struct kt_field probe_end_fields[] = {
	{ PLACE(kt_event_probe_end, "probe", probe), .kind = KT_FIELD_TEXT },
	{ PLACE(kt_event_probe_end, "run", run), .kind = KT_FIELD_U32 },
	{ PLACE(kt_event_probe_end, "exit_code", exit_code), .kind = KT_FIELD_OPT_U64 },
	{ PLACE(kt_event_probe_end, "signal", signal), .kind = KT_FIELD_OPT_U64 },
	{ PLACE(kt_event_probe_end, "duration_ns", duration_ns), .kind = KT_FIELD_U64 },
	{ PLACE(kt_event_probe_end, "started_at_unix_sec", started_at_unix_sec),
	  .kind = KT_FIELD_OPT_U64 },
	{ PLACE(kt_event_probe_end, "interrupted", interrupted), .kind = KT_FIELD_OPT_BOOL },
	{ PLACE(kt_event_probe_end, "snapshot_count", snapshot_count), .kind = KT_FIELD_OPT_U64 },
	{ PLACE(kt_event_probe_end, "metric_count", metric_count), .kind = KT_FIELD_OPT_U64 },
	{ PLACE(kt_event_probe_end, "stdout_bytes", stdout_bytes), .kind = KT_FIELD_OPT_U64 },
	{ PLACE(kt_event_probe_end, "stderr_tail", stderr_tail), .kind = KT_FIELD_OPT_TEXT },
	{ PLACE(kt_event_probe_end, "document_error", document_error), .kind = KT_FIELD_OPT_TEXT },
	{ PLACE(kt_event_probe_end, "fatal_kind", fatal_kind), .kind = KT_FIELD_OPT_TEXT },
	TEXT(kt_event_probe_end, end_reason),
	TEXT(kt_event_probe_end, detail),
	TEXT(kt_event_probe_end, engine),
	TEXT(kt_event_probe_end, engine_reason),
	{ PLACE(kt_event_probe_end, "layout", layout), .kind = KT_FIELD_OPT_RECORD,
	  .record = &kt_probe_layout_record },
	{ 0 },
};

static const struct kt_record probe_end_record = {
	.size = sizeof(struct kt_event_probe_end),
	.fields = probe_end_fields,
	.refuse = refuse_probe_end,
};

static const struct kt_field check_fields[] = {
	{ PLACE(kt_event_check, "check", check), .kind = KT_FIELD_TEXT },
	{ PLACE(kt_event_check, "verdict", verdict), .kind = KT_FIELD_WORD,
	  .words = kt_verdict_words },
	{ PLACE(kt_event_check, "text", text), .kind = KT_FIELD_TEXT },
	{ PLACE(kt_event_check, "detail", detail), .kind = KT_FIELD_OPT_TEXT },
	{ PLACE(kt_event_check, "threshold", threshold), .kind = KT_FIELD_OPT_TEXT },
	{ PLACE(kt_event_check, "worst", worst), .kind = KT_FIELD_OPT_TEXT },
	{ PLACE(kt_event_check, "probe", probe), .kind = KT_FIELD_OPT_TEXT },
	{ PLACE(kt_event_check, "run", run), .kind = KT_FIELD_OPT_U64 },
	{ PLACE(kt_event_check, "snapshot", snapshot), .kind = KT_FIELD_OPT_U64 },
	{ PLACE(kt_event_check, "tid", tid), .kind = KT_FIELD_OPT_U64 },
	{ 0 },
};

static const struct kt_record check_record = {
	.size = sizeof(struct kt_event_check),
	.fields = check_fields,
};

static const struct kt_field text_fields[] = {
	{ PLACE(kt_event_text, "text", text), .kind = KT_FIELD_TEXT },
	{ 0 },
};

static const struct kt_record text_record = {
	.size = sizeof(struct kt_event_text),
	.fields = text_fields,
};

static const struct kt_field scenario_end_fields[] = {
	{ PLACE(kt_event_scenario_end, "verdict", verdict), .kind = KT_FIELD_WORD,
	  .words = kt_result_words },
	{ PLACE(kt_event_scenario_end, "reason", reason), .kind = KT_FIELD_OPT_TEXT },
	{ PLACE(kt_event_scenario_end, "duration_ns", duration_ns), .kind = KT_FIELD_U64 },
	{ PLACE(kt_event_scenario_end, "boot_ns", boot_ns), .kind = KT_FIELD_OPT_U64 },
	{ PLACE(kt_event_scenario_end, "accel", accel), .kind = KT_FIELD_OPT_WORD,
	  .words = kt_accel_words },
	{ PLACE(kt_event_scenario_end, "start", start), .kind = KT_FIELD_OPT_WORD,
	  .words = start_words },
	{ PLACE(kt_event_scenario_end, "console_tail", console_tail), .kind = KT_FIELD_OPT_TEXT },
	{ PLACE(kt_event_scenario_end, "qemu_stderr_tail", qemu_stderr_tail),
	  .kind = KT_FIELD_OPT_TEXT },
	NUMBER(kt_event_scenario_end, guest_cpu_ns),
	NUMBER(kt_event_scenario_end, guest_peak_rss_bytes),
	NUMBER(kt_event_scenario_end, guest_private_bytes),
	{ 0 },
};

static const struct kt_record scenario_end_record = {
	.size = sizeof(struct kt_event_scenario_end),
	.fields = scenario_end_fields,
};

static const struct kt_field run_end_fields[] = {
	{ PLACE(kt_event_run_end, "passed", passed), .kind = KT_FIELD_U32 },
	{ PLACE(kt_event_run_end, "failed", failed), .kind = KT_FIELD_U32 },
	{ PLACE(kt_event_run_end, "errors", errors), .kind = KT_FIELD_U32 },
	{ PLACE(kt_event_run_end, "skipped", skipped), .kind = KT_FIELD_U32 },
	{ PLACE(kt_event_run_end, "cancelled", cancelled), .kind = KT_FIELD_U32 },
	{ PLACE(kt_event_run_end, "exit_code", exit_code), .kind = KT_FIELD_U32 },
	{ PLACE(kt_event_run_end, "duration_ns", duration_ns), .kind = KT_FIELD_U64 },
	{ 0 },
};

static const struct kt_record run_end_record = {
	.size = sizeof(struct kt_event_run_end),
	.fields = run_end_fields,
};

#define EVENT(member, record_) #member, offsetof(struct kt_event, member), &(record_)

const struct kt_event_description kt_event_descriptions[KT_EVENT_TYPE_COUNT] = {
	[KT_EVENT_NONE] = { "none", 0, NULL },
	[KT_EVENT_RUN_START] = { EVENT(run_start, run_start_record) },
	[KT_EVENT_ACCEL] = { EVENT(accel, accel_record) },
	[KT_EVENT_SCENARIO_START] = { EVENT(scenario_start, scenario_start_record) },
	[KT_EVENT_GUEST_STATE] = { EVENT(guest_state, guest_state_record) },
	[KT_EVENT_WORKER] = { EVENT(worker, worker_record) },
	[KT_EVENT_PROBE_START] = { EVENT(probe_start, probe_start_record) },
	[KT_EVENT_SNAPSHOT] = { EVENT(snapshot, snapshot_record) },
	[KT_EVENT_PROBE_END] = { EVENT(probe_end, probe_end_record) },
	[KT_EVENT_CHECK] = { EVENT(check, check_record) },
	[KT_EVENT_CONSOLE] = { EVENT(console, text_record) },
	[KT_EVENT_NOTE] = { EVENT(note, text_record) },
	[KT_EVENT_SCENARIO_END] = { EVENT(scenario_end, scenario_end_record) },
	[KT_EVENT_RUN_END] = { EVENT(run_end, run_end_record) },
};
