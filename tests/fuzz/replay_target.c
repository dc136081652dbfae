/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/replay_target.h"

#include <string.h>

#include "engine/event_lines.h"
#include "engine/session.h"

static struct kt_error *keep(void *ctx, const struct kt_run *run, const struct kt_event *event)
{
	(void)run;
	kt_event_encode(event, ctx);
	return NULL;
}

/* Takes what is whole; false once a line was none, or an event was refused. */
static bool take(struct kt_event_lines *lines, bool is_end, struct kt_session *session)
{
	struct kt_event_batch batch = { 0 };
	struct kt_error *err = kt_event_lines_take(lines, is_end, &batch);

	if (!err)
		kt_event_batch_decode(&batch);
	for (size_t i = 0; i < batch.count && !session->error; i++)
		if (batch.events[i].type != KT_EVENT_NONE)
			kt_session_replay(session, &batch.events[i]);
	bool is_good = !err && !batch.error && !session->error;
	kt_error_destroy(err);
	kt_event_batch_deinit(&batch);
	return is_good;
}

static void replay(const char *bytes, size_t len, size_t piece, struct kt_buf *out)
{
	static const struct kt_scenario_set no_scenarios = KT_SCENARIO_SET_INIT;
	struct kt_event_lines lines = { 0 };
	struct kt_session session;
	bool is_good = true;

	kt_session_init(&session, &no_scenarios, keep, out);
	for (size_t at = 0; at < len && is_good; at += piece) {
		kt_event_lines_feed(&lines, bytes + at, len - at < piece ? len - at : piece);
		is_good = take(&lines, false, &session);
	}
	if (is_good)
		(void)take(&lines, true, &session);
	kt_buf_printf(out, "%llu", (unsigned long long)session.run.event_count);
	kt_event_lines_deinit(&lines);
	kt_session_deinit(&session);
}

void fuzz_read_replay(const char *bytes, size_t len)
{
	kt_autobuf struct kt_buf whole = KT_BUF_INIT;
	kt_autobuf struct kt_buf pieces = KT_BUF_INIT;

	if (!len)
		return;
	replay(bytes + 1, len - 1, len, &whole);
	replay(bytes + 1, len - 1, (unsigned char)*bytes + 1UL, &pieces);
	if (whole.len != pieces.len || memcmp(whole.data, pieces.data, whole.len) != 0)
		__builtin_trap();
}
