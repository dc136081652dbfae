/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/dashboard_state.h"

static const char program[] = "ktstr-top";

static void put_moment_of(uint64_t moment_ns, uint64_t end_ns, struct kt_buf *out)
{
	kt_format_moment(moment_ns, out);
	kt_buf_puts(out, " of ");
	kt_format_moment(end_ns, out);
}

static void put_pause(const struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
		      struct kt_buf *out)
{
	uint64_t moment_ns = dashboard->travel.moment_ns;
	uint64_t ago_ns = input->now_ns > moment_ns ? input->now_ns - moment_ns : 0;

	kt_buf_puts(out, " at ");
	if (input->real_ns > ago_ns)
		kt_format_clock(input->real_ns - ago_ns, out);
	else
		kt_format_moment(moment_ns, out);
	kt_buf_printf(out, " (+%llu new)",
		      (unsigned long long)kt_travel_later_count(&dashboard->travel, input));
}

static void put_present(const struct kt_dashboard_input *input, bool is_short, struct kt_buf *out)
{
	if (!input->is_live && input->loaded_permille < 1000) {
		kt_buf_printf(out, "REPLAY loading %u %%", input->loaded_permille / 10);
		return;
	}
	if (!input->is_live && !is_short)
		kt_buf_puts(out, "REPLAY ");
	kt_buf_puts(out, input->has_ended || !input->is_live ? "ENDED" : "LIVE");
	if (is_short)
		return;
	kt_buf_putc(out, ' ');
	kt_format_moment(input->now_ns, out);
}

void kt_dashboard_run_state(const struct kt_dashboard *dashboard,
			    const struct kt_dashboard_input *input, bool is_short,
			    struct kt_buf *out)
{
	const struct kt_travel *travel = &dashboard->travel;

	if (!travel->is_held) {
		put_present(input, is_short, out);
		return;
	}
	if (travel->is_playing)
		kt_buf_printf(out, "PLAYING x%g", travel->speed);
	else
		kt_buf_puts(out, travel->is_pause ? "PAUSED" : is_short ? "BACK" : "BACK IN TIME");
	if (is_short)
		return;
	if (travel->is_pause) {
		put_pause(dashboard, input, out);
	} else {
		kt_buf_putc(out, ' ');
		put_moment_of(travel->moment_ns, input->now_ns, out);
	}
	if (!input->is_live && input->loaded_permille < 1000)
		kt_buf_printf(out, " loading %u %%", input->loaded_permille / 10);
}

void kt_dashboard_paint_title(const struct kt_dashboard *dashboard,
			      const struct kt_dashboard_input *input, struct kt_canvas *canvas,
			      unsigned row)
{
	kt_autobuf struct kt_buf state = KT_BUF_INIT;
	kt_autobuf struct kt_buf title = KT_BUF_INIT;
	bool is_held = dashboard->travel.is_held;

	kt_dashboard_run_state(dashboard, input, false, &state);
	if (kt_canvas_width(canvas, kt_buf_text(&state)) > canvas->columns) {
		kt_buf_reset(&state);
		kt_dashboard_run_state(dashboard, input, true, &state);
	}
	unsigned taken = kt_canvas_width(canvas, kt_buf_text(&state)) + 2;
	kt_buf_printf(&title, "%s  %s", program, input->source ? input->source : "");
	if (taken < canvas->columns)
		(void)kt_canvas_put(canvas, row, 0, canvas->columns - taken, KT_ROLE_TITLE,
				    kt_buf_text(&title));
	/* What does not fit is lost at its end: the word is the first. */
	if (taken - 2 > canvas->columns)
		(void)kt_canvas_put(canvas, row, 0, canvas->columns,
				    is_held ? KT_ROLE_BANNER : KT_ROLE_ACTIVE, kt_buf_text(&state));
	else
		(void)kt_canvas_put_right(canvas, row, 0, canvas->columns,
					  is_held ? KT_ROLE_BANNER : KT_ROLE_ACTIVE,
					  kt_buf_text(&state));
}

/* How much of the tabs is said. */
enum detail {
	DETAIL_ALL,    /* [1 Threads 12]  2 Checks 3 of 5 pass */
	DETAIL_NAMES,  /* [1 Threads 12]  2 Checks */
	DETAIL_NUMBER, /* [1 Threads] 2 3 */
	DETAIL_LEAST,
};

static void put_tab(const struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
		    unsigned view, enum detail detail, struct kt_buf *out)
{
	const struct kt_list *list = &dashboard->lists[view];
	bool is_open = dashboard->view == (enum kt_dashboard_view)view;
	struct kt_look_at look = kt_dashboard_look(dashboard, input);

	look.filter = kt_buf_text(&list->filter);
	kt_buf_puts(out, is_open ? "[" : " ");
	kt_buf_putc(out, view == KT_DASHBOARD_HELP ? '?' : (char)('1' + view));
	if (is_open || detail < DETAIL_NUMBER)
		kt_buf_printf(out, " %s", list->view->title);
	if (view != KT_DASHBOARD_HELP &&
	    (detail == DETAIL_ALL || (is_open && detail < DETAIL_LEAST))) {
		kt_buf_putc(out, ' ');
		list->view->summary(list->rows, &look, out);
	}
	if (is_open && list->page)
		kt_buf_puts(out, " > page");
	kt_buf_puts(out, is_open ? "]" : " ");
}

static unsigned tab_count(const struct kt_dashboard *dashboard)
{
	return dashboard->view == KT_DASHBOARD_HELP ? KT_DASHBOARD_VIEW_COUNT : KT_DASHBOARD_HELP;
}

static enum detail choose_detail(const struct kt_dashboard *dashboard,
				 const struct kt_dashboard_input *input,
				 const struct kt_canvas *canvas)
{
	for (enum detail detail = DETAIL_ALL; detail < DETAIL_LEAST; detail++) {
		kt_autobuf struct kt_buf text = KT_BUF_INIT;

		for (unsigned i = 0; i < tab_count(dashboard); i++)
			put_tab(dashboard, input, i, detail, &text);
		if (kt_canvas_width(canvas, kt_buf_text(&text)) <= canvas->columns)
			return detail;
	}
	return DETAIL_LEAST;
}

/* What leaves rows out or marks them, and which rows are on the screen. */
static void paint_restriction(const struct kt_dashboard *dashboard, struct kt_canvas *canvas,
			      unsigned row, unsigned column)
{
	const struct kt_list *list = &dashboard->lists[dashboard->view];
	size_t count = list->view->count(list->rows);
	kt_autobuf struct kt_buf place = KT_BUF_INIT;

	if (list->filter.len && column + 1 < canvas->columns)
		column += 1 + kt_canvas_printf(canvas, row, column + 1,
					       canvas->columns - column - 1, KT_ROLE_WARNING,
					       "filter: %s", kt_buf_text(&list->filter));
	if (list->search.len && column + 1 < canvas->columns)
		column += 1 + kt_canvas_printf(canvas, row, column + 1,
					       canvas->columns - column - 1, KT_ROLE_MATCH, "/%s",
					       kt_buf_text(&list->search));
	if (list->page || count <= list->height)
		return;
	size_t end = list->top + list->height;
	kt_buf_printf(&place, "%zu-%zu of %zu", list->top + 1, end < count ? end : count, count);
	if (column + 1 + place.len <= canvas->columns)
		(void)kt_canvas_put_right(canvas, row, column + 1, canvas->columns - column - 1,
					  KT_ROLE_DIM, kt_buf_text(&place));
}

void kt_dashboard_paint_tabs(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
			     struct kt_canvas *canvas, unsigned row)
{
	enum detail detail = choose_detail(dashboard, input, canvas);
	unsigned column = 0;

	for (unsigned i = 0; i < KT_DASHBOARD_VIEW_COUNT; i++)
		dashboard->tab_ends[i] = 0;
	for (unsigned i = 0; i < tab_count(dashboard) && column < canvas->columns; i++) {
		kt_autobuf struct kt_buf text = KT_BUF_INIT;
		bool is_open = dashboard->view == (enum kt_dashboard_view)i;

		put_tab(dashboard, input, i, detail, &text);
		column += kt_canvas_put(canvas, row, column, canvas->columns - column,
					is_open ? KT_ROLE_TITLE : KT_ROLE_NORMAL,
					kt_buf_text(&text));
		dashboard->tab_ends[i] = column;
	}
	if (column < canvas->columns)
		paint_restriction(dashboard, canvas, row, column);
}
