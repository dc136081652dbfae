/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "base/cleanup.h"
#include "tui/list.h"
#include "tui/views/thread_page.h"
#include "tui/views/threads_state.h"

static void layout_in(const struct kt_threads *threads, const struct kt_look_at *look,
		      unsigned columns, struct kt_column_layout *ret)
{
	struct kt_column_needs needs = {
		.has_guests = threads->group_count > 1,
		.has_extras = threads->has_extras,
	};

	kt_columns_layout(&threads->columns, look->units, &needs, columns, ret);
}

struct kt_error *kt_threads_prepare_rows(void *view, const struct kt_look_at *look, size_t first,
					 size_t count, unsigned columns)
{
	struct kt_threads *threads = view;
	struct kt_column_layout layout;
	bool needs_past = false;

	layout_in(threads, look, columns, &layout);
	for (size_t i = 0; i < layout.count; i++)
		needs_past |= layout.columns[i]->needs_past;
	if (!needs_past)
		return NULL;
	kt_autofree struct kt_thread_row **wanted = calloc(count + 1, sizeof(*wanted));
	if (!wanted)
		return kt_error_no_memory();
	for (size_t group = 0; group < threads->group_count; group++) {
		size_t wanted_count = 0;

		for (size_t i = first; i < first + count; i++)
			if (threads->order[i]->group == group)
				wanted[wanted_count++] = threads->order[i];
		KT_TRY(kt_thread_rows_read_past(&threads->groups[group], wanted, wanted_count));
	}
	return NULL;
}

/* Cells stand where their column does, however much room the area has. */
static void put_cell(struct kt_canvas *canvas, struct kt_area area,
		     const struct kt_column_layout *layout, size_t at, enum kt_role role,
		     const char *text)
{
	unsigned offset = layout->offsets[at];
	unsigned width = layout->widths[at];

	if (offset >= area.columns)
		return;
	if (width > area.columns - offset)
		width = area.columns - offset;
	if (layout->columns[at]->is_left)
		(void)kt_canvas_put(canvas, area.row, area.column + offset, width, role, text);
	else
		(void)kt_canvas_put_right(canvas, area.row, area.column + offset, width, role,
					  text);
}

void kt_threads_paint_heading(const void *view, const struct kt_look_at *look,
			      struct kt_canvas *canvas, struct kt_area area)
{
	const struct kt_threads *threads = view;
	struct kt_column_layout layout;

	layout_in(threads, look, area.columns, &layout);
	for (size_t i = 0; i < layout.count; i++) {
		kt_autobuf struct kt_buf text = KT_BUF_INIT;
		bool is_sorted = layout.columns[i] == threads->sort;

		kt_buf_puts(&text, layout.columns[i]->heading);
		/* A letter as a sign stands apart, where there is room. */
		if (is_sorted && look->glyphs->is_ascii && text.len + 2 <= layout.widths[i])
			kt_buf_putc(&text, ' ');
		if (is_sorted)
			kt_buf_puts(&text,
				    threads->is_descending ? look->glyphs->down : look->glyphs->up);
		put_cell(canvas, area, &layout, i, is_sorted ? KT_ROLE_SORTED : KT_ROLE_HEADING,
			 kt_buf_text(&text));
	}
}

/* How the row as a whole looks; its state says the same in a word. */
static enum kt_role row_role(const struct kt_thread_row *row)
{
	switch ((enum kt_row_status)row->status) {
	case KT_ROW_GONE:
	case KT_ROW_SKIPPED:
	case KT_ROW_MISSED:
		return KT_ROLE_DIM;
	case KT_ROW_FAILED:
		return KT_ROLE_UNKNOWN;
	case KT_ROW_SAME:
	case KT_ROW_NEW:
	case KT_ROW_REUSED:
	case KT_ROW_RESET:
		return KT_ROLE_NORMAL;
	}
	return KT_ROLE_NORMAL;
}

void kt_threads_paint_row(const void *view, const struct kt_look_at *look, size_t row,
			  struct kt_canvas *canvas, struct kt_area area)
{
	const struct kt_threads *threads = view;
	const struct kt_thread_row *thread = threads->order[row];
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct kt_column_layout layout;

	layout_in(threads, look, area.columns, &layout);
	for (size_t i = 0; i < layout.count; i++) {
		struct kt_cell_context cell = kt_threads_cell(threads, look, thread);

		cell.role = row_role(thread);
		cell.stale_ns = kt_threads_stale_ns(threads, look, thread->group);
		kt_buf_reset(&text);
		layout.columns[i]->format(&cell, layout.widths[i], &text);
		if (*look->search && kt_list_contains(kt_buf_text(&text), look->search))
			cell.role = KT_ROLE_MATCH;
		put_cell(canvas, area, &layout, i, cell.role, kt_buf_text(&text));
	}
}

void kt_threads_explain_empty(const void *view, const struct kt_look_at *look, struct kt_buf *out)
{
	const struct kt_threads *threads = view;
	struct kt_threads_cost cost = kt_threads_cost(view, look);

	if (threads->all_count) {
		kt_buf_printf(out, "no thread contains \"%s\"; Esc shows all %zu", look->filter,
			      threads->all_count);
		return;
	}
	if (cost.frame_count) {
		kt_buf_puts(out, "the snapshot has no threads");
		return;
	}
	if (look->input->has_ended && look->is_present) {
		kt_buf_puts(out, "no snapshot was taken");
		return;
	}
	if (!threads->group_count) {
		kt_buf_puts(out, "nothing has begun yet");
		return;
	}
	const struct kt_run_state *state = kt_moment_guest(threads->scenarios[0], look->moment_ns);
	kt_buf_printf(out, "no snapshot yet; %s", threads->scenarios[0]->name);
	if (state)
		kt_buf_printf(out, ": %s",
			      state->state.detail ? state->state.detail
						  : kt_guest_state_name(state->state.state));
}

/* Keeps which thread the page is about for when it is no row any more. */
static void remember(const struct kt_threads *threads, const struct kt_thread_row *row)
{
	const struct kt_thread_rows *rows = &threads->groups[row->group];

	*threads->page = (struct kt_threads_page){
		.identity = row->identity,
		.group = row->group,
		.probe = rows->probe,
		.run = rows->run,
		.number = row->number,
		.tid = row->tid,
	};
}

static const struct kt_thread_row *find_row(const struct kt_threads *threads, uint64_t identity)
{
	for (size_t i = 0; i < threads->group_count; i++) {
		const struct kt_thread_row *row =
			kt_thread_rows_find(&threads->groups[i], identity);

		if (row)
			return row;
	}
	return NULL;
}

static unsigned paint_message(struct kt_canvas *canvas, struct kt_area area, const char *text)
{
	if (area.rows)
		(void)kt_canvas_put(canvas, area.row, area.column, area.columns, KT_ROLE_DIM, text);
	return 1;
}

unsigned kt_threads_paint_page(const void *view, const struct kt_look_at *look, uint64_t identity,
			       unsigned scroll, struct kt_canvas *canvas, struct kt_area area)
{
	const struct kt_threads *threads = view;
	const struct kt_threads_page *page = threads->page;
	const struct kt_thread_row *row = find_row(threads, identity);
	kt_autobuf struct kt_buf state = KT_BUF_INIT;

	if (row && !row->has_number)
		return paint_message(canvas, area,
				     "this thread is left out: nothing is read of it");
	if (row)
		remember(threads, row);
	if (page->identity != identity)
		return paint_message(canvas, area, "this thread is not there at this time");
	const struct kt_run_scenario *scenario = threads->scenarios[page->group];
	const struct kt_run_probe *probe = &scenario->probes[page->probe];
	kt_buf_puts(&state, row ? kt_row_status_word(row) : "not there at this time");
	if (row && row->reason[0])
		kt_buf_printf(&state, ": %s", row->reason);
	struct kt_thread_place place = {
		.scenario = scenario,
		.probe = probe,
		.run = &probe->runs[page->run],
		.number = page->number,
		.tid = page->tid,
		.history = threads->history,
		.state = kt_buf_text(&state),
	};
	return kt_thread_page_paint(look, &place, scroll, canvas, area);
}
