/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A page as lines: what is above the area or below it is counted and not painted, so that a page says
 * how long it is whatever part of it is seen.  Texts are wrapped, never cut.
 */
#ifndef KT_TUI_PAGE_H
#define KT_TUI_PAGE_H

#include "tui/views/view.h"

struct kt_page {
	struct kt_canvas *canvas;
	struct kt_area area;
	unsigned scroll;
	unsigned lines; /* so far */
	unsigned label_columns;
};

/** Begins a page whose line @scroll is the first one in the area. */
struct kt_page kt_page_begin(struct kt_canvas *canvas, struct kt_area area, unsigned scroll);

/** Counts one more line; true if it is seen: then it is row @ret_row of the canvas. */
bool kt_page_next(struct kt_page *page, unsigned *ret_row);

/** An empty line. */
void kt_page_blank(struct kt_page *page);

/** An empty line, unless it is the first one, and a title. */
void kt_page_title(struct kt_page *page, const char *title);

/** A text, wrapped, @indent columns from the left; its newlines begin lines. */
void kt_page_text(struct kt_page *page, unsigned indent, enum kt_role role, const char *text);

/** The same for formatted text. */
void kt_page_printf(struct kt_page *page, unsigned indent, enum kt_role role, const char *fmt, ...)
	KT_PRINTF(4, 5);

/** A label and what belongs to it, wrapped behind it; NULL or "" is "-". */
void kt_page_field(struct kt_page *page, const char *label, enum kt_role role, const char *text);

/** The same for formatted text. */
void kt_page_fieldf(struct kt_page *page, const char *label, enum kt_role role, const char *fmt,
		    ...) KT_PRINTF(4, 5);

/** The same for a number, with all its digits and @unit behind it; "-" when it is not known. */
void kt_page_number(struct kt_page *page, const char *label, const char *unit,
		    struct kt_opt_u64 number);

#endif
