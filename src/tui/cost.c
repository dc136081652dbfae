/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line of the header that tells what looking costs. */
#include "tui/dashboard_state.h"

enum {
	GAP = 2, /* cells between two parts */
};

#define NS_PER_S 1000000000ULL

/* A line that parts are put on from left to right, as long as they fit as a whole. */
struct line {
	struct kt_canvas *canvas;
	unsigned row;
	unsigned column;
	struct kt_buf text; /* of the next part */
};

static bool put_part(struct line *line, enum kt_role role)
{
	const char *text = kt_buf_text(&line->text);
	unsigned gap = line->column ? GAP : 0;
	bool has_room = line->column + gap + kt_canvas_width(line->canvas, text) <=
			line->canvas->columns;

	/* The first part is better cut than not there. */
	if (has_room || !line->column)
		line->column += gap + kt_canvas_put(line->canvas, line->row, line->column + gap,
						    line->canvas->columns - line->column - gap,
						    role, text);
	kt_buf_reset(&line->text);
	return has_room;
}

static void put_duration(struct kt_opt_u64 duration_ns, struct kt_buf *out)
{
	if (duration_ns.known)
		kt_format_duration(duration_ns.value, out);
	else
		kt_buf_putc(out, '-');
}

static void put_which(struct line *line, const struct kt_threads_cost *cost)
{
	kt_buf_printf(&line->text, "snapshot %u", cost->latest.index);
	if (cost->frame_count > 1)
		kt_buf_printf(&line->text, " of %s", cost->guest);
	if (cost->latest.timestamp_unix_sec &&
	    cost->latest.timestamp_unix_sec < UINT64_MAX / NS_PER_S) {
		kt_buf_puts(&line->text, ", guest ");
		kt_format_clock(cost->latest.timestamp_unix_sec * NS_PER_S, &line->text);
	}
	(void)put_part(line, KT_ROLE_NORMAL);
}

static void put_stale(struct line *line, const struct kt_threads_cost *cost)
{
	if (!cost->stale_ns)
		return;
	kt_buf_printf(&line->text, "stale %llu.%llu s",
		      (unsigned long long)(cost->stale_ns / NS_PER_S),
		      (unsigned long long)(cost->stale_ns / (NS_PER_S / 10) % 10));
	(void)put_part(line, KT_ROLE_WARNING);
}

static void put_missed(struct line *line, const struct kt_threads_cost *cost)
{
	kt_buf_printf(&line->text, "missed %llu", (unsigned long long)cost->missed_count);
	(void)put_part(line, cost->missed_count ? KT_ROLE_WARNING : KT_ROLE_NORMAL);
	if (cost->is_partial) {
		kt_buf_puts(&line->text, "cut short");
		(void)put_part(line, KT_ROLE_WARNING);
	}
}

static void put_stops(struct line *line, const struct kt_threads_cost *cost)
{
	bool has_stopped = cost->stopped_threads.known && cost->stopped_threads.value;

	if (cost->stopped_threads.known)
		kt_buf_printf(&line->text, "stopped %llu",
			      (unsigned long long)cost->stopped_threads.value);
	else
		kt_buf_puts(&line->text, "stopped -");
	if (has_stopped || (cost->longest_stop_ns.known && cost->longest_stop_ns.value)) {
		kt_buf_puts(&line->text, ", longest ");
		put_duration(cost->longest_stop_ns, &line->text);
	}
	(void)put_part(line, has_stopped ? KT_ROLE_WARNING : KT_ROLE_NORMAL);
}

static void put_history(struct line *line, const struct kt_threads_cost *cost)
{
	if (!cost->history_coarse_ns)
		return;
	kt_buf_puts(&line->text, "history coarse before ");
	kt_format_moment(cost->history_coarse_ns, &line->text);
	kt_buf_printf(&line->text, ": %llu of %llu snapshots", (unsigned long long)cost->kept_count,
		      (unsigned long long)cost->all_count);
	if (put_part(line, KT_ROLE_WARNING))
		return;
	kt_buf_printf(&line->text, "history %llu of %llu", (unsigned long long)cost->kept_count,
		      (unsigned long long)cost->all_count);
	(void)put_part(line, KT_ROLE_WARNING);
}

void kt_dashboard_paint_cost(const struct kt_dashboard *dashboard,
			     const struct kt_dashboard_input *input, struct kt_canvas *canvas,
			     unsigned row)
{
	struct kt_look_at look = kt_dashboard_look(dashboard, input);
	struct kt_threads_cost cost =
		kt_threads_cost(dashboard->lists[KT_DASHBOARD_THREADS].rows, &look);
	struct line line = { .canvas = canvas, .row = row };

	if (!cost.frame_count) {
		(void)kt_canvas_put(canvas, row, 0, canvas->columns, KT_ROLE_DIM, "no snapshot");
		return;
	}
	put_which(&line, &cost);
	put_stale(&line, &cost);
	kt_buf_puts(&line.text, "spread ");
	put_duration(cost.most_spread_ns, &line.text);
	(void)put_part(&line, KT_ROLE_NORMAL);
	put_missed(&line, &cost);
	put_stops(&line, &cost);
	if (cost.skipped_count) {
		kt_buf_printf(&line.text, "skipped %llu", (unsigned long long)cost.skipped_count);
		(void)put_part(&line, KT_ROLE_NORMAL);
	}
	put_history(&line, &cost);
	kt_buf_deinit(&line.text);
}
