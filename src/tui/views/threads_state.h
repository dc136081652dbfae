/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Private to the threads view: what it gathers and how it is ordered.
 */
#ifndef KT_TUI_THREADS_STATE_H
#define KT_TUI_THREADS_STATE_H

#include "tui/views/thread_history.h"
#include "tui/views/threads.h"

/* The thread whose page was painted last; so that it can be shown when it is no row any more. */
struct kt_threads_page {
	uint64_t identity;
	uint32_t group;
	size_t probe;
	size_t run;
	uint32_t number;
	uint32_t tid;
};

struct kt_threads {
	struct kt_thread_rows *groups; /* one per scenario of the model */
	const struct kt_run_scenario **scenarios;
	size_t group_count;
	struct kt_thread_row **order; /* rows that the filter lets through */
	size_t count;
	size_t cap;
	size_t all_count; /* with those that it does not */
	bool has_extras;  /* of any of these something is known besides its counters */
	struct kt_buf filter;
	struct kt_column_choice columns;
	const struct kt_column *sort;
	bool is_descending;
	bool is_dirty;	  /* rows came, went or changed since they were put in order */
	bool is_unsorted; /* the order is only the one that was frozen */
	struct kt_threads_page *page;
	struct kt_thread_history *history; /* of the page's thread */
};

/** Puts the rows into @order: filtered, sorted.  Errors: no memory. */
struct kt_error *kt_threads_order(struct kt_threads *threads,
				  const struct kt_look_at *look) KT_MUST_CHECK;

/** What the cells of @row are painted with. */
struct kt_cell_context kt_threads_cell(const struct kt_threads *threads,
				       const struct kt_look_at *look,
				       const struct kt_thread_row *row);

/** How old what is shown of @group is, if that is too old; otherwise 0. */
uint64_t kt_threads_stale_ns(const struct kt_threads *threads, const struct kt_look_at *look,
			     size_t group);

/** See struct kt_view.  Errors: no memory. */
struct kt_error *kt_threads_prepare_rows(void *view, const struct kt_look_at *look, size_t first,
					 size_t count, unsigned columns) KT_MUST_CHECK;

/** The functions of struct kt_view that paint. */
void kt_threads_paint_heading(const void *view, const struct kt_look_at *look,
			      struct kt_canvas *canvas, struct kt_area area);

/** See struct kt_view. */
void kt_threads_paint_row(const void *view, const struct kt_look_at *look, size_t row,
			  struct kt_canvas *canvas, struct kt_area area);

/** See struct kt_view. */
void kt_threads_explain_empty(const void *view, const struct kt_look_at *look, struct kt_buf *out);

/** See struct kt_view. */
void kt_threads_row_text(const void *view, size_t row, struct kt_buf *out);

/** See struct kt_view. */
unsigned kt_threads_paint_page(const void *view, const struct kt_look_at *look, uint64_t identity,
			       unsigned scroll, struct kt_canvas *canvas, struct kt_area area);

#endif
