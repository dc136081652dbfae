/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/dashboard_run.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "report/exit_code.h"
#include "top/signals.h"
#include "tui/keys.h"
#include "tui/terminal/screen.h"

enum {
	EVENT_FRAME_MS = 100, /* at least, from one frame to the next */
	KEY_FRAME_MS = 10,
	PLAY_TICK_MS = 100,
	/* A little more than the usual interval, so that a snapshot's frame makes the tick's needless. */
	IDLE_TICK_MS = 1100,
};

struct show {
	struct kt_live live;
	struct kt_screen *screen; /* NULL: not yet, or not any more */
	struct kt_signals signals;
	uv_timer_t frame_timer;
	uv_timer_t tick_timer;
	uint64_t frame_at_ns; /* when the last one was painted */
	uint64_t tick_at_ns;
	bool is_ticking;
	bool is_place_pending; /* --at names a part of a recording that is not all there */
	bool has_left;	       /* the user, or a signal, wants an end */
	bool is_closed;
	struct kt_error *error;
};

struct kt_error *kt_dashboard_check_terminal(void)
{
	const char *term = getenv("TERM");

	if (!isatty(STDOUT_FILENO))
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "stdout is not a terminal; without a screen: --batch "
				       "--check, or --screen-dump");
	if (!term || !*term || !strcmp(term, "dumb"))
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "%s: this terminal cannot place the cursor; without a "
				       "screen: --batch --check, or --screen-dump",
				       term && *term ? "TERM is \"dumb\"" : "TERM is not set");
	return NULL;
}

/* ---- the end ---- */

static void close_all(struct show *show)
{
	if (show->is_closed)
		return;
	show->is_closed = true;
	kt_screen_close(KT_TAKE(show->screen));
	kt_signals_close(&show->signals);
	uv_close((uv_handle_t *)&show->frame_timer, NULL);
	uv_close((uv_handle_t *)&show->tick_timer, NULL);
}

static void request_frame(struct show *show, unsigned gap_ms);
static void on_tick_timer(uv_timer_t *timer);

/* Ends what runs, and then the show. */
static void leave(struct show *show, const char *why)
{
	show->has_left = true;
	if (kt_feed_state(show->live.feed).has_ended) {
		close_all(show);
		return;
	}
	kt_dashboard_say(show->live.dashboard, "Ending what runs; once more does not wait");
	kt_feed_stop(show->live.feed, why);
	request_frame(show, KEY_FRAME_MS);
}

/* Guests die with us: the kernel sees to it. */
static void leave_at_once(struct show *show, int exit_code)
{
	kt_screen_close(KT_TAKE(show->screen));
	_exit(exit_code);
}

static void fail(struct show *show, struct kt_error *err)
{
	if (show->error) {
		kt_error_destroy(err);
		return;
	}
	show->error = err;
	if (!show->has_left)
		leave(show, "the screen cannot be painted");
}

static void on_signal(void *ctx, int signal)
{
	struct show *show = ctx;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	/* A terminal that is closed says so more than once. */
	if (show->has_left && signal == SIGHUP && show->live.signal == SIGHUP)
		return;
	if (show->has_left)
		leave_at_once(show, KT_EXIT_SIGNAL + signal);
	show->live.signal = signal;
	kt_buf_printf(&text, "ended by SIG%s", sigabbrev_np(signal));
	leave(show, kt_buf_text(&text));
}

static void on_lost(void *ctx)
{
	struct show *show = ctx;

	kt_screen_close(KT_TAKE(show->screen));
	if (show->has_left)
		return;
	show->live.signal = SIGHUP;
	leave(show, "the terminal was closed");
}

/* ---- frames ---- */

static void arm_tick(struct show *show, const struct kt_dashboard_input *input)
{
	uint64_t now_ns = kt_clock_mono_ns();
	bool is_past = kt_dashboard_moment_ns(show->live.dashboard, input) != input->now_ns;

	if (!kt_dashboard_needs_ticks(show->live.dashboard, input)) {
		(void)uv_timer_stop(&show->tick_timer);
		show->is_ticking = false;
		return;
	}
	/* Time in which nobody asked for ticks did not pass for the dashboard. */
	if (!show->is_ticking)
		show->tick_at_ns = now_ns;
	show->is_ticking = true;
	(void)uv_timer_start(&show->tick_timer, on_tick_timer,
			     is_past ? PLAY_TICK_MS : IDLE_TICK_MS, 0);
}

static void paint(struct show *show)
{
	struct kt_live *live = &show->live;
	unsigned columns, rows;

	if (!show->screen)
		return;
	kt_screen_size(show->screen, &columns, &rows);
	struct kt_error *err = kt_live_paint(live, columns, rows);
	if (err) {
		fail(show, err);
		return;
	}
	kt_screen_show(show->screen, &live->canvas);
	show->frame_at_ns = kt_clock_mono_ns();
	struct kt_dashboard_input input = kt_live_input(live);
	arm_tick(show, &input);
}

static void on_frame_timer(uv_timer_t *timer)
{
	paint(timer->data);
}

/* Paints soon, but not before @gap_ms have passed since the last frame. */
static void request_frame(struct show *show, unsigned gap_ms)
{
	uint64_t since_ms = (kt_clock_mono_ns() - show->frame_at_ns) / KT_NS_PER_MS;
	uint64_t wait_ms = since_ms < gap_ms ? gap_ms - since_ms : 0;

	if (!show->screen || show->is_closed)
		return;
	if (uv_is_active((uv_handle_t *)&show->frame_timer) &&
	    uv_timer_get_due_in(&show->frame_timer) <= wait_ms)
		return;
	/* The loop's clock stands still while events are taken in. */
	uv_update_time(&show->live.loop);
	(void)uv_timer_start(&show->frame_timer, on_frame_timer, wait_ms, 0);
}

static void on_tick_timer(uv_timer_t *timer)
{
	struct show *show = timer->data;
	struct kt_dashboard_input input = kt_live_input(&show->live);
	uint64_t now_ns = kt_clock_mono_ns();
	uint64_t elapsed_ns = now_ns - show->tick_at_ns;

	show->tick_at_ns = now_ns;
	unsigned needs = kt_dashboard_tick(show->live.dashboard, &input, elapsed_ns);
	if (needs & KT_NEED_FRAME)
		request_frame(show, EVENT_FRAME_MS);
	else
		arm_tick(show, &input);
}

/* ---- what happens ---- */

static void on_change(void *ctx)
{
	request_frame(ctx, EVENT_FRAME_MS);
}

static void take_place(struct show *show)
{
	const struct kt_live_config *config = &show->live.config;
	struct kt_dashboard_options options = kt_dashboard_preferences(show->live.dashboard);
	struct kt_dashboard_options wanted =
		kt_live_options(config, show->live.session.run.last_mono_ns);

	options.at_ns = wanted.at_ns;
	options.is_at_set = wanted.is_at_set;
	options.speed = wanted.speed;
	struct kt_error *err = kt_live_make_dashboard(&show->live, &options);
	if (err)
		fail(show, err);
}

static void on_end(void *ctx)
{
	struct show *show = ctx;

	if (show->has_left) {
		close_all(show);
		return;
	}
	if (show->is_place_pending)
		take_place(show);
	show->is_place_pending = false;
	request_frame(show, EVENT_FRAME_MS);
}

static void act(struct show *show, unsigned needs)
{
	needs = kt_live_act(&show->live, needs);
	if (needs & KT_NEED_QUIT) {
		if (show->has_left)
			leave_at_once(show, kt_live_exit_code(&show->live));
		leave(show, "ended by the user");
		return;
	}
	if (!show->screen)
		return;
	if (needs & KT_NEED_THEME)
		kt_screen_set_theme(show->screen, kt_dashboard_theme(show->live.dashboard));
	if (needs & KT_NEED_MOUSE)
		kt_screen_set_mouse(show->screen, kt_dashboard_has_mouse(show->live.dashboard));
	if (needs & KT_NEED_REDRAW)
		kt_screen_redraw(show->screen);
	if (needs & KT_NEED_SUSPEND)
		kt_screen_suspend(show->screen);
	if (needs)
		request_frame(show, KEY_FRAME_MS);
}

static void on_key(void *ctx, uint32_t key)
{
	struct show *show = ctx;
	struct kt_dashboard_input input = kt_live_input(&show->live);

	act(show, kt_dashboard_key(show->live.dashboard, &input, key));
}

static void on_click(void *ctx, unsigned row, unsigned column)
{
	struct show *show = ctx;
	struct kt_dashboard_input input = kt_live_input(&show->live);

	act(show, kt_dashboard_click(show->live.dashboard, &input, row, column));
}

static void on_resize(void *ctx)
{
	request_frame(ctx, KEY_FRAME_MS);
}

/* ---- the begin ---- */

static bool has_color(const struct kt_command_line *line)
{
	const char *no_color = getenv("NO_COLOR");

	return line->color == KT_COLOR_ALWAYS ||
	       (line->color == KT_COLOR_AUTO && !(no_color && *no_color));
}

static bool wants_mouse(const struct kt_live_config *config)
{
	const struct kt_screen_wishes *wishes = &config->line->screen;

	return wishes->is_mouse_given ? wishes->mouse : config->preferences->mouse == KT_SWITCH_ON;
}

static struct kt_error *open_screen(struct show *show)
{
	static const struct kt_screen_handler handler = {
		.on_key = on_key,
		.on_click = on_click,
		.on_resize = on_resize,
		.on_lost = on_lost,
	};
	struct kt_screen_config config = {
		.loop = &show->live.loop,
		.theme = kt_dashboard_theme(show->live.dashboard),
		.has_color = has_color(show->live.config.line),
		.has_mouse = kt_dashboard_has_mouse(show->live.dashboard),
	};

	return kt_screen_open(&config, &handler, show, &show->screen);
}

static void press(struct show *show, uint32_t key)
{
	paint(show);
	on_key(show, key);
}

static void press_keys(struct show *show)
{
	uint32_t key;

	for (const struct kt_key_binding *binding = kt_key_table; binding->action; binding++)
		if (binding->action == KT_ACTION_MOUSE && wants_mouse(&show->live.config) &&
		    !kt_dashboard_has_mouse(show->live.dashboard))
			press(show, binding->keys[0]);
	for (const char *at = show->live.config.line->screen.keys; at && *at;
	     at += kt_key_parse(at, &key))
		if (kt_key_parse(at, &key) && !show->is_closed)
			press(show, key);
}

static struct kt_error *make_dashboard(struct show *show)
{
	const char *at = show->live.config.line->screen.at;
	struct kt_dashboard_options options = kt_live_options(&show->live.config, 0);

	/* A part of something whose length is not known yet. */
	show->is_place_pending = at && strchr(at, '%');
	if (show->is_place_pending)
		options.is_at_set = false;
	return kt_live_make_dashboard(&show->live, &options);
}

static struct kt_error *begin(struct show *show)
{
	KT_TRY(open_screen(show));
	KT_TRY(kt_feed_start(show->live.feed));
	paint(show);
	press_keys(show);
	request_frame(show, KEY_FRAME_MS);
	return NULL;
}

static struct kt_error *run(struct show *show, const struct kt_live_config *config)
{
	static const struct kt_live_handler handler = { .on_change = on_change, .on_end = on_end };
	struct kt_live *live = &show->live;

	KT_TRY(kt_live_init(live, config, &handler, show));
	KT_TRY(make_dashboard(show));
	(void)uv_timer_init(&live->loop, &show->frame_timer);
	(void)uv_timer_init(&live->loop, &show->tick_timer);
	show->frame_timer.data = show;
	show->tick_timer.data = show;
	/* Before curses looks which signals are taken. */
	kt_signals_watch(&show->signals, &live->loop, on_signal, show);
	struct kt_error *err = begin(show);
	if (err)
		close_all(show);
	(void)uv_run(&live->loop, UV_RUN_DEFAULT);
	return err ? err : KT_TAKE(show->error);
}

struct kt_error *kt_dashboard_run(const struct kt_live_config *config, int *ret_exit_code)
{
	struct show show = { 0 };

	struct kt_error *err = run(&show, config);
	if (!err && show.live.session.error && !show.live.signal)
		err = KT_TAKE(show.live.session.error);
	if (!err)
		*ret_exit_code = kt_live_exit_code(&show.live);
	kt_live_deinit(&show.live);
	return err;
}
