/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Columns of a list that fit into so much room: the least important ones go first, and what is left
 * over goes to the most important ones that can use it.
 */
#ifndef KT_TUI_TABLE_H
#define KT_TUI_TABLE_H

#include "tui/views/view.h"

#define KT_TABLE_MAX_COLUMNS 16
#define KT_TABLE_GAP	     1

struct kt_table_column {
	const char *title; /* NULL ends a table */
	unsigned min_columns;
	unsigned max_columns;
	unsigned rank; /* 0 is the most important; each rank once */
	bool is_right; /* numbers */
};

/* Where each column is; 0 wide: it is left out. */
struct kt_table_layout {
	unsigned offset[KT_TABLE_MAX_COLUMNS];
	unsigned width[KT_TABLE_MAX_COLUMNS];
};

/** Distributes @total columns of the screen. */
struct kt_table_layout kt_table_fit(const struct kt_table_column *columns, unsigned total);

/** Paints the titles. */
void kt_table_heading(const struct kt_table_column *columns, const struct kt_glyphs *glyphs,
		      struct kt_canvas *canvas, struct kt_area area);

/** Paints the cell of column @index; a text that is too long ends in the ellipsis. */
void kt_table_cell(const struct kt_table_column *columns, const struct kt_table_layout *layout,
		   unsigned index, const struct kt_glyphs *glyphs, struct kt_canvas *canvas,
		   struct kt_area area, enum kt_role role, const char *text);

/** Writes @text into @width columns; if it is longer, the last one says so. */
void kt_put_cut(struct kt_canvas *canvas, const struct kt_glyphs *glyphs, unsigned row,
		unsigned column, unsigned width, enum kt_role role, const char *text);

#endif
