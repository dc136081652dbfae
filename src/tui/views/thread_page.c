/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/thread_page.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "tui/views/page.h"
#include "tui/views/thread_graph.h"

static void put_bytes(struct kt_page *page, const struct kt_look_at *look, const char *label,
		      struct kt_opt_u64 bytes)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (bytes.known) {
		kt_buf_printf(&text, "%" PRIu64 " bytes", bytes.value);
		if (look->units->style != KT_UNITS_BYTES) {
			kt_buf_puts(&text, " (");
			kt_format_bytes(look->units, bytes.value, &text);
			kt_buf_putc(&text, ')');
		}
	}
	kt_page_field(page, label, KT_ROLE_NORMAL, kt_buf_text(&text));
}

static void put_duration(struct kt_page *page, const char *label, struct kt_opt_u64 duration_ns)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (duration_ns.known)
		kt_format_duration(duration_ns.value, &text);
	kt_page_field(page, label, KT_ROLE_NORMAL, kt_buf_text(&text));
}

/* What came in less what went out, with its sign and all digits. */
static void put_flow(struct kt_page *page, struct kt_opt_u64 in, struct kt_opt_u64 out)
{
	if (!in.known || !out.known)
		kt_page_field(page, "flow", KT_ROLE_UNKNOWN, NULL);
	else if (in.value >= out.value)
		kt_page_fieldf(page, "flow", KT_ROLE_NORMAL, "+%" PRIu64 " bytes",
			       in.value - out.value);
	else
		kt_page_fieldf(page, "flow", KT_ROLE_NORMAL, "-%" PRIu64 " bytes",
			       out.value - in.value);
}

static void put_counters(struct kt_page *page, const struct kt_look_at *look,
			 const struct kt_thread *thread)
{
	kt_page_title(page, "SINCE THE THREAD BEGAN");
	put_bytes(page, look, "allocated", thread->allocated_bytes);
	put_bytes(page, look, "deallocated", thread->deallocated_bytes);
	put_flow(page, thread->allocated_bytes, thread->deallocated_bytes);
	kt_page_text(page, page->label_columns, KT_ROLE_DIM,
		     "allocated less deallocated: no memory that it owns, for another thread may "
		     "free it");
}

static struct kt_opt_u64 more(struct kt_opt_u64 was, struct kt_opt_u64 is)
{
	struct kt_opt_u64 difference = { 0 };

	if (was.known && is.known && is.value >= was.value)
		difference = KT_KNOWN(is.value - was.value);
	return difference;
}

static void put_change(struct kt_page *page, const struct kt_look_at *look, const char *label,
		       struct kt_opt_u64 was, struct kt_opt_u64 is, uint64_t elapsed_ns)
{
	struct kt_opt_u64 change = more(was, is);
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (was.known && is.known && is.value < was.value) {
		kt_page_fieldf(page, label, KT_ROLE_WARNING,
			       "it went back by %" PRIu64 " bytes: wrapped or reset",
			       was.value - is.value);
		return;
	}
	if (change.known) {
		kt_buf_printf(&text, "+%" PRIu64 " bytes", change.value);
		if (elapsed_ns) {
			kt_buf_puts(&text, ", ");
			kt_format_rate(look->units, change.value, elapsed_ns, &text);
		}
	}
	kt_page_field(page, label, KT_ROLE_NORMAL, kt_buf_text(&text));
}

static void put_changes(struct kt_page *page, const struct kt_look_at *look,
			const struct kt_thread_reading *was, const struct kt_thread_reading *is)
{
	uint64_t elapsed_ns = is->elapsed_ns > was->elapsed_ns ? is->elapsed_ns - was->elapsed_ns
							       : 0;
	const struct kt_thread *before = &was->thread;
	const struct kt_thread *now = &is->thread;
	kt_autobuf struct kt_buf title = KT_BUF_INIT;

	if (!was->is_there || !is->is_there)
		return;
	kt_buf_printf(&title, "SINCE SNAPSHOT #%" PRIu32 ", ", was->index);
	kt_format_duration(elapsed_ns, &title);
	kt_buf_puts(&title, " BEFORE");
	kt_page_title(page, kt_buf_text(&title));
	put_change(page, look, "allocated", before->allocated_bytes, now->allocated_bytes,
		   elapsed_ns);
	put_change(page, look, "deallocated", before->deallocated_bytes, now->deallocated_bytes,
		   elapsed_ns);
	put_flow(page, more(before->allocated_bytes, now->allocated_bytes),
		 more(before->deallocated_bytes, now->deallocated_bytes));
	if (!is->has_extras)
		return;
	put_duration(page, "on a cpu", more(was->extras.run_ns, is->extras.run_ns));
	put_duration(page, "waited for one",
		     more(was->extras.run_delay_ns, is->extras.run_delay_ns));
}

static const char *state_meaning(const char *letter)
{
	switch (letter ? letter[0] : '\0') {
	case 'R':
		return "runs, or waits for a cpu";
	case 'S':
		return "sleeps";
	case 'D':
		return "sleeps and cannot be woken";
	case 'T':
		return "is stopped";
	case 't':
		return "is stopped by a tracer";
	case 'Z':
	case 'X':
		return "has ended";
	case 'I':
		return "is idle";
	case 'P':
		return "is parked";
	default:
		return "";
	}
}

static void put_scheduling(struct kt_page *page, const struct kt_look_at *look,
			   const struct kt_thread_reading *reading)
{
	const struct kt_thread_extras *extras = &reading->extras;

	kt_page_title(page, "SCHEDULING");
	if (!reading->has_extras) {
		kt_page_text(page, 2, KT_ROLE_DIM, "not known: the probe told nothing of it");
		return;
	}
	if (extras->state)
		kt_page_fieldf(page, "state", KT_ROLE_NORMAL, "%s %s", extras->state,
			       state_meaning(extras->state));
	else
		kt_page_field(page, "state", KT_ROLE_UNKNOWN, NULL);
	kt_page_number(page, "cpu", "", extras->cpu);
	put_duration(page, "user time", extras->utime_ns);
	put_duration(page, "system time", extras->stime_ns);
	put_duration(page, "on a cpu", extras->run_ns);
	put_duration(page, "waited for one", extras->run_delay_ns);
	kt_page_number(page, "own switches", "", extras->voluntary_switches);
	kt_page_number(page, "forced switches", "", extras->involuntary_switches);
	put_bytes(page, look, "thread cache", extras->tcache_bytes);
}

static void put_snapshot(struct kt_page *page, const char *label,
			 const struct kt_thread_reading *reading)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_printf(&text, "#%" PRIu32 " at ", reading->index);
	kt_format_moment(reading->host_mono_ns, &text);
	kt_page_field(page, label, KT_ROLE_NORMAL, kt_buf_text(&text));
}

/* Of the moment, or of the last time that the thread was there. */
static void put_reading(struct kt_page *page, const struct kt_look_at *look,
			const struct kt_thread_history *history)
{
	const struct kt_thread_reading *last = &history->last;

	if (!last->is_there) {
		kt_page_field(page, "not there", KT_ROLE_WARNING,
			      "in none of the snapshots before this time that were looked at");
		return;
	}
	kt_page_field(page, "name", KT_ROLE_NORMAL, last->thread.comm);
	kt_page_number(page, "start time", " jiffies", last->thread.start_time_jiffies);
	put_snapshot(page, "snapshot", last);
	if (!history->now.is_there)
		put_snapshot(page, "gone since", &history->gone);
	if (last->thread.error)
		kt_page_fieldf(page, "error", KT_ROLE_WARNING, "%s (%s)", last->thread.error,
			       last->thread.error_kind);
	put_counters(page, look, &last->thread);
	put_changes(page, look, &history->before, &history->now);
	put_scheduling(page, look, last);
}

static struct kt_error *put_history(struct kt_page *page, const struct kt_look_at *look,
				    const struct kt_thread_place *place)
{
	struct kt_thread_history *history = place->history;
	bool is_found;

	KT_TRY(kt_thread_history_read(place->run->series, place->number, look->moment_ns,
				      kt_thread_graph_values(look->glyphs, page->area.columns),
				      history, &is_found));
	if (!is_found) {
		kt_page_text(page, 2, KT_ROLE_DIM, "no snapshot had been taken at this time");
		return NULL;
	}
	put_reading(page, look, history);
	kt_thread_graph_put(page, look, "ALLOCATED PER SECOND", history, history->allocated);
	kt_thread_graph_put(page, look, "DEALLOCATED PER SECOND", history, history->deallocated);
	return NULL;
}

unsigned kt_thread_page_paint(const struct kt_look_at *look, const struct kt_thread_place *place,
			      unsigned scroll, struct kt_canvas *canvas, struct kt_area area)
{
	struct kt_page page = kt_page_begin(canvas, area, scroll);
	kt_autoerr struct kt_error *err = NULL;

	kt_page_printf(&page, 0, KT_ROLE_TITLE, "Thread %" PRIu32, place->tid);
	kt_page_fieldf(&page, "of", KT_ROLE_NORMAL, "%s, probe %s, pid %" PRIu32,
		       place->scenario->name, place->probe->name, place->run->target_pid);
	if (place->state && *place->state)
		kt_page_field(&page, "is", KT_ROLE_ACTIVE, place->state);
	err = put_history(&page, look, place);
	if (err)
		kt_page_text(&page, 2, KT_ROLE_BAD, kt_error_message(err));
	return page.lines;
}
