/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/live.h"

#include <string.h>

#include "base/cleanup.h"
#include "report/exit_code.h"
#include "tui/keys.h"
#include "tui/terminal/screen.h"
#include "tui/views/format.h"

#define MIB (1ULL << 20)

struct kt_dashboard_options kt_live_options(const struct kt_live_config *config, uint64_t end_ns)
{
	const struct kt_screen_wishes *wishes = &config->line->screen;
	const struct kt_preferences *kept = config->preferences;
	struct kt_dashboard_options options = {
		.is_ascii = wishes->ascii || !kt_screen_is_utf8(),
		.theme = wishes->theme ? wishes->theme : kept->theme,
		.graph = wishes->graph ? wishes->graph : kept->graph,
		.units = wishes->units ? wishes->units : kept->units,
		.columns = wishes->column_list ? wishes->column_list : kept->columns,
		.sort = wishes->sort ? wishes->sort : kept->sort,
		.view = wishes->view ? wishes->view : kept->view,
		.speed = wishes->speed,
	};

	options.is_at_set = wishes->at && strcmp(wishes->at, "end") != 0 &&
			    kt_format_parse_moment(wishes->at, end_ns, &options.at_ns);
	return options;
}

struct kt_error *kt_live_check(const struct kt_live_config *config)
{
	struct kt_dashboard_options options = kt_live_options(config, 0);
	struct kt_dashboard *dashboard;

	KT_TRY(kt_dashboard_create(&options, &dashboard));
	kt_dashboard_destroy(dashboard);
	return NULL;
}

static struct kt_error *on_event(void *ctx, const struct kt_run *run, const struct kt_event *event)
{
	struct kt_live *live = ctx;

	(void)run;
	(void)kt_recording_event(&live->recording, event); /* its problem is on the screen */
	kt_spool_event(&live->spool, event);
	live->handler.on_change(live->ctx);
	return NULL;
}

static void on_chore_done(void *ctx, const char *text)
{
	struct kt_live *live = ctx;

	kt_dashboard_say(live->dashboard, text);
	live->handler.on_change(live->ctx);
}

static void on_feed_done(void *ctx)
{
	struct kt_live *live = ctx;

	kt_feed_emit_end(live->feed, live->signal ? KT_EXIT_SIGNAL + live->signal
						  : kt_feed_exit_code(live->feed));
	live->handler.on_end(live->ctx);
}

/* What was judged already, or is not, needs its past only for looking back. */
static void configure_run(struct kt_live *live)
{
	uint32_t history_mib = live->config.preferences->history_mib;
	struct kt_run_limits limits = {
		.latest_only = live->config.line->source != KT_SOURCE_GUESTS,
		.series_bytes = (history_mib ? history_mib : KT_HISTORY_MIB) * MIB,
	};

	kt_run_configure(&live->session.run, &limits);
}

static struct kt_error *open_files(struct kt_live *live)
{
	const struct kt_command_line *line = live->config.line;

	if (line->record)
		KT_TRY(kt_recording_open(&live->recording, line->record));
	if (line->record || line->replay)
		kt_spool_use(&live->spool, line->record ? line->record : line->replay);
	else
		kt_spool_open(&live->spool);
	return NULL;
}

struct kt_error *kt_live_init(struct kt_live *live, const struct kt_live_config *config,
			      const struct kt_live_handler *handler, void *ctx)
{
	*live = (struct kt_live){
		.config = *config,
		.handler = *handler,
		.ctx = ctx,
		.recording = KT_RECORDING_INIT,
		.spool = KT_SPOOL_INIT,
		.chore = { .on_done = on_chore_done, .ctx = live },
		.interval_ms = kt_feed_interval_ms(config->line),
	};
	kt_session_init(&live->session, &config->inputs->set, on_event, live);
	configure_run(live);
	KT_TRY(kt_command_line_batch(config->line, &live->command));
	if (uv_loop_init(&live->loop))
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "the event loop cannot be made");
	live->is_loop_made = true;
	KT_TRY(open_files(live));
	struct kt_feed_config feed = {
		.loop = &live->loop,
		.session = &live->session,
		.line = config->line,
		.inputs = config->inputs,
		.is_live = true,
	};
	return kt_feed_create(&feed, on_feed_done, live, &live->feed);
}

struct kt_error *kt_live_make_dashboard(struct kt_live *live,
					const struct kt_dashboard_options *options)
{
	struct kt_dashboard *dashboard;

	KT_TRY(kt_dashboard_create(options, &dashboard));
	kt_dashboard_destroy(live->dashboard);
	live->dashboard = dashboard;
	return NULL;
}

static void keep_preferences(struct kt_live *live)
{
	struct kt_dashboard_options options = kt_dashboard_preferences(live->dashboard);
	struct kt_preferences kept = *live->config.preferences;
	kt_autobuf struct kt_buf content = KT_BUF_INIT;

	if (!live->config.preferences_path) {
		kt_dashboard_say(live->dashboard, "not kept: there is no file for preferences");
		return;
	}
	/* Borrowed, for writing only. */
	kept.view = (char *)options.view;
	kept.columns = (char *)options.columns;
	kept.sort = (char *)options.sort;
	kept.theme = (char *)options.theme;
	kept.units = (char *)options.units;
	kept.graph = (char *)options.graph;
	kept.mouse = kt_dashboard_has_mouse(live->dashboard) ? KT_SWITCH_ON : KT_SWITCH_OFF;
	kt_preferences_put(&kept, &content);
	kt_chore_keep(&live->chore, &live->loop, live->config.preferences_path,
		      kt_buf_text(&content));
}

unsigned kt_live_act(struct kt_live *live, unsigned needs)
{
	if (needs & KT_NEED_SAVE) {
		struct kt_dashboard_input input = kt_live_input(live);

		kt_chore_save(&live->chore, &live->loop, &live->spool,
			      kt_dashboard_moment_ns(live->dashboard, &input),
			      kt_dashboard_save_path(live->dashboard));
	}
	if (needs & KT_NEED_PREFERENCES)
		keep_preferences(live);
	if (needs & (KT_NEED_SAVE | KT_NEED_PREFERENCES))
		needs |= KT_NEED_FRAME;
	return needs & ~(unsigned)(KT_NEED_SAVE | KT_NEED_PREFERENCES);
}

struct kt_error *kt_live_paint(struct kt_live *live, unsigned columns, unsigned rows)
{
	struct kt_dashboard_input input = kt_live_input(live);

	if (live->canvas.columns != columns || live->canvas.rows != rows)
		KT_TRY(kt_canvas_resize(&live->canvas, columns, rows));
	return kt_dashboard_paint(live->dashboard, &input, &live->canvas);
}

int kt_live_exit_code(const struct kt_live *live)
{
	int code = KT_EXIT_PASS;

	if (live->signal)
		return KT_EXIT_SIGNAL + live->signal;
	if (live->session.error)
		return kt_exit_code_of_error(live->session.error);
	if (live->config.line->check)
		code = kt_feed_exit_code(live->feed);
	/* What was not kept as asked for is no success. */
	if (live->recording.has_failed && code == KT_EXIT_PASS)
		return KT_EXIT_CANNOT_JUDGE;
	return code;
}

void kt_live_deinit(struct kt_live *live)
{
	kt_feed_destroy(live->feed);
	if (live->is_loop_made)
		(void)uv_loop_close(&live->loop);
	kt_dashboard_destroy(live->dashboard);
	kt_canvas_deinit(&live->canvas);
	kt_session_deinit(&live->session);
	kt_recording_close(&live->recording);
	kt_spool_close(&live->spool);
	kt_buf_deinit(&live->command);
	kt_buf_deinit(&live->problem);
}
