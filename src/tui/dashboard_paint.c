/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where things stand in a frame, and the frame. */
#include "tui/dashboard_state.h"

enum {
	SUMMARY_ROWS = 4,    /* up to here there is no room for a list */
	FOOTER_MIN_ROWS = 6, /* from here on there is a footer, */
	COST_MIN_ROWS = 10,  /* the line of what looking costs, */
	PANE_MIN_ROWS = 30,  /* and a pane with the checks */
	PANE_MAX_ROWS = 9,
	MARKER_COLUMNS = 2, /* before each row: ">" for the cursor, "*" for what was searched for */
};

/* A pane with the checks below the threads, if there are any and it leaves the most to these. */
static void lay_out_pane(const struct kt_dashboard *dashboard, unsigned rows,
			 struct kt_dashboard_layout *layout)
{
	const struct kt_list *checks = &dashboard->lists[KT_DASHBOARD_CHECKS];
	size_t count = checks->view->count(checks->rows);

	if (rows < PANE_MIN_ROWS || dashboard->view != KT_DASHBOARD_THREADS || !count ||
	    dashboard->lists[KT_DASHBOARD_THREADS].page)
		return;
	unsigned height = count + 2 > PANE_MAX_ROWS ? PANE_MAX_ROWS : (unsigned)count + 2;
	layout->body.rows -= height;
	layout->pane = layout->body;
	layout->pane.row = layout->body.row + layout->body.rows;
	layout->pane.rows = height;
}

struct kt_dashboard_layout kt_dashboard_lay_out(const struct kt_dashboard *dashboard,
						const struct kt_dashboard_input *input,
						unsigned columns, unsigned rows)
{
	struct kt_dashboard_layout layout = {
		.title_row = 0,
		.tabs_row = rows,
		.cost_row = rows,
		.problem_row = rows,
		.bottom_row = rows,
	};
	unsigned next = 1;

	if (rows <= SUMMARY_ROWS) {
		layout.is_summary = true;
		layout.bottom_row = rows - 1;
		return layout;
	}
	layout.tabs_row = next++;
	if (rows >= COST_MIN_ROWS)
		layout.cost_row = next++;
	if (input->problem && rows >= FOOTER_MIN_ROWS)
		layout.problem_row = next++;
	unsigned end = rows;
	if (rows >= FOOTER_MIN_ROWS || dashboard->prompt.kind || dashboard->message_left_ns)
		layout.bottom_row = --end;
	layout.body = (struct kt_area){ .row = next, .columns = columns, .rows = end - next };
	lay_out_pane(dashboard, rows, &layout);
	return layout;
}

/* Gives the list the height of the frame that is to be painted. */
static void set_heights(struct kt_dashboard *dashboard, const struct kt_dashboard_layout *layout)
{
	struct kt_list *list = &dashboard->lists[dashboard->view];
	unsigned heading = list->page ? 0 : 1;

	kt_list_set_height(list, layout->body.rows > heading ? layout->body.rows - heading : 1);
}

static struct kt_area row_area(struct kt_area area, unsigned row)
{
	unsigned marker = area.columns > MARKER_COLUMNS ? MARKER_COLUMNS : 0;

	return (struct kt_area){
		.row = area.row + row,
		.column = area.column + marker,
		.columns = area.columns - marker,
		.rows = 1,
	};
}

/* What the rows that will be seen need, and the others do not. */
static struct kt_error *prepare_rows(const struct kt_dashboard *dashboard,
				     const struct kt_look_at *look,
				     const struct kt_dashboard_layout *layout)
{
	const struct kt_list *list = &dashboard->lists[dashboard->view];
	size_t count = list->view->count(list->rows);
	size_t height = layout->body.rows ? layout->body.rows - 1 : 0;

	if (!list->view->prepare_rows || list->page || list->top >= count)
		return NULL;
	if (height > count - list->top)
		height = count - list->top;
	return list->view->prepare_rows(list->rows, look, list->top, height,
					row_area(layout->body, 0).columns);
}

static bool is_match(const struct kt_list *list, size_t row, struct kt_buf *text)
{
	if (!list->search.len)
		return false;
	kt_buf_reset(text);
	list->view->text(list->rows, row, text);
	return kt_list_contains(kt_buf_text(text), kt_buf_text(&list->search));
}

/* The rows from @top on below their heading; @has_cursor: one of them is that of the cursor. */
static void paint_rows(const struct kt_list *list, const struct kt_look_at *look, size_t top,
		       bool has_cursor, struct kt_canvas *canvas, struct kt_area area)
{
	size_t count = list->view->count(list->rows);
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	list->view->paint_heading(list->rows, look, canvas, row_area(area, 0));
	for (unsigned i = 1; i < area.rows && top + i - 1 < count; i++) {
		size_t row = top + i - 1;
		bool is_cursor = has_cursor && row == list->cursor;

		list->view->paint_row(list->rows, look, row, canvas, row_area(area, i));
		if (is_match(list, row, &text))
			(void)kt_canvas_put(canvas, area.row + i, area.column, 1, KT_ROLE_MATCH,
					    "*");
		if (!is_cursor)
			continue;
		if (area.columns > MARKER_COLUMNS)
			(void)kt_canvas_put(canvas, area.row + i, area.column, 1, KT_ROLE_SELECTED,
					    ">");
		kt_canvas_paint(canvas, area.row + i, area.column, area.columns, KT_ROLE_SELECTED);
	}
}

static void paint_empty(const struct kt_list *list, const struct kt_look_at *look,
			struct kt_canvas *canvas, struct kt_area area)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	list->view->explain_empty(list->rows, look, &text);
	if (area.rows > 1)
		(void)kt_canvas_put(canvas, area.row + 1, area.column, area.columns, KT_ROLE_DIM,
				    kt_buf_text(&text));
}

static void paint_body(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
		       struct kt_canvas *canvas, struct kt_area area)
{
	struct kt_list *list = &dashboard->lists[dashboard->view];
	struct kt_look_at look = kt_dashboard_look(dashboard, input);

	look.filter = kt_buf_text(&list->filter);
	look.search = kt_buf_text(&list->search);
	if (list->page) {
		list->page_lines = list->view->paint_page(list->rows, &look, list->page,
							  list->page_scroll, canvas, area);
		return;
	}
	paint_rows(list, &look, list->top, true, canvas, area);
	if (!list->view->count(list->rows))
		paint_empty(list, &look, canvas, area);
}

static void paint_pane(const struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
		       struct kt_canvas *canvas, struct kt_area area)
{
	const struct kt_list *list = &dashboard->lists[KT_DASHBOARD_CHECKS];
	struct kt_look_at look = kt_dashboard_look(dashboard, input);

	if (!area.rows)
		return;
	for (unsigned i = 0; i < area.columns; i++)
		(void)kt_canvas_put(canvas, area.row, area.column + i, 1, KT_ROLE_DIM,
				    dashboard->glyphs.horizontal);
	if (area.columns > 2)
		(void)kt_canvas_printf(canvas, area.row, area.column + 2, area.columns - 2,
				       KT_ROLE_TITLE, " %s ", list->view->title);
	look.filter = kt_buf_text(&list->filter);
	area.row++;
	area.rows--;
	paint_rows(list, &look, 0, false, canvas, area);
}

/* The frame that has no room for a list: how it stands, by importance. */
static void paint_summary(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
			  struct kt_canvas *canvas)
{
	static const enum kt_dashboard_view order[] = { KT_DASHBOARD_CHECKS, KT_DASHBOARD_THREADS,
							KT_DASHBOARD_GUESTS };
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	unsigned row = 0;

	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]) && row < canvas->rows; i++) {
		const struct kt_list *list = &dashboard->lists[order[i]];
		struct kt_look_at look = kt_dashboard_look(dashboard, input);

		/* In the second line, what one looks at, if it is not simply the present. */
		if (row == 1 && canvas->rows > 1) {
			kt_buf_reset(&text);
			kt_dashboard_run_state(dashboard, input, canvas->columns < 40, &text);
			(void)kt_canvas_put(canvas, row++, 0, canvas->columns,
					    dashboard->travel.is_held ? KT_ROLE_BANNER
								      : KT_ROLE_ACTIVE,
					    kt_buf_text(&text));
			if (row == canvas->rows)
				break;
		}
		look.filter = kt_buf_text(&list->filter);
		kt_buf_reset(&text);
		kt_buf_printf(&text, "%s ", list->view->word);
		size_t word_len = text.len;
		list->view->summary(list->rows, &look, &text);
		/* What it is about can do without its name, not the other way round. */
		if (kt_canvas_width(canvas, kt_buf_text(&text)) > canvas->columns)
			kt_buf_consume(&text, word_len);
		(void)kt_canvas_put(canvas, row++, 0, canvas->columns, KT_ROLE_NORMAL,
				    kt_buf_text(&text));
	}
	if (input->problem && canvas->rows > 1)
		(void)kt_canvas_put(canvas, canvas->rows - 1, 0, canvas->columns, KT_ROLE_WARNING,
				    input->problem);
}

static void paint_frame(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
			struct kt_canvas *canvas)
{
	const struct kt_dashboard_layout *layout = &dashboard->layout;

	if (layout->is_summary) {
		paint_summary(dashboard, input, canvas);
		if (dashboard->prompt.kind || dashboard->message_left_ns)
			kt_dashboard_paint_bottom(dashboard, canvas, layout->bottom_row);
		return;
	}
	kt_dashboard_paint_title(dashboard, input, canvas, layout->title_row);
	kt_dashboard_paint_tabs(dashboard, input, canvas, layout->tabs_row);
	if (layout->cost_row < canvas->rows)
		kt_dashboard_paint_cost(dashboard, input, canvas, layout->cost_row);
	if (layout->problem_row < canvas->rows)
		(void)kt_canvas_printf(canvas, layout->problem_row, 0, canvas->columns,
				       KT_ROLE_WARNING, "! %s", input->problem);
	paint_body(dashboard, input, canvas, layout->body);
	paint_pane(dashboard, input, canvas, layout->pane);
	if (layout->bottom_row < canvas->rows)
		kt_dashboard_paint_bottom(dashboard, canvas, layout->bottom_row);
}

struct kt_error *kt_dashboard_paint(struct kt_dashboard *dashboard,
				    const struct kt_dashboard_input *input,
				    struct kt_canvas *canvas)
{
	struct kt_look_at look = kt_dashboard_look(dashboard, input);

	kt_canvas_clear(canvas);
	if (!canvas->columns || !canvas->rows)
		return NULL;
	/* What there is decides about the layout, the layout about what is scrolled to. */
	KT_TRY(kt_dashboard_update(dashboard, input));
	dashboard->layout = kt_dashboard_lay_out(dashboard, input, canvas->columns, canvas->rows);
	set_heights(dashboard, &dashboard->layout);
	KT_TRY(prepare_rows(dashboard, &look, &dashboard->layout));
	dashboard->painted_now_ns = input->now_ns;
	dashboard->painted_stale_ns =
		kt_threads_cost(dashboard->lists[KT_DASHBOARD_THREADS].rows, &look).stale_ns;
	paint_frame(dashboard, input, canvas);
	if (dashboard->has_command_box)
		kt_dashboard_paint_command(dashboard, input->command, canvas);
	return NULL;
}
