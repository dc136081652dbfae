/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A history as a graph on a page: a scale on the left, a time axis below it, and a mark at the moment
 * that is looked at.  What came later is dim.
 */
#ifndef KT_TUI_THREAD_GRAPH_H
#define KT_TUI_THREAD_GRAPH_H

#include "tui/views/page.h"
#include "tui/views/thread_history.h"

/** How many snapshots a graph shows that is @columns wide, scale and all; 0: there is no room for one. */
size_t kt_thread_graph_values(const struct kt_glyphs *glyphs, unsigned columns);

/** Adds the graph of @values, which are of @history, to the page. */
void kt_thread_graph_put(struct kt_page *page, const struct kt_look_at *look, const char *title,
			 const struct kt_thread_history *history,
			 const struct kt_graph_value *values);

#endif
