/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/dump.h"

#include <unistd.h>

#include "base/file.h"
#include "report/exit_code.h"
#include "top/signals.h"
#include "tui/keys.h"

struct dump {
	struct kt_live live;
	struct kt_signals signals;
};

static void on_signal(void *ctx, int signal)
{
	struct dump *dump = ctx;

	if (dump->live.signal)
		_exit(KT_EXIT_SIGNAL + signal);
	dump->live.signal = signal;
	kt_feed_stop(dump->live.feed, "ended by a signal");
}

static void on_change(void *ctx)
{
	(void)ctx;
}

static void on_end(void *ctx)
{
	struct dump *dump = ctx;

	kt_signals_close(&dump->signals);
}

static struct kt_error *take_events(struct dump *dump)
{
	kt_signals_watch(&dump->signals, &dump->live.loop, on_signal, dump);
	struct kt_error *err = kt_feed_start(dump->live.feed);
	if (err)
		on_end(dump);
	(void)uv_run(&dump->live.loop, UV_RUN_DEFAULT);
	return err;
}

/* As if they were typed one after the other, each with a look at the frame. */
static struct kt_error *press_keys(struct kt_live *live, const struct kt_screen_wishes *wishes)
{
	uint32_t key;

	KT_TRY(kt_live_paint(live, wishes->columns, wishes->rows));
	for (const char *at = wishes->keys; at && *at; at += kt_key_parse(at, &key)) {
		if (!kt_key_parse(at, &key))
			return kt_error_create(KT_ERROR_INTERNAL, 0, "--keys was not looked at");
		struct kt_dashboard_input input = kt_live_input(live);
		(void)kt_live_act(live, kt_dashboard_key(live->dashboard, &input, key));
		/* Files that were asked for. */
		(void)uv_run(&live->loop, UV_RUN_DEFAULT);
		KT_TRY(kt_live_paint(live, wishes->columns, wishes->rows));
	}
	return NULL;
}

static struct kt_error *print_frame(struct kt_live *live)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_canvas_dump(&live->canvas, &text);
	KT_TRY(kt_buf_error(&text));
	return kt_file_write_fd(STDOUT_FILENO, "stdout", kt_buf_text(&text), text.len);
}

static struct kt_error *run(struct dump *dump, const struct kt_live_config *config)
{
	static const struct kt_live_handler handler = { .on_change = on_change, .on_end = on_end };
	struct kt_live *live = &dump->live;

	KT_TRY(kt_live_init(live, config, &handler, dump));
	KT_TRY(take_events(dump));
	struct kt_dashboard_options options =
		kt_live_options(config, live->session.run.last_mono_ns);
	KT_TRY(kt_live_make_dashboard(live, &options));
	KT_TRY(press_keys(live, &config->line->screen));
	return print_frame(live);
}

struct kt_error *kt_dump_run(const struct kt_live_config *config, int *ret_exit_code)
{
	struct dump dump = { 0 };

	struct kt_error *err = run(&dump, config);
	if (!err)
		*ret_exit_code = kt_live_exit_code(&dump.live);
	kt_live_deinit(&dump.live);
	return err;
}
