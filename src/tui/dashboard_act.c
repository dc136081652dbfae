/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keys do. */
#include "tui/dashboard_state.h"

enum {
	LEAP = 10,
};

static struct kt_list *list_of(struct kt_dashboard *dashboard)
{
	return &dashboard->lists[dashboard->view];
}

static void *threads_of(struct kt_dashboard *dashboard)
{
	return dashboard->lists[KT_DASHBOARD_THREADS].rows;
}

static unsigned say(struct kt_dashboard *dashboard, const char *text)
{
	kt_dashboard_say(dashboard, text);
	return KT_NEED_FRAME;
}

static unsigned show_view(struct kt_dashboard *dashboard, enum kt_dashboard_view view)
{
	if (view == KT_DASHBOARD_HELP && dashboard->view != KT_DASHBOARD_HELP)
		dashboard->view_before_help = dashboard->view;
	dashboard->view = view;
	return KT_NEED_FRAME;
}

static unsigned next_view(struct kt_dashboard *dashboard, unsigned step)
{
	unsigned view = dashboard->view == KT_DASHBOARD_HELP ? dashboard->view_before_help
							     : dashboard->view;

	return show_view(dashboard, (enum kt_dashboard_view)((view + step) % KT_DASHBOARD_HELP));
}

static unsigned toggle_help(struct kt_dashboard *dashboard)
{
	bool is_open = dashboard->view == KT_DASHBOARD_HELP;

	return show_view(dashboard, is_open ? dashboard->view_before_help : KT_DASHBOARD_HELP);
}

/* Leaves what was entered last. */
static unsigned go_back(struct kt_dashboard *dashboard)
{
	struct kt_list *list = list_of(dashboard);

	dashboard->message_left_ns = 0;
	if (list->page)
		list->page = 0;
	else if (list->search.len)
		kt_buf_reset(&list->search);
	else if (list->filter.len)
		kt_buf_reset(&list->filter);
	else if (dashboard->view == KT_DASHBOARD_HELP)
		return toggle_help(dashboard);
	return KT_NEED_FRAME;
}

static unsigned move_to(struct kt_dashboard *dashboard, enum kt_action action)
{
	struct kt_list *list = list_of(dashboard);

	switch (action) {
	case KT_ACTION_UP:
		kt_list_move(list, -1);
		break;
	case KT_ACTION_DOWN:
		kt_list_move(list, 1);
		break;
	case KT_ACTION_PAGE_UP:
		kt_list_move_screens(list, -1);
		break;
	case KT_ACTION_PAGE_DOWN:
		kt_list_move_screens(list, 1);
		break;
	case KT_ACTION_FIRST:
		kt_list_first(list);
		break;
	case KT_ACTION_LAST:
		kt_list_last(list);
		break;
	default:
		/* A key of the help has no page. */
		if (dashboard->view != KT_DASHBOARD_HELP)
			(void)kt_list_open(list);
	}
	return KT_NEED_FRAME;
}

/* What steps stop at depends on what is looked at; where no snapshot was taken, at everything. */
static unsigned stops_of(const struct kt_dashboard *dashboard,
			 const struct kt_dashboard_input *input)
{
	struct kt_travel from_begin = { .is_held = true };
	unsigned stops = KT_STOP_SNAPSHOTS;

	if (dashboard->view == KT_DASHBOARD_CHECKS)
		stops |= KT_STOP_VERDICTS;
	if (dashboard->view == KT_DASHBOARD_GUESTS)
		stops |= KT_STOP_STATES;
	if (kt_travel_later_count(&from_begin, input) == 0)
		stops |= KT_STOP_VERDICTS | KT_STOP_STATES;
	return stops;
}

static unsigned step(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
		     int count)
{
	if (kt_travel_step(&dashboard->travel, input, stops_of(dashboard, input), count))
		return KT_NEED_FRAME;
	return say(dashboard, count < 0 ? "there is nothing before" : "this is the present");
}

static unsigned play(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input)
{
	kt_travel_toggle_play(&dashboard->travel, input);
	if (!dashboard->travel.is_held)
		return say(dashboard, "this is the present: go back first, then play");
	return KT_NEED_FRAME;
}

static unsigned travel(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
		       enum kt_action action)
{
	struct kt_travel *travel = &dashboard->travel;

	switch (action) {
	case KT_ACTION_PAUSE:
		kt_travel_toggle_pause(travel, input);
		break;
	case KT_ACTION_STEP_BACK:
		return step(dashboard, input, -1);
	case KT_ACTION_STEP_FORWARD:
		return step(dashboard, input, 1);
	case KT_ACTION_LEAP_BACK:
		return step(dashboard, input, -LEAP);
	case KT_ACTION_LEAP_FORWARD:
		return step(dashboard, input, LEAP);
	case KT_ACTION_TIME_FIRST:
		kt_travel_first(travel, input);
		break;
	case KT_ACTION_TIME_LAST:
		kt_travel_follow(travel);
		break;
	case KT_ACTION_PLAY:
		return play(dashboard, input);
	case KT_ACTION_FASTER:
		kt_travel_scale_speed(travel, 2);
		break;
	default:
		kt_travel_scale_speed(travel, 0.5);
	}
	return KT_NEED_FRAME;
}

static void say_speed(struct kt_dashboard *dashboard)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_printf(&text, "plays x%g", dashboard->travel.speed);
	kt_dashboard_say(dashboard, kt_buf_text(&text));
}

static void say_choice(struct kt_dashboard *dashboard, const char *what, const char *word)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_printf(&text, "%s: %s", what, word);
	kt_dashboard_say(dashboard, kt_buf_text(&text));
}

static unsigned change_look(struct kt_dashboard *dashboard, enum kt_action action)
{
	switch (action) {
	case KT_ACTION_UNITS:
		dashboard->units.style = (dashboard->units.style + 1) % KT_UNIT_STYLE_COUNT;
		say_choice(dashboard, "units", kt_unit_style_word(dashboard->units.style));
		return KT_NEED_FRAME;
	case KT_ACTION_GRAPH:
		dashboard->graph = (dashboard->graph + 1) % KT_GRAPH_STYLE_COUNT;
		dashboard->glyphs = kt_glyphs_make(dashboard->is_ascii, dashboard->graph);
		say_choice(dashboard, "graphs", kt_graph_style_word(dashboard->glyphs.graph));
		return KT_NEED_FRAME;
	case KT_ACTION_THEME:
		dashboard->theme = dashboard->theme[1].name ? dashboard->theme + 1 : kt_themes;
		say_choice(dashboard, "theme", dashboard->theme->name);
		return KT_NEED_FRAME | KT_NEED_THEME;
	default:
		dashboard->has_mouse = !dashboard->has_mouse;
		say_choice(dashboard, "mouse",
			   dashboard->has_mouse ? "moves the cursor" : "is the terminal's");
		return KT_NEED_FRAME | KT_NEED_MOUSE;
	}
}

static unsigned ask(struct kt_dashboard *dashboard, enum kt_action action)
{
	struct kt_list *list = list_of(dashboard);
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	dashboard->message_left_ns = 0;
	switch (action) {
	case KT_ACTION_FILTER:
		list->page = 0;
		kt_prompt_open(&dashboard->prompt, KT_PROMPT_FILTER, kt_buf_text(&list->filter));
		break;
	case KT_ACTION_SEARCH:
		list->page = 0;
		kt_prompt_open(&dashboard->prompt, KT_PROMPT_SEARCH, "");
		kt_buf_puts(&dashboard->prompt.before, kt_buf_text(&list->search));
		break;
	case KT_ACTION_GO_TO_TIME:
		kt_prompt_open(&dashboard->prompt, KT_PROMPT_TIME, "");
		break;
	case KT_ACTION_SAVE:
		kt_buf_printf(&text, "ktstr-top-%u.ktr", dashboard->save_count + 1);
		kt_prompt_open(&dashboard->prompt, KT_PROMPT_SAVE, kt_buf_text(&text));
		break;
	default:
		(void)show_view(dashboard, KT_DASHBOARD_THREADS);
		list_of(dashboard)->page = 0;
		kt_threads_columns(threads_of(dashboard), &text);
		kt_prompt_open(&dashboard->prompt, KT_PROMPT_COLUMNS, kt_buf_text(&text));
	}
	return KT_NEED_FRAME;
}

static unsigned search_on(struct kt_dashboard *dashboard, int direction)
{
	struct kt_list *list = list_of(dashboard);

	if (!list->search.len)
		return say(dashboard, "nothing was searched for; / asks");
	list->page = 0;
	if (!kt_list_find(list, direction, 1))
		return say(dashboard, "not found");
	return KT_NEED_FRAME;
}

static unsigned sort(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
		     enum kt_action action)
{
	struct kt_list *list = list_of(dashboard);
	struct kt_look_at look = kt_dashboard_look(dashboard, input);

	look.filter = kt_buf_text(&list->filter);
	look.search = kt_buf_text(&list->search);
	if (list->page || !list->view->act)
		return say(dashboard, "there is nothing to sort here");
	/* Who asks for an order wants it now. */
	list->frozen_ns = 0;
	return list->view->act(list->rows, &look, action);
}

unsigned kt_dashboard_act(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
			  enum kt_action action)
{
	switch (action) {
	case KT_ACTION_NONE:
	case KT_ACTION_COUNT:
		return 0;
	case KT_ACTION_QUIT:
		return KT_NEED_QUIT;
	case KT_ACTION_HELP_VIEW:
		return toggle_help(dashboard);
	case KT_ACTION_NEXT_VIEW:
		return next_view(dashboard, 1);
	case KT_ACTION_PREVIOUS_VIEW:
		return next_view(dashboard, KT_DASHBOARD_HELP - 1);
	case KT_ACTION_THREADS:
		return show_view(dashboard, KT_DASHBOARD_THREADS);
	case KT_ACTION_CHECKS:
		return show_view(dashboard, KT_DASHBOARD_CHECKS);
	case KT_ACTION_GUESTS:
		return show_view(dashboard, KT_DASHBOARD_GUESTS);
	case KT_ACTION_UP:
	case KT_ACTION_DOWN:
	case KT_ACTION_PAGE_UP:
	case KT_ACTION_PAGE_DOWN:
	case KT_ACTION_FIRST:
	case KT_ACTION_LAST:
	case KT_ACTION_OPEN:
		return move_to(dashboard, action);
	case KT_ACTION_BACK:
		return go_back(dashboard);
	case KT_ACTION_SORT_NEXT:
	case KT_ACTION_SORT_PREVIOUS:
	case KT_ACTION_SORT_REVERSE:
		return sort(dashboard, input, action);
	case KT_ACTION_COLUMNS:
	case KT_ACTION_FILTER:
	case KT_ACTION_SEARCH:
	case KT_ACTION_GO_TO_TIME:
	case KT_ACTION_SAVE:
		return ask(dashboard, action);
	case KT_ACTION_SEARCH_NEXT:
		return search_on(dashboard, 1);
	case KT_ACTION_SEARCH_PREVIOUS:
		return search_on(dashboard, -1);
	case KT_ACTION_FASTER:
	case KT_ACTION_SLOWER:
		(void)travel(dashboard, input, action);
		say_speed(dashboard);
		return KT_NEED_FRAME;
	case KT_ACTION_PAUSE:
	case KT_ACTION_STEP_BACK:
	case KT_ACTION_STEP_FORWARD:
	case KT_ACTION_LEAP_BACK:
	case KT_ACTION_LEAP_FORWARD:
	case KT_ACTION_TIME_FIRST:
	case KT_ACTION_TIME_LAST:
	case KT_ACTION_PLAY:
		return travel(dashboard, input, action);
	case KT_ACTION_COMMAND:
		dashboard->has_command_box = true;
		return KT_NEED_FRAME;
	case KT_ACTION_UNITS:
	case KT_ACTION_GRAPH:
	case KT_ACTION_THEME:
	case KT_ACTION_MOUSE:
		return change_look(dashboard, action);
	case KT_ACTION_KEEP:
		return KT_NEED_FRAME | KT_NEED_PREFERENCES;
	case KT_ACTION_REDRAW:
		return KT_NEED_FRAME | KT_NEED_REDRAW;
	case KT_ACTION_SUSPEND:
		return KT_NEED_SUSPEND;
	}
	return 0;
}
