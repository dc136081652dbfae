/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/local_state.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "run/probe_document.h"

static const char probe_name[] = "jemalloc";

static void emit(struct kt_local *local, struct kt_event *event)
{
	event->scenario = local->config.scenario;
	kt_session_emit(local->config.session, event);
}

/* The runs of a probe are numbered: this one comes behind those that the model knows. */
static uint32_t next_run(const struct kt_local *local)
{
	const struct kt_run_scenario *scenario =
		kt_run_find_scenario(&local->config.session->run, local->config.scenario);
	const struct kt_run_probe *probe = scenario ? kt_run_find_probe(scenario, probe_name)
						    : NULL;

	return probe ? (uint32_t)probe->run_count : 0;
}

static void emit_start(struct kt_local *local, struct kt_event *event)
{
	local->run = next_run(local);
	event->type = KT_EVENT_PROBE_START;
	event->probe_start.probe = probe_name;
	event->probe_start.run = local->run;
	event->probe_start.target_pid = local->config.pid;
	local->has_begun = true;
	emit(local, event);
}

static void emit_snapshot(struct kt_local *local, struct kt_event *event)
{
	event->snapshot.probe = probe_name;
	event->snapshot.run = local->run;
	event->snapshot.target_pid = local->config.pid;
	local->snapshot_count++;
	emit(local, event);
}

static void emit_end(struct kt_local *local, struct kt_event *event)
{
	event->type = KT_EVENT_PROBE_END;
	event->probe_end.probe = probe_name;
	event->probe_end.run = local->run;
	local->has_ended = true;
	emit(local, event);
}

/* Takes one event; false for one that has no place where it stands. */
static bool take_event(struct kt_local *local, struct kt_event *event)
{
	bool is_open = local->has_begun && !local->has_ended;

	switch (event->type) {
	case KT_EVENT_NONE:
		return true;
	case KT_EVENT_PROBE_START:
		if (local->has_begun)
			return false;
		emit_start(local, event);
		return true;
	case KT_EVENT_SNAPSHOT:
		if (!is_open || event->snapshot.index != local->snapshot_count)
			return false;
		emit_snapshot(local, event);
		return true;
	case KT_EVENT_PROBE_END:
		if (!is_open)
			return false;
		emit_end(local, event);
		return true;
	default:
		return false;
	}
}

void kt_local_take_batch(struct kt_local *local)
{
	struct kt_event_batch *batch = &local->batch;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	for (size_t i = 0; i < batch->count; i++) {
		if (take_event(local, &batch->events[i]))
			continue;
		kt_buf_printf(&text, "the probe says %s where that has no place",
			      kt_event_type_name(batch->events[i].type));
		kt_local_give_up(local, kt_buf_text(&text));
		return;
	}
	if (!batch->error)
		return;
	kt_buf_printf(&text, "the probe says what is no event: %s", kt_error_message(batch->error));
	kt_local_give_up(local, kt_buf_text(&text));
}

/* The line that tells why: the last one, which explains the word of the one before. */
static void find_last_words(const char *said, struct kt_buf *out)
{
	size_t len = strlen(said);

	while (len && said[len - 1] == '\n')
		len--;
	const char *line = len ? memrchr(said, '\n', len) : NULL;
	line = line ? line + 1 : said;
	len -= (size_t)(line - said);
	static const char tag[] = "error: ";
	size_t tag_len = sizeof(tag) - 1;
	if (len > tag_len && !memcmp(line, tag, tag_len))
		kt_buf_append(out, line + tag_len, len - tag_len);
	else
		kt_buf_append(out, line, len);
}

/* Why there was no report, unless that is known already. */
static void settle_problem(struct kt_local *local, const char *said)
{
	if (local->problem.len || local->is_stopping)
		return;
	if (local->signal.known) {
		kt_buf_printf(&local->problem, "the probe was killed by signal %" PRIu64,
			      local->signal.value);
		return;
	}
	find_last_words(said, &local->problem);
	if (!local->problem.len)
		kt_buf_printf(&local->problem,
			      "the probe ended with exit code %" PRIu64 " without a report",
			      local->exit_code.value);
}

/* The end of a probe that did not tell it. */
static void make_end(struct kt_local *local, const char *said)
{
	char fatal_kind[KT_PROBE_FATAL_KIND_SIZE];
	bool is_fatal = kt_probe_fatal_kind(said, strlen(said), fatal_kind);
	struct kt_event event = {
		.probe_end = { .exit_code = local->exit_code,
			       /* It says nothing when it was our doing. */
			       .signal = { local->signal.known && !local->is_killed,
					   local->signal.value },
			       .duration_ns = kt_clock_mono_ns() - local->started_ns,
			       .snapshot_count = { true, local->snapshot_count },
			       .stderr_tail = *said ? said : NULL,
			       .fatal_kind = is_fatal ? fatal_kind : NULL,
			       .detail = local->problem.len ? kt_buf_text(&local->problem) : NULL },
	};

	emit_end(local, &event);
}

void kt_local_tell_end(struct kt_local *local)
{
	kt_autobuf struct kt_buf said = KT_BUF_INIT;
	struct kt_event start = { 0 };
	size_t len;
	const char *tail = kt_tail_bytes(&local->said, &len);

	kt_text_sanitize(&said, tail, len, 2 * KT_LOCAL_TAIL_BYTES, true);
	if (!local->has_begun)
		emit_start(local, &start);
	if (!local->has_ended || (!local->snapshot_count && local->exit_code.value))
		settle_problem(local, kt_buf_text(&said));
	if (!local->has_ended)
		make_end(local, kt_buf_text(&said));
}
