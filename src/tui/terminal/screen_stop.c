/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tui/terminal/capture.h"
#include "tui/terminal/guard.h"
#include "tui/terminal/screen_state.h"
#include "tui/terminal/terminfo.h"

/* A process that could not be stopped (nobody could continue it) goes on after this time. */
enum {
	RESUME_MS = 100
};

bool kt_screen_measure(struct kt_screen *screen)
{
	struct winsize size = { 0 };
	unsigned columns = screen->columns;
	unsigned rows = screen->rows;

	if (ioctl(screen->fd, TIOCGWINSZ, &size) || !size.ws_col || !size.ws_row)
		kt_terminfo_size(&columns, &rows);
	else {
		columns = size.ws_col < KT_CANVAS_MAX_COLUMNS ? size.ws_col : KT_CANVAS_MAX_COLUMNS;
		rows = size.ws_row < KT_CANVAS_MAX_ROWS ? size.ws_row : KT_CANVAS_MAX_ROWS;
	}
	if (columns == screen->columns && rows == screen->rows)
		return false;
	screen->columns = columns;
	screen->rows = rows;
	kt_painter_resize(screen->painter, columns, rows);
	return true;
}

/*
 * Keys come one by one and without echo.  Ctrl-C and Ctrl-\ stay signals, so that a program that
 * hangs can be ended; Ctrl-Z, Ctrl-S and Ctrl-Q are keys.
 */
static struct termios our_modes(const struct termios *shell)
{
	struct termios modes = *shell;

	modes.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON | IXOFF | ISTRIP);
	modes.c_oflag &= ~(tcflag_t)OPOST;
	modes.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
	modes.c_lflag |= ISIG;
	modes.c_cc[VSUSP] = _POSIX_VDISABLE;
	modes.c_cc[VMIN] = 1;
	modes.c_cc[VTIME] = 0;
	return modes;
}

/* It was allocated for one pipe. */
static void on_stderr_closed(uv_handle_t *handle)
{
	struct kt_screen *screen = handle->data;

	free(handle);
	kt_screen_release(screen);
}

static void on_stderr(uv_poll_t *handle, int status, int events)
{
	(void)handle;
	(void)status;
	(void)events;
	kt_capture_drain();
}

/* Without it the screen works too, only that what is said meanwhile may disturb it. */
static void capture(struct kt_screen *screen)
{
	int fd = kt_capture_begin();

	if (fd < 0)
		return;
	uv_poll_t *poll = malloc(sizeof(*poll));
	if (!poll || uv_poll_init(screen->loop, poll, fd)) {
		free(poll);
		return;
	}
	poll->data = screen;
	screen->stderr_poll = poll;
	screen->handle_count++;
	(void)uv_poll_start(poll, UV_READABLE, on_stderr);
}

struct kt_error *kt_screen_enter(struct kt_screen *screen)
{
	if (tcgetattr(screen->fd, &screen->shell_modes))
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno,
				       "the terminal does not tell its modes");
	struct termios modes = our_modes(&screen->shell_modes);
	kt_guard_arm(screen->fd, &screen->shell_modes, screen->farewell.data, screen->farewell.len);
	screen->is_on = true;
	if (tcsetattr(screen->fd, TCSANOW, &modes)) {
		kt_guard_disarm();
		screen->is_on = false;
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno,
				       "the terminal does not take our modes");
	}
	capture(screen);
	(void)kt_screen_measure(screen);
	kt_painter_redraw(screen->painter);
	kt_painter_draw(screen->painter, NULL, &screen->output);
	kt_terminfo_text("smkx", &screen->output);
	if (screen->has_mouse)
		kt_screen_put_mouse(screen, true);
	if (screen->can_stop)
		(void)uv_signal_start(&screen->tstp, kt_screen_on_stop, SIGTSTP);
	kt_screen_pump(screen);
	return NULL;
}

void kt_screen_leave(struct kt_screen *screen)
{
	if (!screen->is_on)
		return;
	(void)uv_poll_stop(&screen->poll);
	(void)uv_timer_stop(&screen->escape);
	screen->has_next = false;
	if (screen->has_mouse)
		kt_screen_put_mouse(screen, false);
	kt_terminfo_text("rmkx", &screen->output);
	kt_painter_leave(screen->painter, &screen->output);
	kt_screen_flush(screen);
	(void)tcsetattr(screen->fd, TCSANOW, &screen->shell_modes);
	screen->is_on = false;
	kt_guard_disarm();
	if (screen->stderr_poll)
		uv_close((uv_handle_t *)screen->stderr_poll, on_stderr_closed);
	screen->stderr_poll = NULL;
	kt_capture_end();
}

/* The terminal is ours again; the owner paints for the size it has now. */
static void take_again(struct kt_screen *screen)
{
	(void)uv_timer_stop(&screen->resume);
	struct kt_error *err = kt_screen_enter(screen);
	if (err) {
		/* Gone while we were away: reading tells that. */
		kt_error_destroy(err);
		screen->is_on = true;
		kt_screen_watch(screen);
		return;
	}
	screen->handler.on_resize(screen->ctx);
}

static void on_resume(uv_timer_t *timer)
{
	struct kt_screen *screen = timer->data;

	if (!screen->is_on && !screen->is_closed)
		take_again(screen);
}

/*
 * The stop may come a moment after kill() has returned, if another thread takes the signal; so the
 * terminal is taken again by the loop, when SIGCONT has come.
 */
static void stop(struct kt_screen *screen, pid_t pid)
{
	kt_screen_leave(screen);
	(void)uv_signal_stop(&screen->tstp);
	(void)uv_timer_start(&screen->resume, on_resume, RESUME_MS, 0);
	(void)kill(pid, SIGTSTP);
}

void kt_screen_on_stop(uv_signal_t *handle, int number)
{
	struct kt_screen *screen = handle->data;

	(void)number;
	if (screen->is_on && !screen->is_lost)
		stop(screen, getpid());
}

/* Also after a SIGSTOP, which nobody sees coming: the shell has changed the modes meanwhile. */
void kt_screen_on_continue(uv_signal_t *handle, int number)
{
	struct kt_screen *screen = handle->data;

	(void)number;
	if (screen->is_closed || screen->is_lost)
		return;
	if (!screen->is_on) {
		take_again(screen);
		return;
	}
	struct termios modes = our_modes(&screen->shell_modes);
	(void)tcsetattr(screen->fd, TCSANOW, &modes);
	(void)kt_screen_measure(screen);
	kt_painter_redraw(screen->painter);
	screen->handler.on_resize(screen->ctx);
}

void kt_screen_suspend(struct kt_screen *screen)
{
	if (screen->is_on && !screen->is_lost && screen->can_stop)
		stop(screen, 0);
}
