/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/dashboard.h"

#include <stdlib.h>
#include <string.h>

#include "tui/dashboard_state.h"
#include "tui/terminal/screen.h"

enum {
	NS_PER_TENTH = 100000000,
};

static const struct kt_view *const views[KT_DASHBOARD_VIEW_COUNT] = {
	[KT_DASHBOARD_THREADS] = &kt_threads_view,
	[KT_DASHBOARD_CHECKS] = &kt_checks_view,
	[KT_DASHBOARD_GUESTS] = &kt_guests_view,
	[KT_DASHBOARD_HELP] = &kt_help_view,
};

void kt_dashboard_destroy(struct kt_dashboard *dashboard)
{
	if (!dashboard)
		return;
	for (unsigned i = 0; i < KT_DASHBOARD_VIEW_COUNT; i++)
		kt_list_deinit(&dashboard->lists[i]);
	kt_prompt_deinit(&dashboard->prompt);
	kt_buf_deinit(&dashboard->message);
	kt_buf_deinit(&dashboard->save_path);
	kt_buf_deinit(&dashboard->columns_text);
	kt_buf_deinit(&dashboard->sort_text);
	free(dashboard);
}

static struct kt_error *choose_theme(struct kt_dashboard *dashboard, const char *word)
{
	kt_autobuf struct kt_buf words = KT_BUF_INIT;

	dashboard->theme = word ? kt_theme_find(word) : &kt_themes[0];
	if (dashboard->theme)
		return NULL;
	for (const struct kt_theme *theme = kt_themes; theme->name; theme++)
		kt_buf_printf(&words, "%s%s", theme == kt_themes ? "" : ", ", theme->name);
	return kt_error_create(KT_ERROR_USAGE, 0, "there is no theme '%.64s'; the themes are %s",
			       word, kt_buf_text(&words));
}

static struct kt_error *choose_view(struct kt_dashboard *dashboard, const char *word)
{
	if (!word)
		return NULL;
	for (unsigned i = 0; i < KT_DASHBOARD_HELP; i++)
		if (!strcmp(views[i]->word, word)) {
			dashboard->view = (enum kt_dashboard_view)i;
			return NULL;
		}
	return kt_error_create(KT_ERROR_USAGE, 0,
			       "there is no view '%.64s'; the views are threads, checks, guests",
			       word);
}

static struct kt_error *choose_styles(struct kt_dashboard *dashboard,
				      const struct kt_dashboard_options *options)
{
	if (options->graph && !kt_graph_style_find(options->graph, &dashboard->graph))
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "there is no style of graphs '%.64s'; the styles are block, "
				       "braille, ascii",
				       options->graph);
	if (options->units && !kt_unit_style_find(options->units, &dashboard->units.style))
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "there are no units '%.64s'; the units are iec, si, bytes",
				       options->units);
	dashboard->is_ascii = options->is_ascii;
	dashboard->glyphs = kt_glyphs_make(dashboard->is_ascii, dashboard->graph);
	return NULL;
}

/* The texts of kt_dashboard_preferences(), which lends them. */
static struct kt_error *lend_texts(struct kt_dashboard *dashboard)
{
	const void *threads = dashboard->lists[KT_DASHBOARD_THREADS].rows;

	kt_buf_reset(&dashboard->columns_text);
	kt_threads_columns(threads, &dashboard->columns_text);
	kt_buf_reset(&dashboard->sort_text);
	kt_threads_sort(threads, &dashboard->sort_text);
	KT_TRY(kt_buf_error(&dashboard->columns_text));
	return kt_buf_error(&dashboard->sort_text);
}

static void choose_time(struct kt_travel *travel, const struct kt_dashboard_options *options)
{
	travel->speed = 1;
	if (options->speed > 0) {
		travel->speed = options->speed < KT_TRAVEL_MAX_SPEED ? options->speed
								     : KT_TRAVEL_MAX_SPEED;
		travel->is_playing = true;
	}
	travel->is_held = options->is_at_set || travel->is_playing;
	travel->moment_ns = options->is_at_set ? options->at_ns : 0;
}

static struct kt_error *fill(struct kt_dashboard *dashboard,
			     const struct kt_dashboard_options *options)
{
	for (unsigned i = 0; i < KT_DASHBOARD_VIEW_COUNT; i++)
		KT_TRY(kt_list_init(&dashboard->lists[i], views[i]));
	void *threads = dashboard->lists[KT_DASHBOARD_THREADS].rows;
	KT_TRY(kt_threads_set_columns(threads, options->columns));
	KT_TRY(kt_threads_set_sort(threads, options->sort));
	KT_TRY(choose_theme(dashboard, options->theme));
	KT_TRY(choose_view(dashboard, options->view));
	KT_TRY(choose_styles(dashboard, options));
	choose_time(&dashboard->travel, options);
	return lend_texts(dashboard);
}

struct kt_error *kt_dashboard_create(const struct kt_dashboard_options *options,
				     struct kt_dashboard **ret)
{
	struct kt_dashboard *dashboard = calloc(1, sizeof(*dashboard));

	if (!dashboard)
		return kt_error_no_memory();
	struct kt_error *err = fill(dashboard, options);
	if (err) {
		kt_dashboard_destroy(dashboard);
		return err;
	}
	*ret = dashboard;
	return NULL;
}

/* Handlers cannot fail: what one cannot do is said. */
static unsigned say_error(struct kt_dashboard *dashboard, struct kt_error *err)
{
	kt_dashboard_say(dashboard, kt_error_message(err));
	kt_error_destroy(err);
	return KT_NEED_FRAME;
}

static bool is_control(uint32_t key)
{
	return key < ' ' &&
	       (kt_key_action(key) == KT_ACTION_REDRAW || kt_key_action(key) == KT_ACTION_SUSPEND);
}

static unsigned take_key(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
			 uint32_t key)
{
	enum kt_action action = kt_key_action(key);

	if (dashboard->prompt.kind && !is_control(key))
		return kt_dashboard_prompt_key(dashboard, input, key);
	if (dashboard->has_command_box && action && !is_control(key)) {
		dashboard->has_command_box = false;
		if (action == KT_ACTION_COMMAND || action == KT_ACTION_BACK)
			return KT_NEED_FRAME;
		return KT_NEED_FRAME | kt_dashboard_act(dashboard, input, action);
	}
	return kt_dashboard_act(dashboard, input, action);
}

unsigned kt_dashboard_key(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
			  uint32_t key)
{
	struct kt_error *err = kt_dashboard_update(dashboard, input);

	if (err)
		return say_error(dashboard, err);
	unsigned need = take_key(dashboard, input, key);
	err = lend_texts(dashboard);
	return err ? say_error(dashboard, err) : need;
}

static unsigned click_tab(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
			  unsigned column)
{
	static const enum kt_action actions[] = { KT_ACTION_THREADS, KT_ACTION_CHECKS,
						  KT_ACTION_GUESTS };

	for (unsigned i = 0; i < KT_DASHBOARD_HELP; i++)
		if (column < dashboard->tab_ends[i])
			return kt_dashboard_act(dashboard, input, actions[i]);
	return 0;
}

unsigned kt_dashboard_click(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
			    unsigned row, unsigned column)
{
	const struct kt_dashboard_layout *layout = &dashboard->layout;
	struct kt_list *list = &dashboard->lists[dashboard->view];
	struct kt_error *err = kt_dashboard_update(dashboard, input);

	if (err)
		return say_error(dashboard, err);
	if (dashboard->prompt.kind || dashboard->has_command_box || layout->is_summary)
		return 0;
	if (row == layout->tabs_row)
		return click_tab(dashboard, input, column);
	if (list->page || row <= layout->body.row || row >= layout->body.row + layout->body.rows)
		return 0;
	size_t place = list->top + (row - layout->body.row - 1);
	if (place >= list->view->count(list->rows))
		return 0;
	if (kt_list_select(list, place))
		(void)kt_list_open(list);
	return KT_NEED_FRAME;
}

static uint64_t stale_ns(const struct kt_dashboard *dashboard,
			 const struct kt_dashboard_input *input)
{
	struct kt_look_at look = kt_dashboard_look(dashboard, input);

	return kt_threads_cost(dashboard->lists[KT_DASHBOARD_THREADS].rows, &look).stale_ns;
}

/* The time in the title goes on even when nothing comes. */
static bool has_running_clock(const struct kt_dashboard *dashboard,
			      const struct kt_dashboard_input *input)
{
	return input->is_live && !input->has_ended && !dashboard->travel.is_held;
}

unsigned kt_dashboard_tick(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
			   uint64_t elapsed_ns)
{
	bool shows = kt_travel_tick(&dashboard->travel, input, elapsed_ns);

	for (unsigned i = 0; i < KT_DASHBOARD_VIEW_COUNT; i++)
		shows |= kt_list_tick(&dashboard->lists[i], elapsed_ns);
	if (dashboard->message_left_ns) {
		uint64_t left_ns = dashboard->message_left_ns;

		dashboard->message_left_ns = elapsed_ns < left_ns ? left_ns - elapsed_ns : 0;
		shows |= !dashboard->message_left_ns;
	}
	shows |= stale_ns(dashboard, input) / NS_PER_TENTH !=
		 dashboard->painted_stale_ns / NS_PER_TENTH;
	shows |= has_running_clock(dashboard, input) && dashboard->painted_now_ns != input->now_ns;
	return shows ? KT_NEED_FRAME : 0;
}

bool kt_dashboard_needs_ticks(const struct kt_dashboard *dashboard,
			      const struct kt_dashboard_input *input)
{
	bool is_frozen = false;

	for (unsigned i = 0; i < KT_DASHBOARD_VIEW_COUNT; i++)
		is_frozen |= dashboard->lists[i].frozen_ns != 0;
	return is_frozen || dashboard->travel.is_playing || dashboard->message_left_ns ||
	       has_running_clock(dashboard, input);
}

uint64_t kt_dashboard_moment_ns(const struct kt_dashboard *dashboard,
				const struct kt_dashboard_input *input)
{
	return kt_travel_moment(&dashboard->travel, input);
}

const char *kt_dashboard_save_path(const struct kt_dashboard *dashboard)
{
	return kt_buf_text(&dashboard->save_path);
}

bool kt_dashboard_has_mouse(const struct kt_dashboard *dashboard)
{
	return dashboard->has_mouse;
}

const struct kt_theme *kt_dashboard_theme(const struct kt_dashboard *dashboard)
{
	return dashboard->theme;
}

struct kt_dashboard_options kt_dashboard_preferences(const struct kt_dashboard *dashboard)
{
	enum kt_dashboard_view view = dashboard->view == KT_DASHBOARD_HELP
					      ? dashboard->view_before_help
					      : dashboard->view;

	return (struct kt_dashboard_options){
		.is_ascii = dashboard->is_ascii,
		.theme = dashboard->theme->name,
		.graph = kt_graph_style_word(dashboard->graph),
		.units = kt_unit_style_word(dashboard->units.style),
		.columns = kt_buf_text(&dashboard->columns_text),
		.sort = kt_buf_text(&dashboard->sort_text),
		.view = views[view]->word,
	};
}
