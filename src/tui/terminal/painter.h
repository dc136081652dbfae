/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Canvases into bytes for a terminal, by curses.  Curses writes into a file in memory, never to the
 * terminal: it would wait for a slow one, and the loop with it.  So it sets no modes and reads no
 * keys either; the screen does that (screen.c).  There is one at a time, as curses has one screen.
 */
#ifndef KT_TUI_PAINTER_H
#define KT_TUI_PAINTER_H

#include "tui/terminal/canvas.h"
#include "tui/terminal/theme.h"

struct kt_painter;

/**
 * Makes a painter for terminals of type @term (TERM's value, or NULL).
 * Errors: environment (the type is unknown or cannot place the cursor), no memory.
 * Owner: the caller calls kt_painter_destroy(); @theme is borrowed.
 */
struct kt_error *kt_painter_create(const char *term, const struct kt_theme *theme, bool has_color,
				   struct kt_painter **ret) KT_MUST_CHECK;

/** Frees a painter; NULL is allowed. */
void kt_painter_destroy(struct kt_painter *painter);

/** Tells the terminal's size; what is on it is not relied on any more. */
void kt_painter_resize(struct kt_painter *painter, unsigned columns, unsigned rows);

/** Changes the look from the next frame on.  Owner: @theme is borrowed. */
void kt_painter_set_theme(struct kt_painter *painter, const struct kt_theme *theme);

/** Draws everything anew with the next frame. */
void kt_painter_redraw(struct kt_painter *painter);

/** Appends to @out what makes the last frame this one; NULL: what shows the last one again. */
void kt_painter_draw(struct kt_painter *painter, const struct kt_canvas *canvas,
		     struct kt_buf *out);

/** Appends what leaves the terminal as it was; kt_painter_draw() takes it again. */
void kt_painter_leave(struct kt_painter *painter, struct kt_buf *out);

#endif
