/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "tui/terminal/screen_state.h"

enum {
	PATIENCE_MS = 200
};

/* Tells it once; nothing is watched from then on. */
static void lose(struct kt_screen *screen)
{
	if (screen->is_lost || screen->is_closed)
		return;
	screen->is_lost = true;
	(void)uv_poll_stop(&screen->poll);
	(void)uv_timer_stop(&screen->escape);
	(void)uv_timer_stop(&screen->resume);
	kt_buf_reset(&screen->output);
	screen->has_next = false;
	screen->handler.on_lost(screen->ctx);
}

static void on_notice(uv_timer_t *timer)
{
	lose(timer->data);
}

static void on_key(void *ctx, uint32_t key)
{
	struct kt_screen *screen = ctx;

	/* A key before this one may have closed the screen. */
	if (!screen->is_closed)
		screen->handler.on_key(screen->ctx, key);
}

static void on_click(void *ctx, unsigned row, unsigned column)
{
	struct kt_screen *screen = ctx;

	if (!screen->is_closed && screen->handler.on_click)
		screen->handler.on_click(screen->ctx, row, column);
}

static const struct kt_decoder_handler decoder_handler = {
	.on_key = on_key,
	.on_click = on_click,
};

static void on_escape(uv_timer_t *timer)
{
	struct kt_screen *screen = timer->data;

	kt_decoder_flush(&screen->decoder, &decoder_handler, screen);
}

/* One read for each turn of the loop: a paste keeps nobody else waiting. */
static void read_keys(struct kt_screen *screen)
{
	char bytes[4096];
	ssize_t len = read(screen->fd, bytes, sizeof(bytes));

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0) {
		lose(screen);
		return;
	}
	(void)uv_timer_stop(&screen->escape);
	kt_decoder_feed(&screen->decoder, bytes, (size_t)len, &decoder_handler, screen);
	if (!screen->is_closed && kt_decoder_is_pending(&screen->decoder))
		(void)uv_timer_start(&screen->escape, on_escape, screen->escape_ms, 0);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
	struct kt_screen *screen = handle->data;

	if (status < 0) {
		lose(screen);
		return;
	}
	if (events & UV_WRITABLE)
		kt_screen_pump(screen);
	if ((events & UV_READABLE) && !screen->is_closed)
		read_keys(screen);
}

void kt_screen_watch(struct kt_screen *screen)
{
	int events = UV_READABLE | (screen->output.len ? UV_WRITABLE : 0);

	if (!screen->is_lost && !screen->is_closed && screen->is_on)
		(void)uv_poll_start(&screen->poll, events, on_poll);
}

/* False: the terminal takes no more now, or ever. */
static bool write_some(struct kt_screen *screen)
{
	ssize_t written = write(screen->fd, screen->output.data, screen->output.len);

	if (written > 0)
		kt_buf_consume(&screen->output, (size_t)written);
	else if (written < 0 && errno != EAGAIN && errno != EINTR) {
		kt_buf_reset(&screen->output);
		if (!screen->is_closed)
			(void)uv_timer_start(&screen->notice, on_notice, 0, 0);
	}
	return written > 0 || (written < 0 && errno == EINTR);
}

void kt_screen_pump(struct kt_screen *screen)
{
	while (screen->output.len && write_some(screen))
		;
	if (!screen->output.len && screen->has_next) {
		screen->has_next = false;
		kt_painter_draw(screen->painter, &screen->next, &screen->output);
		while (screen->output.len && write_some(screen))
			;
	}
	kt_screen_watch(screen);
}

void kt_screen_flush(struct kt_screen *screen)
{
	while (screen->output.len) {
		struct pollfd ready = { .fd = screen->fd, .events = POLLOUT };
		if (poll(&ready, 1, PATIENCE_MS) != 1 || !(ready.revents & POLLOUT))
			break;
		if (!write_some(screen) && errno != EAGAIN)
			break;
	}
	kt_buf_reset(&screen->output);
}

/* Presses are told, in numbers that have no limit where the terminal can. */
void kt_screen_put_mouse(struct kt_screen *screen, bool has_mouse)
{
	if (screen->can_mouse)
		kt_buf_puts(&screen->output,
			    has_mouse ? "\033[?1000h\033[?1006h" : "\033[?1006l\033[?1000l");
}
