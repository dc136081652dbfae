/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/terminal/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tui/terminal/width.h"

/* One character of a text: what is put into a cell for it. */
struct glyph {
	char text[KT_CELL_BYTES];
	size_t len;	/* of what was read, in bytes */
	unsigned width; /* columns; 0: it combines with the one before */
};

void kt_canvas_deinit(struct kt_canvas *canvas)
{
	free(canvas->cells);
	*canvas = KT_CANVAS_INIT;
}

static unsigned at_most(unsigned value, unsigned limit)
{
	return value < limit ? value : limit;
}

struct kt_error *kt_canvas_resize(struct kt_canvas *canvas, unsigned columns, unsigned rows)
{
	columns = at_most(columns, KT_CANVAS_MAX_COLUMNS);
	rows = at_most(rows, KT_CANVAS_MAX_ROWS);
	struct kt_cell *cells =
		reallocarray(canvas->cells, (size_t)columns * rows + 1, sizeof(*cells));
	if (!cells)
		return kt_error_no_memory();
	canvas->cells = cells;
	canvas->columns = columns;
	canvas->rows = rows;
	kt_canvas_clear(canvas);
	return NULL;
}

void kt_canvas_clear(struct kt_canvas *canvas)
{
	static const struct kt_cell blank = { .text = " ", .role = KT_ROLE_NORMAL };
	size_t count = (size_t)canvas->columns * canvas->rows;

	for (size_t i = 0; i < count; i++)
		canvas->cells[i] = blank;
}

struct kt_cell *kt_canvas_cell(const struct kt_canvas *canvas, unsigned row, unsigned column)
{
	return &canvas->cells[(size_t)row * canvas->columns + column];
}

static void replace(const struct kt_canvas *canvas, struct glyph *glyph)
{
	strcpy(glyph->text, canvas->is_ascii ? "?" : "\xef\xbf\xbd");
	glyph->width = 1;
}

/* Takes the next character of @text, which is not at its end. */
static struct glyph next_glyph(const struct kt_canvas *canvas, const char *text, size_t left)
{
	struct glyph glyph = { .len = kt_text_utf8_length(text, left) };

	if (!glyph.len) {
		glyph.len = 1;
		replace(canvas, &glyph);
		return glyph;
	}
	uint32_t code = kt_text_code_point(text, glyph.len);
	int width = kt_width_of(code);
	if (width < 0 || (canvas->is_ascii && code > 0x7e)) {
		replace(canvas, &glyph);
		/* What combines has no place of its own, nor has its replacement. */
		glyph.width = width ? 1 : 0;
		return glyph;
	}
	memcpy(glyph.text, text, glyph.len);
	glyph.width = (unsigned)width;
	return glyph;
}

/* A wide character that loses one of its two cells loses both. */
static void break_wide(struct kt_canvas *canvas, unsigned row, unsigned column)
{
	struct kt_cell *cell = kt_canvas_cell(canvas, row, column);

	if (!cell->text[0] && column)
		strcpy(cell[-1].text, " ");
	if (column + 1 < canvas->columns && !cell[1].text[0])
		strcpy(cell[1].text, " ");
}

static void set_cell(struct kt_canvas *canvas, unsigned row, unsigned column,
		     const struct glyph *glyph, enum kt_role role)
{
	struct kt_cell *cell = kt_canvas_cell(canvas, row, column);

	break_wide(canvas, row, column);
	if (glyph->width == 2) {
		break_wide(canvas, row, column + 1);
		cell[1] = (struct kt_cell){ .role = (uint8_t)role };
	}
	memcpy(cell->text, glyph->text, sizeof(cell->text));
	cell->role = (uint8_t)role;
}

/* Adds a combining character to the cell before @column, if there is room. */
static void combine(struct kt_canvas *canvas, unsigned row, unsigned column,
		    const struct glyph *glyph)
{
	struct kt_cell *cell = kt_canvas_cell(canvas, row, column - 1);

	if (!cell->text[0] && column > 1)
		cell--;
	size_t used = strlen(cell->text);
	if (used && used + strlen(glyph->text) < KT_CELL_BYTES)
		strcpy(cell->text + used, glyph->text);
}

unsigned kt_canvas_put(struct kt_canvas *canvas, unsigned row, unsigned column, unsigned width,
		       enum kt_role role, const char *text)
{
	unsigned at = column;

	if (row >= canvas->rows || column >= canvas->columns)
		return 0;
	unsigned end = column + at_most(width, canvas->columns - column);
	size_t left = strlen(text);
	while (left) {
		struct glyph glyph = next_glyph(canvas, text, left);
		if (at + glyph.width > end)
			break;
		if (glyph.width)
			set_cell(canvas, row, at, &glyph, role);
		else if (at > column && !canvas->is_ascii)
			combine(canvas, row, at, &glyph);
		at += glyph.width;
		text += glyph.len;
		left -= glyph.len;
	}
	return at - column;
}

unsigned kt_canvas_put_right(struct kt_canvas *canvas, unsigned row, unsigned column,
			     unsigned width, enum kt_role role, const char *text)
{
	size_t left = strlen(text);
	unsigned needed = kt_canvas_width(canvas, text);

	if (row >= canvas->rows || column >= canvas->columns)
		return 0;
	width = at_most(width, canvas->columns - column);
	while (left && needed > width) {
		struct glyph glyph = next_glyph(canvas, text, left);
		needed -= glyph.width;
		text += glyph.len;
		left -= glyph.len;
	}
	return kt_canvas_put(canvas, row, column + width - needed, needed, role, text);
}

unsigned kt_canvas_printf(struct kt_canvas *canvas, unsigned row, unsigned column, unsigned width,
			  enum kt_role role, const char *fmt, ...)
{
	char text[4 * KT_CANVAS_MAX_COLUMNS];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return kt_canvas_put(canvas, row, column, width, role, text);
}

void kt_canvas_paint(struct kt_canvas *canvas, unsigned row, unsigned column, unsigned width,
		     enum kt_role role)
{
	if (row >= canvas->rows || column >= canvas->columns)
		return;
	width = at_most(width, canvas->columns - column);
	for (unsigned i = 0; i < width; i++)
		kt_canvas_cell(canvas, row, column + i)->role = (uint8_t)role;
}

unsigned kt_canvas_width(const struct kt_canvas *canvas, const char *text)
{
	unsigned width = 0;
	size_t left = strlen(text);

	while (left) {
		struct glyph glyph = next_glyph(canvas, text, left);
		width += glyph.width;
		text += glyph.len;
		left -= glyph.len;
	}
	return width;
}

void kt_canvas_dump(const struct kt_canvas *canvas, struct kt_buf *out)
{
	for (unsigned row = 0; row < canvas->rows; row++) {
		unsigned end = canvas->columns;
		while (end && !strcmp(kt_canvas_cell(canvas, row, end - 1)->text, " "))
			end--;
		for (unsigned column = 0; column < end; column++)
			kt_buf_puts(out, kt_canvas_cell(canvas, row, column)->text);
		kt_buf_putc(out, '\n');
	}
}
