/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/terminal/raw.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "tui/terminal/guard.h"
#include "tui/terminal/leftovers.h"

enum {
	USUAL_ROW_COUNT = 24,
	USUAL_COLUMN_COUNT = 80,
};

enum raw_signal {
	RAW_WINCH,
	RAW_STOP,
	RAW_CONTINUE,
	RAW_SIGNAL_COUNT,
};

struct kt_raw {
	uv_signal_t signals[RAW_SIGNAL_COUNT];
	int handle_count;
	int fd;
	bool is_on;
	struct termios shell_modes;
	struct kt_leftovers leftovers;
	void (*on_resize)(void *ctx);
	void *ctx;
};

/* What a dying process has to say to the terminal. */
static void arm(struct kt_raw *raw)
{
	kt_autobuf struct kt_buf farewell = KT_BUF_INIT;

	kt_leftovers_put_undo(&raw->leftovers, &farewell);
	kt_guard_arm(raw->fd, &raw->shell_modes, kt_buf_text(&farewell), farewell.len);
}

static struct kt_error *enter(struct kt_raw *raw)
{
	struct termios modes;

	if (tcgetattr(raw->fd, &raw->shell_modes))
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno,
				       "the terminal does not tell its modes");
	modes = raw->shell_modes;
	cfmakeraw(&modes);
	arm(raw);
	raw->is_on = true;
	if (!tcsetattr(raw->fd, TCSANOW, &modes))
		return NULL;
	kt_guard_disarm();
	raw->is_on = false;
	return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "the terminal does not take our modes");
}

static void leave(struct kt_raw *raw)
{
	if (!raw->is_on)
		return;
	arm(raw); /* where the cursor stands changes too often to tell the guard each time */
	kt_guard_restore();
	raw->is_on = false;
}

static void on_winch(uv_signal_t *handle, int number)
{
	struct kt_raw *raw = handle->data;

	(void)number;
	raw->on_resize(raw->ctx);
}

static void on_stop(uv_signal_t *handle, int number)
{
	(void)number;
	leave(handle->data);
	(void)kill(getpid(), SIGSTOP);
}

/* Also after a stop that nobody sees coming: the shell has changed the modes meanwhile. */
static void on_continue(uv_signal_t *handle, int number)
{
	struct kt_raw *raw = handle->data;

	(void)number;
	leave(raw);
	/* A terminal that is gone tells that to its reader. */
	kt_error_destroy(enter(raw));
	raw->on_resize(raw->ctx);
}

static struct kt_error *watch_signals(struct kt_raw *raw, uv_loop_t *loop)
{
	static const struct {
		int number;
		uv_signal_cb callback;
	} wanted[RAW_SIGNAL_COUNT] = {
		[RAW_WINCH] = { SIGWINCH, on_winch },
		[RAW_STOP] = { SIGTSTP, on_stop },
		[RAW_CONTINUE] = { SIGCONT, on_continue },
	};
	struct sigaction before;

	for (int i = 0; i < RAW_SIGNAL_COUNT; i++) {
		int code = uv_signal_init(loop, &raw->signals[i]);
		if (code)
			return kt_error_create(KT_ERROR_ENVIRONMENT, -code,
					       "signals cannot be watched");
		raw->signals[i].data = raw;
		raw->handle_count++;
		/* A shell without job control ignores the stop, and so do we then. */
		if (sigaction(wanted[i].number, NULL, &before) || before.sa_handler != SIG_IGN)
			(void)uv_signal_start(&raw->signals[i], wanted[i].callback,
					      wanted[i].number);
	}
	return NULL;
}

struct kt_error *kt_raw_open(uv_loop_t *loop, int fd, void (*on_resize)(void *ctx), void *ctx,
			     struct kt_raw **ret)
{
	struct kt_raw *raw = calloc(1, sizeof(*raw));

	if (!raw)
		return kt_error_no_memory();
	raw->fd = fd;
	raw->on_resize = on_resize;
	raw->ctx = ctx;
	struct kt_error *err = watch_signals(raw, loop);
	if (!err)
		err = enter(raw);
	if (err) {
		kt_raw_close(raw);
		return err;
	}
	*ret = raw;
	return NULL;
}

void kt_raw_size(int fd, unsigned *ret_rows, unsigned *ret_columns)
{
	struct winsize size = { 0 };

	if (ioctl(fd, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col) {
		size.ws_row = USUAL_ROW_COUNT;
		size.ws_col = USUAL_COLUMN_COUNT;
	}
	*ret_rows = size.ws_row;
	*ret_columns = size.ws_col;
}

void kt_raw_note(struct kt_raw *raw, const char *bytes, size_t len)
{
	if (kt_leftovers_feed(&raw->leftovers, bytes, len) && raw->is_on)
		arm(raw);
}

static void on_closed(uv_handle_t *handle)
{
	struct kt_raw *raw = handle->data;

	if (!--raw->handle_count)
		free(raw);
}

void kt_raw_close(struct kt_raw *raw)
{
	if (!raw)
		return;
	leave(raw);
	/* Without a handle nobody would free it. */
	if (!raw->handle_count)
		free(raw);
	else
		for (int i = raw->handle_count; i--;)
			uv_close((uv_handle_t *)&raw->signals[i], on_closed);
}
