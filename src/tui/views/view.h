/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the dashboard's views have in common, private to src/tui.
 *
 * A view is a list (threads, checks, guests) or the page of one of its rows.  The dashboard owns
 * cursor, scrolling, filter, search, keys and time; a view says what there is at the moment that is
 * looked at and paints it into the area it gets.  Rows have an identity, by which the cursor
 * follows them; views paint from what update() gathered and change nothing while painting.
 */
#ifndef KT_TUI_VIEW_H
#define KT_TUI_VIEW_H

#include "tui/dashboard.h"
#include "tui/keys.h"
#include "tui/views/format.h"
#include "tui/views/glyphs.h"

struct kt_area {
	unsigned row;
	unsigned column;
	unsigned columns;
	unsigned rows;
};

/* How everything is looked at. */
struct kt_look_at {
	const struct kt_dashboard_input *input;
	uint64_t moment_ns; /* on the run's clock; input->now_ns when one looks at the present */
	bool is_present;    /* the moment moves on with the events */
	const struct kt_glyphs *glyphs;
	const struct kt_units *units;
	const char *filter; /* rows whose text does not contain it are left out; "" for none */
	const char *search; /* marked where it is found; "" for none */

	/* Rows keep the order that they have, new ones come last: somebody moves the cursor. */
	bool is_order_frozen;

	/* Of the settings in force, for the help. */
	const char *theme; /* NULL: not known */
	bool has_mouse;
};

/* A list of rows.  All functions get what create() gave. */
struct kt_view {
	const char *word;  /* "threads" */
	const char *title; /* "Threads" */

	/* Errors: no memory.  Owner: the dashboard hands @ret to destroy. */
	struct kt_error *(*create)(void **ret);
	void (*destroy)(void *view);

	/*
	 * Gathers the rows as they are at the moment, filtered and in order; does little when
	 * neither moment nor model changed.  Errors: no memory.
	 */
	struct kt_error *(*update)(void *view, const struct kt_look_at *look);
	size_t (*count)(const void *view);

	/* Never the same for two rows, and the same for the same thing at all times.  Not 0. */
	uint64_t (*identity)(const void *view, size_t row);

	/* Appends what filter and search look at. */
	void (*text)(const void *view, size_t row, struct kt_buf *out);

	/* Appends the count that the tab shows ("3 of 5 pass"); short. */
	void (*summary)(const void *view, const struct kt_look_at *look, struct kt_buf *out);

	/*
	 * The @count rows from @first on are painted next, @columns wide: gathers what only these need.
	 * NULL: nothing.  Errors: no memory.
	 */
	struct kt_error *(*prepare_rows)(void *view, const struct kt_look_at *look, size_t first,
					 size_t count, unsigned columns);

	/* Paints the heading, one row high. */
	void (*paint_heading)(const void *view, const struct kt_look_at *look,
			      struct kt_canvas *canvas, struct kt_area area);

	/* Paints a row, one row high; the dashboard paints the cursor over it. */
	void (*paint_row)(const void *view, const struct kt_look_at *look, size_t row,
			  struct kt_canvas *canvas, struct kt_area area);

	/* What stands in place of rows when there are none ("no snapshot yet: the guest boots"). */
	void (*explain_empty)(const void *view, const struct kt_look_at *look, struct kt_buf *out);

	/*
	 * Paints the page of the row with @identity into the area, from line @scroll on; returns how many
	 * lines the page has.  A thing that is gone is shown as it was last, and said to be gone.
	 */
	unsigned (*paint_page)(const void *view, const struct kt_look_at *look, uint64_t identity,
			       unsigned scroll, struct kt_canvas *canvas, struct kt_area area);

	/* An action that the dashboard does not know itself (sorting, columns); bits of need.  NULL: none. */
	unsigned (*act)(void *view, const struct kt_look_at *look, enum kt_action action);
};

extern const struct kt_view kt_threads_view;
extern const struct kt_view kt_checks_view;
extern const struct kt_view kt_guests_view;

/* A row per key of keys.h, its page the row alone; filter and search look at keys and texts. */
extern const struct kt_view kt_help_view;

#endif
