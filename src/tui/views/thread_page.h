/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The page of a thread: what is known of it at the moment that is looked at, and the graph of its
 * past.  The threads view calls it; everything it shows comes out of the series.
 */
#ifndef KT_TUI_THREAD_PAGE_H
#define KT_TUI_THREAD_PAGE_H

#include "run/run.h"
#include "tui/views/thread_history.h"
#include "tui/views/view.h"

/* Which thread: one of a probe's run. */
struct kt_thread_place {
	const struct kt_run_scenario *scenario;
	const struct kt_run_probe *probe;
	const struct kt_run_probe_run *run; /* that is looked at; its series is not NULL */
	uint32_t number;		    /* the thread's in the series */
	uint32_t tid;
	struct kt_thread_history *history; /* what was read for the frame before */
	const char *state; /* "gone", "reset", ...: as in the list, with its reason; "" for none */
};

/**
 * Paints the page into the area, from line @scroll on.  Returns how many lines the page has.
 */
unsigned kt_thread_page_paint(const struct kt_look_at *look, const struct kt_thread_place *place,
			      unsigned scroll, struct kt_canvas *canvas, struct kt_area area);

#endif
