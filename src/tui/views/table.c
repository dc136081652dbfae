/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/table.h"

static unsigned count_of(const struct kt_table_column *columns)
{
	unsigned count = 0;

	while (count < KT_TABLE_MAX_COLUMNS && columns[count].title)
		count++;
	return count;
}

static unsigned of_rank(const struct kt_table_column *columns, unsigned count, unsigned rank)
{
	unsigned index = 0;

	while (index < count && columns[index].rank != rank)
		index++;
	return index;
}

struct kt_table_layout kt_table_fit(const struct kt_table_column *columns, unsigned total)
{
	struct kt_table_layout layout = { 0 };
	unsigned count = count_of(columns);
	unsigned used = 0;
	unsigned offset = 0;

	for (unsigned rank = 0; rank < count; rank++) {
		unsigned index = of_rank(columns, count, rank);
		unsigned gap = used ? KT_TABLE_GAP : 0;

		if (index == count || used + gap + columns[index].min_columns > total)
			break;
		layout.width[index] = columns[index].min_columns;
		used += gap + columns[index].min_columns;
	}
	for (unsigned rank = 0; rank < count; rank++) {
		unsigned index = of_rank(columns, count, rank);
		unsigned more;

		if (index == count || !layout.width[index])
			continue;
		more = columns[index].max_columns - layout.width[index];
		if (more > total - used)
			more = total - used;
		layout.width[index] += more;
		used += more;
	}
	for (unsigned i = 0; i < count; i++) {
		layout.offset[i] = offset;
		offset += layout.width[i] ? layout.width[i] + KT_TABLE_GAP : 0;
	}
	return layout;
}

void kt_put_cut(struct kt_canvas *canvas, const struct kt_glyphs *glyphs, unsigned row,
		unsigned column, unsigned width, enum kt_role role, const char *text)
{
	if (!width)
		return;
	kt_canvas_put(canvas, row, column, width, role, text);
	if (kt_canvas_width(canvas, text) > width)
		kt_canvas_put(canvas, row, column + width - 1, 1, role, glyphs->ellipsis);
}

void kt_table_cell(const struct kt_table_column *columns, const struct kt_table_layout *layout,
		   unsigned index, const struct kt_glyphs *glyphs, struct kt_canvas *canvas,
		   struct kt_area area, enum kt_role role, const char *text)
{
	unsigned column = area.column + layout->offset[index];
	unsigned width = layout->width[index];

	if (columns[index].is_right && kt_canvas_width(canvas, text) <= width)
		kt_canvas_put_right(canvas, area.row, column, width, role, text);
	else
		kt_put_cut(canvas, glyphs, area.row, column, width, role, text);
}

void kt_table_heading(const struct kt_table_column *columns, const struct kt_glyphs *glyphs,
		      struct kt_canvas *canvas, struct kt_area area)
{
	struct kt_table_layout layout = kt_table_fit(columns, area.columns);

	for (unsigned i = 0; i < count_of(columns); i++)
		kt_table_cell(columns, &layout, i, glyphs, canvas, area, KT_ROLE_HEADING,
			      columns[i].title);
}
