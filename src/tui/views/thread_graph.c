/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/thread_graph.h"

#include <string.h>

#include "base/clock.h"

enum {
	GRAPH_ROWS = 4,
	SCALE_COLUMNS = 12, /* "999.9MiB/s" and the line */
	MIN_COLUMNS = 8,
	MAX_COLUMNS = KT_HISTORY_MAX / 2,
};

static unsigned graph_columns(unsigned columns)
{
	if (columns < SCALE_COLUMNS + MIN_COLUMNS)
		return 0;
	columns -= SCALE_COLUMNS;
	return columns < MAX_COLUMNS ? columns : MAX_COLUMNS;
}

static unsigned values_per_cell(const struct kt_glyphs *glyphs)
{
	return glyphs->graph == KT_GRAPH_BRAILLE ? 2 : 1;
}

size_t kt_thread_graph_values(const struct kt_glyphs *glyphs, unsigned columns)
{
	return (size_t)graph_columns(columns) * values_per_cell(glyphs);
}

static uint64_t largest(const struct kt_thread_history *history,
			const struct kt_graph_value *values, size_t shown)
{
	uint64_t max = 0;

	for (size_t i = history->count > shown ? history->count - shown : 0; i < history->count;
	     i++) {
		if (values[i].is_known && values[i].value > max)
			max = values[i].value;
	}
	return max;
}

/* The column of the graph that the value at @index is in. */
static unsigned column_of(const struct kt_look_at *look, const struct kt_thread_history *history,
			  unsigned columns, size_t index)
{
	size_t back = (history->count - 1 - index) / values_per_cell(look->glyphs);

	return back < columns ? columns - 1 - (unsigned)back : 0;
}

static void put_scale(struct kt_page *page, const struct kt_look_at *look, unsigned row,
		      unsigned line, uint64_t max)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (line == 0)
		kt_format_rate(look->units, max, KT_NS_PER_SEC, &text);
	else if (line == GRAPH_ROWS - 1)
		kt_format_rate(look->units, 0, KT_NS_PER_SEC, &text);
	kt_canvas_put_right(page->canvas, row, page->area.column, SCALE_COLUMNS - 2, KT_ROLE_DIM,
			    kt_buf_text(&text));
	kt_canvas_put(page->canvas, row, page->area.column + SCALE_COLUMNS - 1, 1, KT_ROLE_DIM,
		      look->glyphs->vertical);
}

static void put_rows(struct kt_page *page, const struct kt_look_at *look,
		     const struct kt_thread_history *history, const struct kt_graph_value *values,
		     unsigned columns)
{
	size_t shown = (size_t)columns * values_per_cell(look->glyphs);
	uint64_t max = largest(history, values, shown);
	unsigned later = column_of(look, history, columns, history->moment) + 1;
	unsigned left = page->area.column + SCALE_COLUMNS;

	for (unsigned line = 0; line < GRAPH_ROWS; line++) {
		kt_autobuf struct kt_buf text = KT_BUF_INIT;
		unsigned row;

		if (!kt_page_next(page, &row))
			continue;
		put_scale(page, look, row, line, max);
		kt_graph_row(look->glyphs, values, history->count, max, columns, GRAPH_ROWS, line,
			     &text);
		kt_canvas_put(page->canvas, row, left, columns, KT_ROLE_GRAPH, kt_buf_text(&text));
		kt_canvas_paint(page->canvas, row, left + later, columns - later, KT_ROLE_DIM);
	}
}

/* The axis with the mark, and below it the times at its ends and at the mark. */
static void put_axis(struct kt_page *page, const struct kt_look_at *look,
		     const struct kt_thread_history *history, unsigned columns)
{
	size_t shown = (size_t)columns * values_per_cell(look->glyphs);
	size_t first = history->count > shown ? history->count - shown : 0;
	unsigned left = page->area.column + SCALE_COLUMNS;
	unsigned begin = column_of(look, history, columns, first);
	unsigned mark = column_of(look, history, columns, history->moment);
	unsigned row;

	if (!kt_page_next(page, &row))
		return;
	for (unsigned i = begin; i < columns; i++)
		kt_canvas_put(page->canvas, row, left + i, 1, KT_ROLE_DIM,
			      look->glyphs->horizontal);
	kt_canvas_put(page->canvas, row, left + mark, 1, KT_ROLE_MATCH, look->glyphs->up);
}

static void put_times(struct kt_page *page, const struct kt_look_at *look,
		      const struct kt_thread_history *history, unsigned columns)
{
	size_t shown = (size_t)columns * values_per_cell(look->glyphs);
	size_t first = history->count > shown ? history->count - shown : 0;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_format_moment(history->at_ns[first], &text);
	kt_buf_puts(&text, " to ");
	kt_format_moment(history->at_ns[history->count - 1], &text);
	kt_buf_printf(&text, ", %s at ", look->glyphs->up);
	kt_format_moment(history->at_ns[history->moment], &text);
	kt_page_text(page, columns ? SCALE_COLUMNS : 0, KT_ROLE_DIM, kt_buf_text(&text));
}

void kt_thread_graph_put(struct kt_page *page, const struct kt_look_at *look, const char *title,
			 const struct kt_thread_history *history,
			 const struct kt_graph_value *values)
{
	unsigned columns = graph_columns(page->area.columns);

	if (!columns || !history->count)
		return;
	kt_page_title(page, title);
	put_rows(page, look, history, values, columns);
	put_axis(page, look, history, columns);
	put_times(page, look, history, columns);
}
