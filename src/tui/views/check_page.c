/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page of a check: what it says, the snapshots that decided it, what it said before. */
#include <inttypes.h>

#include "base/cleanup.h"
#include "tui/views/checks.h"
#include "tui/views/page.h"
#include "tui/views/past.h"
#include "tui/views/signs.h"

enum {
	MAX_HISTORY = 64
};

/* The thread concerned in one snapshot. */
struct sight {
	bool has_snapshot;
	uint64_t index;
	uint64_t host_mono_ns;
	enum kt_thread_lookup lookup;
	struct kt_thread thread; /* its texts are the frame's */
	size_t thread_count;
	size_t failed_count;
};

/* How many of the verdicts had come at the moment. */
static size_t come_count(const struct kt_run_check *check, uint64_t mono_ns)
{
	size_t count = check->verdict_count;

	while (count && check->verdicts[count - 1].host_mono_ns > mono_ns)
		count--;
	return count;
}

/* The first of the last verdicts that are all the same. */
static size_t since(const struct kt_run_check *check, size_t count)
{
	size_t first = count - 1;

	while (first &&
	       check->verdicts[first - 1].check.verdict == check->verdicts[count - 1].check.verdict)
		first--;
	return first;
}

static void put_since(struct kt_page *page, const struct kt_look_at *look,
		      const struct kt_run_check *check)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	size_t count = come_count(check, look->moment_ns);
	uint64_t at_ns;

	if (!count) {
		kt_page_field(page, "since", KT_ROLE_NORMAL, "the scenario began");
		return;
	}
	at_ns = check->verdicts[since(check, count)].host_mono_ns;
	kt_format_moment(at_ns, &text);
	kt_buf_puts(&text, " (for ");
	kt_format_duration(look->moment_ns - at_ns, &text);
	kt_buf_putc(&text, ')');
	kt_page_field(page, "since", KT_ROLE_NORMAL, kt_buf_text(&text));
}

static void put_verdict(struct kt_page *page, const struct kt_look_at *look,
			const struct kt_run_check *check, const struct kt_event_check *said)
{
	struct kt_sign sign = kt_sign_verdict(look->glyphs, said->verdict);

	kt_page_fieldf(page, "verdict", sign.role, "%s %s (%s): %s", sign.glyph, sign.word,
		       kt_verdict_name(said->verdict), sign.meaning);
	put_since(page, look, check);
	kt_page_field(page, "expected", KT_ROLE_NORMAL, said->threshold);
	kt_page_field(page, "worst seen", KT_ROLE_NORMAL, said->worst);
	if (said->detail)
		kt_page_field(page, "reason", KT_ROLE_NORMAL, said->detail);
}

static void put_place(struct kt_page *page, const struct kt_event_check *said)
{
	kt_page_field(page, "probe", KT_ROLE_NORMAL, said->probe);
	kt_page_number(page, "run", "", said->run);
	kt_page_number(page, "snapshot", "", said->snapshot);
	kt_page_number(page, "tid", "", said->tid);
}

static struct kt_error *look_at(const struct kt_run_probe_run *run, size_t place,
				struct kt_opt_u64 tid, struct kt_past_frame *frame,
				struct sight *ret)
{
	const struct kt_thread *thread = NULL;

	KT_TRY(kt_past_read(run, place, frame));
	*ret = (struct sight){
		.has_snapshot = true,
		.index = frame->index,
		.host_mono_ns = frame->host_mono_ns,
		.lookup = KT_THREAD_ABSENT,
		.thread_count = frame->snapshot->thread_count,
		.failed_count = kt_snapshot_failed_count(frame->snapshot),
	};
	if (tid.known && tid.value <= UINT32_MAX)
		ret->lookup =
			kt_snapshot_find_thread(frame->snapshot, (uint32_t)tid.value, &thread);
	if (thread)
		ret->thread = *thread;
	return NULL;
}

static void put_counter(const struct sight *sight, struct kt_opt_u64 number, struct kt_buf *out)
{
	if (!sight->has_snapshot)
		return;
	if (sight->lookup == KT_THREAD_ABSENT)
		kt_buf_puts(out, "not there");
	else if (sight->lookup == KT_THREAD_NO_COUNTERS)
		kt_buf_puts(out, "not read");
	else if (number.known)
		kt_buf_printf(out, "%" PRIu64, number.value);
	else
		kt_buf_putc(out, '-');
}

static void put_counters(struct kt_page *page, const char *label, const struct sight *before,
			 const struct sight *now, struct kt_opt_u64 was, struct kt_opt_u64 is)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	put_counter(before, was, &text);
	if (before->has_snapshot)
		kt_buf_puts(&text, " -> ");
	put_counter(now, is, &text);
	if (was.known && is.known && is.value >= was.value)
		kt_buf_printf(&text, " (+%" PRIu64 ")", is.value - was.value);
	else if (was.known && is.known)
		kt_buf_printf(&text, " (went back by %" PRIu64 ")", was.value - is.value);
	kt_page_field(page, label, KT_ROLE_NORMAL, kt_buf_text(&text));
}

static void put_thread(struct kt_page *page, const struct sight *before, const struct sight *now)
{
	const struct kt_thread *thread = now->lookup == KT_THREAD_ABSENT ? &before->thread
									 : &now->thread;

	kt_page_field(page, "name", KT_ROLE_NORMAL, thread->comm);
	kt_page_number(page, "start time", " jiffies", thread->start_time_jiffies);
	put_counters(page, "allocated", before, now, before->thread.allocated_bytes,
		     now->thread.allocated_bytes);
	put_counters(page, "deallocated", before, now, before->thread.deallocated_bytes,
		     now->thread.deallocated_bytes);
	if (before->thread.error)
		kt_page_field(page, "error before", KT_ROLE_WARNING, before->thread.error);
	if (now->thread.error)
		kt_page_field(page, "error", KT_ROLE_WARNING, now->thread.error);
}

static void put_sights(struct kt_page *page, const struct sight *before, const struct sight *now,
		       bool has_tid)
{
	kt_autobuf struct kt_buf index = KT_BUF_INIT;
	kt_autobuf struct kt_buf time = KT_BUF_INIT;

	if (before->has_snapshot) {
		kt_buf_printf(&index, "#%" PRIu64 " -> ", before->index);
		kt_format_moment(before->host_mono_ns, &time);
		kt_buf_puts(&time, " -> ");
	}
	kt_buf_printf(&index, "#%" PRIu64, now->index);
	kt_format_moment(now->host_mono_ns, &time);
	if (before->has_snapshot) {
		kt_buf_puts(&time, " (");
		kt_format_duration(now->host_mono_ns - before->host_mono_ns, &time);
		kt_buf_putc(&time, ')');
	}
	kt_page_field(page, "snapshots", KT_ROLE_NORMAL, kt_buf_text(&index));
	kt_page_field(page, "arrived at", KT_ROLE_NORMAL, kt_buf_text(&time));
	kt_page_fieldf(page, "threads", KT_ROLE_NORMAL, "%zu, %zu of them without counters",
		       now->thread_count, now->failed_count);
	if (has_tid)
		put_thread(page, before, now);
}

static struct kt_error *put_run_evidence(struct kt_page *page, const struct kt_run_probe_run *run,
					 const struct kt_event_check *said)
{
	kt_autopast struct kt_past_frame frame_before = { 0 };
	kt_autopast struct kt_past_frame frame = { 0 };
	struct sight before = { 0 };
	struct sight now = { 0 };
	size_t place;

	if (!kt_past_find_index(run, said->snapshot.value, &place)) {
		kt_page_printf(page, 2, KT_ROLE_WARNING,
			       "snapshot #%" PRIu64 " is not kept any more: the past was thinned",
			       said->snapshot.value);
		return NULL;
	}
	if (place)
		KT_TRY(look_at(run, place - 1, said->tid, &frame_before, &before));
	KT_TRY(look_at(run, place, said->tid, &frame, &now));
	put_sights(page, &before, &now, said->tid.known);
	return NULL;
}

static void put_evidence(struct kt_page *page, const struct kt_run_scenario *scenario,
			 const struct kt_event_check *said)
{
	kt_autoerr struct kt_error *err = NULL;
	const struct kt_run_probe *probe = said->probe ? kt_run_find_probe(scenario, said->probe)
						       : NULL;

	kt_page_title(page, "THE SNAPSHOTS THAT DECIDED IT");
	if (!said->snapshot.known || !said->run.known || !probe) {
		kt_page_text(page, 2, KT_ROLE_DIM, "no snapshot did");
		return;
	}
	if (said->run.value >= probe->run_count)
		return;
	err = put_run_evidence(page, &probe->runs[said->run.value], said);
	if (err)
		kt_page_text(page, 2, KT_ROLE_BAD, kt_error_message(err));
}

static void put_history(struct kt_page *page, const struct kt_look_at *look,
			const struct kt_run_check *check)
{
	size_t count = come_count(check, look->moment_ns);
	size_t first = count > MAX_HISTORY ? count - MAX_HISTORY : 0;

	kt_page_title(page, "WHAT IT SAID, LATEST FIRST");
	for (size_t i = count; i-- > first;) {
		const struct kt_run_verdict *verdict = &check->verdicts[i];
		struct kt_sign sign = kt_sign_verdict(look->glyphs, verdict->check.verdict);
		kt_autobuf struct kt_buf text = KT_BUF_INIT;

		kt_format_moment(verdict->host_mono_ns, &text);
		kt_buf_printf(&text, "  %s %-6s", sign.glyph, sign.word);
		if (verdict->check.worst)
			kt_buf_printf(&text, "  worst %s, ", verdict->check.worst);
		else
			kt_buf_puts(&text, "  ");
		kt_check_where(&verdict->check, &text);
		if (verdict->check.detail)
			kt_buf_printf(&text, "  %s", verdict->check.detail);
		kt_page_text(page, 2, sign.role, kt_buf_text(&text));
	}
	if (first)
		kt_page_printf(page, 2, KT_ROLE_DIM, "and %zu before", first);
}

unsigned kt_check_page_paint(const struct kt_look_at *look, const struct kt_run_scenario *scenario,
			     const struct kt_run_check *check, unsigned scroll,
			     struct kt_canvas *canvas, struct kt_area area)
{
	const struct kt_event_check *said = kt_moment_check(check, look->moment_ns);
	struct kt_page page = kt_page_begin(canvas, area, scroll);

	kt_page_text(&page, 0, KT_ROLE_TITLE, kt_check_text(check, said));
	kt_page_field(&page, "scenario", KT_ROLE_NORMAL, scenario->name);
	kt_page_field(&page, "check", KT_ROLE_NORMAL, check->id);
	put_verdict(&page, look, check, said);
	put_place(&page, said);
	put_evidence(&page, scenario, said);
	put_history(&page, look, check);
	return page.lines;
}
