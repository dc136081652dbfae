/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/terminal/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tui/terminal/screen_state.h"
#include "tui/terminal/terminfo.h"

enum {
	ESCAPE_MS = 25, /* a lone Escape is told after this time */
	ESCAPE_MAX_MS = 5000,
};

static void free_screen(struct kt_screen *screen)
{
	if (screen->fd >= 0)
		(void)close(screen->fd);
	kt_painter_destroy(screen->painter);
	kt_canvas_deinit(&screen->next);
	kt_buf_deinit(&screen->output);
	kt_buf_deinit(&screen->farewell);
	free(screen);
}

void kt_screen_release(struct kt_screen *screen)
{
	if (!--screen->handle_count)
		free_screen(screen);
}

static void on_handle_closed(uv_handle_t *handle)
{
	kt_screen_release(handle->data);
}

static struct kt_error *open_terminal(const char *device, int *ret)
{
	if (!device && !isatty(STDOUT_FILENO))
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "standard output is not a terminal; "
				       "--batch needs no terminal");
	int fd = open(device ? device : "/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno,
				       "there is no terminal (--batch needs none): %s",
				       device ? device : "/dev/tty");
	if (!isatty(fd)) {
		(void)close(fd);
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "%s is no terminal; --batch needs none", device);
	}
	*ret = fd;
	return NULL;
}

/* What the terminal sends for keys, besides what all of them send. */
static void learn_keys(struct kt_decoder *decoder)
{
	static const struct {
		const char *capability;
		uint32_t key;
	} keys[] = {
		{ "kcuu1", KT_KEY_UP },	     { "kcud1", KT_KEY_DOWN },
		{ "kcub1", KT_KEY_LEFT },    { "kcuf1", KT_KEY_RIGHT },
		{ "kpp", KT_KEY_PAGE_UP },   { "knp", KT_KEY_PAGE_DOWN },
		{ "khome", KT_KEY_HOME },    { "kend", KT_KEY_END },
		{ "kdch1", KT_KEY_DELETE },  { "kcbt", KT_KEY_BACK_TAB },
		{ "kbs", KT_KEY_BACKSPACE }, { "kent", KT_KEY_ENTER },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		kt_autobuf struct kt_buf bytes = KT_BUF_INIT;
		kt_terminfo_text(keys[i].capability, &bytes);
		kt_decoder_add(decoder, bytes.data, keys[i].key);
	}
}

/* The user may know better how slow the line is. */
static unsigned escape_delay(void)
{
	const char *text = getenv("ESCDELAY");
	char *end = NULL;
	unsigned long ms = text ? strtoul(text, &end, 10) : 0;

	return text && end != text && !*end && ms >= 1 && ms <= ESCAPE_MAX_MS ? (unsigned)ms
									      : ESCAPE_MS;
}

/* What a dying process has to say to the terminal. */
static void prepare_farewell(struct kt_screen *screen)
{
	static const char *const names[] = { "rmkx", "sgr0", "cnorm" };
	kt_autobuf struct kt_buf leave = KT_BUF_INIT;

	if (screen->can_mouse)
		kt_buf_puts(&screen->farewell, "\033[?1006l\033[?1000l");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		kt_terminfo_text(names[i], &screen->farewell);
	kt_terminfo_text("rmcup", &leave);
	/* Without a second screen the shell goes on below what is left of ours. */
	kt_buf_puts(&screen->farewell, leave.len ? leave.data : "\r\n");
}

static void watch_handle(struct kt_screen *screen, uv_handle_t *handle)
{
	handle->data = screen;
	screen->handle_count++;
}

static struct kt_error *init_handles(struct kt_screen *screen)
{
	uv_timer_t *timers[] = { &screen->escape, &screen->notice, &screen->resume };
	uv_signal_t *signals[] = { &screen->winch, &screen->tstp, &screen->cont };

	int code = uv_poll_init(screen->loop, &screen->poll, screen->fd);
	if (code)
		return kt_error_create(KT_ERROR_ENVIRONMENT, -code,
				       "the terminal cannot be watched");
	watch_handle(screen, (uv_handle_t *)&screen->poll);
	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
		(void)uv_timer_init(screen->loop, timers[i]);
		watch_handle(screen, (uv_handle_t *)timers[i]);
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		code = uv_signal_init(screen->loop, signals[i]);
		if (code)
			return kt_error_create(KT_ERROR_ENVIRONMENT, -code,
					       "signals cannot be watched");
		watch_handle(screen, (uv_handle_t *)signals[i]);
	}
	return NULL;
}

static void on_winch(uv_signal_t *handle, int number)
{
	struct kt_screen *screen = handle->data;

	(void)number;
	if (screen->is_on && !screen->is_lost && kt_screen_measure(screen))
		screen->handler.on_resize(screen->ctx);
}

/* Before curses comes: it takes the signals that nobody has. */
static void start_signals(struct kt_screen *screen)
{
	struct sigaction before;

	/* A shell without job control ignores it, and so do we then. */
	screen->can_stop = !sigaction(SIGTSTP, NULL, &before) && before.sa_handler != SIG_IGN;
	(void)uv_signal_start(&screen->winch, on_winch, SIGWINCH);
	(void)uv_signal_start(&screen->cont, kt_screen_on_continue, SIGCONT);
	if (screen->can_stop)
		(void)uv_signal_start(&screen->tstp, kt_screen_on_stop, SIGTSTP);
}

static struct kt_error *start(struct kt_screen *screen, const struct kt_screen_config *config)
{
	kt_autobuf struct kt_buf mouse = KT_BUF_INIT;

	KT_TRY(open_terminal(config->device, &screen->fd));
	KT_TRY(init_handles(screen));
	start_signals(screen);
	KT_TRY(kt_painter_create(getenv("TERM"), config->theme, config->has_color,
				 &screen->painter));
	kt_terminfo_text("kmous", &mouse);
	screen->can_mouse = mouse.len > 0;
	learn_keys(&screen->decoder);
	prepare_farewell(screen);
	KT_TRY(kt_buf_error(&screen->farewell));
	return kt_screen_enter(screen);
}

struct kt_error *kt_screen_open(const struct kt_screen_config *config,
				const struct kt_screen_handler *handler, void *ctx,
				struct kt_screen **ret)
{
	struct kt_screen *screen = calloc(1, sizeof(*screen));

	if (!screen)
		return kt_error_no_memory();
	screen->handler = *handler;
	screen->ctx = ctx;
	screen->loop = config->loop;
	screen->fd = -1;
	screen->has_mouse = config->has_mouse;
	screen->escape_ms = escape_delay();
	screen->handle_count = 1;
	struct kt_error *err = start(screen, config);
	if (err) {
		kt_screen_close(screen);
		return err;
	}
	*ret = screen;
	return NULL;
}

void kt_screen_size(const struct kt_screen *screen, unsigned *ret_columns, unsigned *ret_rows)
{
	*ret_columns = screen->columns;
	*ret_rows = screen->rows;
}

bool kt_screen_is_utf8(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/* A copy for when the terminal has taken what is on its way. */
static void keep_for_later(struct kt_screen *screen, const struct kt_canvas *canvas)
{
	struct kt_error *err = kt_canvas_resize(&screen->next, canvas->columns, canvas->rows);

	screen->has_next = !err;
	kt_error_destroy(err);
	if (screen->has_next)
		memcpy(screen->next.cells, canvas->cells,
		       (size_t)canvas->columns * canvas->rows * sizeof(*canvas->cells));
}

void kt_screen_show(struct kt_screen *screen, const struct kt_canvas *canvas)
{
	if (!screen->is_on || screen->is_lost)
		return;
	if (screen->output.len) {
		keep_for_later(screen, canvas);
		return;
	}
	kt_painter_draw(screen->painter, canvas, &screen->output);
	kt_screen_pump(screen);
}

void kt_screen_redraw(struct kt_screen *screen)
{
	kt_painter_redraw(screen->painter);
}

void kt_screen_set_theme(struct kt_screen *screen, const struct kt_theme *theme)
{
	kt_painter_set_theme(screen->painter, theme);
}

void kt_screen_set_mouse(struct kt_screen *screen, bool has_mouse)
{
	if (screen->has_mouse == has_mouse)
		return;
	screen->has_mouse = has_mouse;
	if (screen->is_on && !screen->is_lost) {
		kt_screen_put_mouse(screen, has_mouse);
		kt_screen_pump(screen);
	}
}

void kt_screen_close(struct kt_screen *screen)
{
	if (!screen || screen->is_closed)
		return;
	uv_handle_t *handles[] = {
		(uv_handle_t *)&screen->poll,	(uv_handle_t *)&screen->escape,
		(uv_handle_t *)&screen->notice, (uv_handle_t *)&screen->resume,
		(uv_handle_t *)&screen->winch,	(uv_handle_t *)&screen->tstp,
		(uv_handle_t *)&screen->cont,
	};
	kt_screen_leave(screen);
	screen->is_closed = true;
	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++)
		if (handles[i]->data)
			uv_close(handles[i], on_handle_closed);
	kt_screen_release(screen);
}
