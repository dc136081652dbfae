/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/guest_probes.h"

#include <inttypes.h>
#include <stdio.h>

#include "tui/views/past.h"

enum {
	MAX_RUNS = 16
};

/* What the end of a run says of it. */
static void put_end(const struct kt_event_probe_end *end, struct kt_buf *out)
{
	if (end->exit_code.known)
		kt_buf_printf(out, "ended with code %" PRIu64, end->exit_code.value);
	else if (end->signal.known)
		kt_buf_printf(out, "ended by signal %" PRIu64, end->signal.value);
	else
		kt_buf_puts(out, "ended; it did not run, or was killed");
	if (end->end_reason)
		kt_buf_printf(out, ", %s", end->end_reason);
	if (end->fatal_kind)
		kt_buf_printf(out, ", fatal: %s", end->fatal_kind);
	if (end->detail)
		kt_buf_printf(out, ", %s", end->detail);
	if (end->document_error)
		kt_buf_printf(out, ", its report cannot be read: %s", end->document_error);
}

static void put_run(struct kt_page *page, const struct kt_look_at *look,
		    const struct kt_run_probe_run *run, size_t number)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	bool has_ended = kt_past_has_ended(run, look->moment_ns);
	uint64_t taken = kt_past_taken(run, look->moment_ns);
	enum kt_role role = KT_ROLE_ACTIVE;
	char label[32];

	kt_buf_printf(&text, "pid %" PRIu32 ", %" PRIu64 " %s, ", run->target_pid, taken,
		      taken == 1 ? "snapshot" : "snapshots");
	if (has_ended) {
		put_end(&run->end, &text);
		role = run->end.fatal_kind ? KT_ROLE_BAD : KT_ROLE_DIM;
	} else {
		kt_buf_puts(&text, "at work");
	}
	snprintf(label, sizeof(label), "run %zu", number);
	kt_page_field(page, label, role, kt_buf_text(&text));
	if (has_ended && run->end.stderr_tail && *run->end.stderr_tail)
		kt_page_field(page, "its stderr", KT_ROLE_NORMAL, run->end.stderr_tail);
}

/* Each with its reason, so that "-" has one. */
static void put_unknown(struct kt_page *page, const struct kt_event_probe_start *start)
{
	for (size_t i = 0; i < start->unknown_count; i++)
		kt_page_fieldf(page, i ? "" : "unknown", KT_ROLE_UNKNOWN, "%s: %s",
			       start->unknown[i].name, start->unknown[i].reason);
}

static void put_layout(struct kt_page *page, const struct kt_probe_layout *layout)
{
	kt_autobuf struct kt_buf resolve = KT_BUF_INIT;

	kt_page_field(page, "object", KT_ROLE_NORMAL, layout->object);
	kt_page_field(page, "build id", KT_ROLE_NORMAL, layout->build_id);
	kt_page_field(page, "jemalloc", KT_ROLE_NORMAL, layout->version);
	kt_page_field(page, "found by", KT_ROLE_NORMAL, layout->sources);
	kt_page_field(page, "live gate", KT_ROLE_NORMAL, layout->gate);
	kt_page_field(page, "tls", KT_ROLE_NORMAL, layout->tls);
	kt_page_field(page, "symbol", KT_ROLE_NORMAL, layout->symbol);
	kt_page_field(page, "symbol from", KT_ROLE_NORMAL, layout->symbol_from);
	kt_page_field(page, "debug file", KT_ROLE_NORMAL, layout->debug_file);
	kt_page_number(page, "allocated at", "", layout->allocated_offset);
	kt_page_number(page, "deallocated at", "", layout->deallocated_offset);
	kt_page_field(page, "layout cache", KT_ROLE_NORMAL, layout->cache);
	if (layout->resolve_ns.known)
		kt_format_duration(layout->resolve_ns.value, &resolve);
	kt_page_field(page, "resolved in", KT_ROLE_NORMAL, kt_buf_text(&resolve));
}

/* What the last run tells of itself; the end knows better than the start. */
static void put_knowledge(struct kt_page *page, const struct kt_look_at *look,
			  const struct kt_run_probe_run *run)
{
	bool has_ended = kt_past_has_ended(run, look->moment_ns);
	const char *engine = run->start.engine;
	const char *reason = run->start.engine_reason;
	const struct kt_probe_layout *layout = run->start.layout;

	if (has_ended && run->end.engine) {
		engine = run->end.engine;
		reason = run->end.engine_reason;
	}
	if (has_ended && run->end.layout)
		layout = run->end.layout;
	kt_page_field(page, "version", KT_ROLE_NORMAL, run->start.tool_version);
	kt_page_number(page, "interval", "ms", run->start.interval_ms);
	if (engine && reason)
		kt_page_fieldf(page, "engine", KT_ROLE_NORMAL, "%s: %s", engine, reason);
	else
		kt_page_field(page, "engine", KT_ROLE_NORMAL, engine);
	put_unknown(page, &run->start);
	if (layout)
		put_layout(page, layout);
}

static void put_probe(struct kt_page *page, const struct kt_look_at *look,
		      const struct kt_run_probe *probe)
{
	const struct kt_run_probe_run *last = kt_moment_probe_run(probe, look->moment_ns);
	size_t count;

	if (!last)
		return;
	kt_page_blank(page);
	kt_page_printf(page, 0, KT_ROLE_HEADING, "PROBE %s", probe->name);
	count = (size_t)(last - probe->runs) + 1;
	for (size_t i = count > MAX_RUNS ? count - MAX_RUNS : 0; i < count; i++)
		put_run(page, look, &probe->runs[i], i);
	if (count > MAX_RUNS)
		kt_page_printf(page, 2, KT_ROLE_DIM, "and %zu runs before", count - MAX_RUNS);
	put_knowledge(page, look, last);
}

void kt_guest_probes_put(struct kt_page *page, const struct kt_look_at *look,
			 const struct kt_run_scenario *scenario)
{
	for (size_t i = 0; i < scenario->probe_count; i++)
		put_probe(page, look, &scenario->probes[i]);
}
