/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The terminal: curses under libuv's loop.  The only files that include curses are painter.c and terminfo.c.
 *
 * The terminal is opened anew (/dev/tty), so that the descriptors the shell gave us keep their
 * flags.  Nothing here waits for it: what a slow or stopped terminal does not take stays in a
 * buffer, and frames that came meanwhile are left out but for the last.  Every end of the process restores it: kt_screen_close(), a fatal signal, exit() (guard.h).
 * A terminal that goes away is told once; nothing is polled from then on.  Stop (Ctrl-Z) gives the
 * terminal back and takes it again.  Loop thread only.
 */
#ifndef KT_TUI_SCREEN_H
#define KT_TUI_SCREEN_H

#include <uv.h>

#include "tui/terminal/canvas.h"
#include "tui/terminal/theme.h"

/* Keys that are no characters; characters are their code points. */
enum kt_key {
	KT_KEY_ESCAPE = 27,
	KT_KEY_ENTER = '\n',
	KT_KEY_TAB = '\t',
	KT_KEY_BACKSPACE = 127,
	KT_KEY_UP = 0x110000,
	KT_KEY_DOWN,
	KT_KEY_LEFT,
	KT_KEY_RIGHT,
	KT_KEY_PAGE_UP,
	KT_KEY_PAGE_DOWN,
	KT_KEY_HOME,
	KT_KEY_END,
	KT_KEY_DELETE,
	KT_KEY_BACK_TAB,
	KT_KEY_MOUSE_WHEEL_UP,
	KT_KEY_MOUSE_WHEEL_DOWN,
	KT_KEY_NONE, /* one that means nothing to us */
};

struct kt_screen_config {
	uv_loop_t *loop; /* borrowed */
	const struct kt_theme *theme;
	bool has_color;	    /* false: attributes only, whatever the theme */
	bool has_mouse;	    /* the wheel is told; else the terminal keeps the mouse for selecting */
	const char *device; /* NULL: the controlling terminal, and stdout has to be one */
};

/* All are called on the loop, never from within a call of this interface. */
struct kt_screen_handler {
	void (*on_key)(void *ctx, uint32_t key);
	void (*on_click)(void *ctx, unsigned row, unsigned column);
	void (*on_resize)(void *ctx); /* ask kt_screen_size(); also after a stop */
	void (*on_lost)(void *ctx);   /* the terminal went away; only close it now */
};

struct kt_screen;

/**
 * Takes the terminal.  The owner has started its handles for SIGINT, SIGTERM and SIGHUP before, so that
 * curses leaves these alone.
 * Errors: environment (no terminal, TERM unknown or without cursor addressing: the text says
 * what is missing and names --batch), no memory.  Then too the loop may have handles to close.
 * Owner: the caller calls kt_screen_close(); @config and @handler are copied.
 */
struct kt_error *kt_screen_open(const struct kt_screen_config *config,
				const struct kt_screen_handler *handler, void *ctx,
				struct kt_screen **ret) KT_MUST_CHECK;

/** The terminal's size. */
void kt_screen_size(const struct kt_screen *screen, unsigned *ret_columns, unsigned *ret_rows);

/** Whether the terminal shows UTF-8. */
bool kt_screen_is_utf8(void);

/** Shows the canvas: what differs from the last one goes out, at once. */
void kt_screen_show(struct kt_screen *screen, const struct kt_canvas *canvas);

/** Draws everything anew with the next kt_screen_show(). */
void kt_screen_redraw(struct kt_screen *screen);

/** Changes the look from the next frame on. */
void kt_screen_set_theme(struct kt_screen *screen, const struct kt_theme *theme);

/** Turns the mouse on or off. */
void kt_screen_set_mouse(struct kt_screen *screen, bool has_mouse);

/**
 * Gives the terminal back and stops the process group as Ctrl-Z does; takes the terminal again when
 * the process is continued (then on_resize() is called).  Returns at once.
 */
void kt_screen_suspend(struct kt_screen *screen);

/**
 * Gives the terminal back as it was and frees the screen once the loop has closed its handles; NULL is
 * allowed.  What was written to stderr meanwhile appears there now.
 */
void kt_screen_close(struct kt_screen *screen);

#endif
