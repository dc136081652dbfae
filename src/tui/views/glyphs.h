/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The characters that are no text, in UTF-8 and in ASCII, and graphs made of them.  In ASCII everything
 * is explicit: nothing is left to the terminal.
 */
#ifndef KT_TUI_GLYPHS_H
#define KT_TUI_GLYPHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum kt_graph_style {
	KT_GRAPH_BLOCK,	  /* eighths of a cell; "block" */
	KT_GRAPH_BRAILLE, /* two values and four steps per cell; "braille" */
	KT_GRAPH_ASCII,	  /* "ascii" */
	KT_GRAPH_STYLE_COUNT,
};

struct kt_glyphs {
	bool is_ascii;
	enum kt_graph_style graph;
	const char *pass, *fail, *holding, *pending, *cannot_tell, *skip; /* one column each */
	const char *running, *ended, *failed, *paused, *playing;
	const char *up, *down; /* sorted ascending, descending */
	const char *ellipsis;
	const char *horizontal, *vertical; /* lines between panes */
};

/** The glyphs for a terminal; a style that needs UTF-8 becomes ascii where there is none. */
struct kt_glyphs kt_glyphs_make(bool is_ascii, enum kt_graph_style graph);

/* A value of a graph; not known is a gap, never 0. */
struct kt_graph_value {
	uint64_t value;
	bool is_known;
};

/**
 * Appends a graph one row high and @columns wide of the last values, oldest first, scaled from 0 to @max
 * (0: the largest of them).  Gaps are blanks; a known 0 is a mark of its own.
 */
void kt_graph_line(const struct kt_glyphs *glyphs, const struct kt_graph_value *values,
		   size_t count, uint64_t max, unsigned columns, struct kt_buf *out);

/**
 * The same, @rows high: appends row @row (0 is the top one).
 */
void kt_graph_row(const struct kt_glyphs *glyphs, const struct kt_graph_value *values, size_t count,
		  uint64_t max, unsigned columns, unsigned rows, unsigned row, struct kt_buf *out);

/** The style called @word; false for none. */
bool kt_graph_style_find(const char *word, enum kt_graph_style *ret);
/** The word of @style.  Owner: static. */
const char *kt_graph_style_word(enum kt_graph_style style);

#endif
