/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the parts of the screen share: screen.c opens and closes it, screen_io.c moves bytes between
 * it and the loop, screen_stop.c takes the terminal and gives it back.
 */
#ifndef KT_TUI_SCREEN_STATE_H
#define KT_TUI_SCREEN_STATE_H

#include <termios.h>

#include "tui/terminal/decoder.h"
#include "tui/terminal/painter.h"
#include "tui/terminal/screen.h"

struct kt_screen {
	struct kt_screen_handler handler;
	void *ctx;
	uv_loop_t *loop;
	struct kt_painter *painter;
	struct kt_decoder decoder;
	int fd;
	unsigned columns;
	unsigned rows;

	uv_poll_t poll;
	uv_signal_t winch;
	uv_signal_t tstp;
	uv_signal_t cont;
	uv_timer_t escape;	/* how long bytes may be incomplete */
	uv_timer_t notice;	/* tells from the loop that the terminal is lost */
	uv_timer_t resume;	/* for a process that could not be stopped */
	uv_poll_t *stderr_poll; /* of its own life: it goes with each pipe */
	unsigned handle_count;	/* that are not closed yet, and one while the screen is open */
	unsigned escape_ms;

	struct kt_buf output;  /* what the terminal did not take yet */
	struct kt_canvas next; /* a frame that came meanwhile */
	bool has_next;
	bool has_mouse;
	bool can_mouse;
	bool can_stop; /* by job control */
	bool is_on;    /* the terminal is ours now */
	bool is_lost;
	bool is_closed;
	struct termios shell_modes; /* as the terminal was */
	struct kt_buf farewell;	    /* for the guard: what puts the terminal in order */
};

/** Starts to watch the terminal for keys, and for room while there is output. */
void kt_screen_watch(struct kt_screen *screen);

/** Writes what the terminal takes without waiting. */
void kt_screen_pump(struct kt_screen *screen);

/** Writes the rest, but gives up if the terminal takes nothing for a moment. */
void kt_screen_flush(struct kt_screen *screen);

/** Appends what turns the mouse on or off to the output. */
void kt_screen_put_mouse(struct kt_screen *screen, bool has_mouse);

/** Takes the terminal.  Errors: environment. */
struct kt_error *kt_screen_enter(struct kt_screen *screen) KT_MUST_CHECK;

/** Gives the terminal back. */
void kt_screen_leave(struct kt_screen *screen);

/** Reads the terminal's size.  Returns whether it is another one. */
bool kt_screen_measure(struct kt_screen *screen);

/** SIGTSTP came from outside; for uv_signal_start(). */
void kt_screen_on_stop(uv_signal_t *handle, int number);

/** SIGCONT came; for uv_signal_start(). */
void kt_screen_on_continue(uv_signal_t *handle, int number);

/** A handle is closed, or the owner is done with the screen: the last one frees it. */
void kt_screen_release(struct kt_screen *screen);

#endif
