/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A frame as cells: what is shown, before any terminal.  Views write texts with a role; a theme
 * gives roles their look, a back end puts the cells on a terminal (screen.h) or into plain text.
 *
 * Nothing that is written can leave the place it was given, and no control character gets into
 * a cell: foreign bytes become U+FFFD, or '?' where only ASCII is shown.
 */
#ifndef KT_TUI_CANVAS_H
#define KT_TUI_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum {
	KT_CANVAS_MAX_COLUMNS = 1000,
	KT_CANVAS_MAX_ROWS = 500,
	KT_CELL_BYTES = 8, /* of a cell's text, its NUL included: a character and what combines */
};

/* What a text means; a theme says how that looks.  Never the only sign of a meaning. */
enum kt_role {
	KT_ROLE_NORMAL,
	KT_ROLE_DIM,	  /* of less interest; parked threads */
	KT_ROLE_TITLE,	  /* program and pane names */
	KT_ROLE_HEADING,  /* column headings */
	KT_ROLE_SORTED,	  /* heading of the column that is sorted by */
	KT_ROLE_SELECTED, /* the row of the cursor */
	KT_ROLE_KEY,	  /* a key in footer and help */
	KT_ROLE_GOOD,	  /* pass, ready, done */
	KT_ROLE_ACTIVE,	  /* holding, running, changing */
	KT_ROLE_WARNING,  /* stale, thinned, cannot-tell, missed */
	KT_ROLE_BAD,	  /* fail, failed, died */
	KT_ROLE_UNKNOWN,  /* what could not be read */
	KT_ROLE_GRAPH,
	KT_ROLE_BANNER, /* paused, back in time: reverse in every theme */
	KT_ROLE_MATCH,	/* what a search found */
	KT_ROLE_PROMPT,
	KT_ROLE_COUNT,
};

struct kt_cell {
	char text[KT_CELL_BYTES]; /* UTF-8; "" behind a character that is two columns wide */
	uint8_t role;		  /* enum kt_role */
};

struct kt_canvas {
	unsigned columns;
	unsigned rows;
	bool is_ascii;	       /* only ASCII may be shown */
	struct kt_cell *cells; /* row by row */
};

#define KT_CANVAS_INIT ((struct kt_canvas){ 0 })

/** Frees the cells. */
void kt_canvas_deinit(struct kt_canvas *canvas);

/**
 * Gives the canvas a size (cut to the limits above) and makes it blank.  Errors: no memory.
 * Owner: the caller calls kt_canvas_deinit().
 */
struct kt_error *kt_canvas_resize(struct kt_canvas *canvas, unsigned columns,
				  unsigned rows) KT_MUST_CHECK;

/** Makes every cell a blank of the normal role. */
void kt_canvas_clear(struct kt_canvas *canvas);

/** The cell at @row and @column, which are inside.  Owner: borrowed. */
struct kt_cell *kt_canvas_cell(const struct kt_canvas *canvas, unsigned row, unsigned column);

/**
 * Writes @text from @column on, in at most @width columns and inside of the canvas; a
 * character that would be cut in half is left out.  Returns how many columns were written.
 */
unsigned kt_canvas_put(struct kt_canvas *canvas, unsigned row, unsigned column, unsigned width,
		       enum kt_role role, const char *text);

/** The same, at the right end of the @width columns; what does not fit is cut on the left side. */
unsigned kt_canvas_put_right(struct kt_canvas *canvas, unsigned row, unsigned column,
			     unsigned width, enum kt_role role, const char *text);

/** The same as kt_canvas_put() for formatted text. */
unsigned kt_canvas_printf(struct kt_canvas *canvas, unsigned row, unsigned column, unsigned width,
			  enum kt_role role, const char *fmt, ...) KT_PRINTF(6, 7);

/** Gives @width cells from @column on a role, and leaves their texts. */
void kt_canvas_paint(struct kt_canvas *canvas, unsigned row, unsigned column, unsigned width,
		     enum kt_role role);

/** How many columns @text takes when it is written. */
unsigned kt_canvas_width(const struct kt_canvas *canvas, const char *text);

/** Appends the canvas as text, a line per row, without the blanks at the ends of lines. */
void kt_canvas_dump(const struct kt_canvas *canvas, struct kt_buf *out);

#define kt_autocanvas __attribute__((cleanup(kt_canvas_deinit)))

#endif
