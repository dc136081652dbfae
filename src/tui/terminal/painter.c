/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/terminal/painter.h"

#include <curses.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

#include "base/cleanup.h"
#include "tui/terminal/terminfo.h"
#include "tui/terminal/width.h"

enum {
	FIRST_PAIR = 1
}; /* of curses; a role's pair is this plus the role */

struct kt_painter {
	SCREEN *screen;
	FILE *file; /* in memory */
	const struct kt_theme *theme;
	bool has_color;
};

static struct kt_error *open_file(FILE **ret)
{
	kt_autoclose int fd = memfd_create("screen", MFD_CLOEXEC);

	if (fd < 0)
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "there is no file in memory");
	FILE *file = fdopen(fd, "w+");
	if (!file)
		return kt_error_no_memory();
	fd = -1;
	*ret = file;
	return NULL;
}

static void start_colors(struct kt_painter *painter)
{
	painter->has_color = painter->has_color && has_colors() && start_color() == OK;
	if (painter->has_color)
		(void)use_default_colors();
	kt_painter_set_theme(painter, painter->theme);
}

struct kt_error *kt_painter_create(const char *term, const struct kt_theme *theme, bool has_color,
				   struct kt_painter **ret)
{
	kt_autofclose FILE *file = NULL;

	KT_TRY(kt_terminfo_check(term));
	KT_TRY(open_file(&file));
	kt_autofree struct kt_painter *painter = calloc(1, sizeof(*painter));
	if (!painter)
		return kt_error_no_memory();
	/* LINES and COLUMNS would win over the terminal's true size. */
	use_env(FALSE);
	painter->screen = newterm(term, file, file);
	if (!painter->screen)
		return kt_error_no_memory();
	painter->file = KT_TAKE(file);
	painter->theme = theme;
	painter->has_color = has_color;
	(void)typeahead(-1);
	(void)curs_set(0);
	start_colors(painter);
	*ret = KT_TAKE(painter);
	return NULL;
}

void kt_painter_destroy(struct kt_painter *painter)
{
	if (!painter)
		return;
	(void)set_term(painter->screen);
	(void)endwin();
	delscreen(painter->screen);
	(void)fclose(painter->file);
	free(painter);
}

void kt_painter_resize(struct kt_painter *painter, unsigned columns, unsigned rows)
{
	(void)resizeterm((int)rows, (int)columns);
	kt_painter_redraw(painter);
}

void kt_painter_set_theme(struct kt_painter *painter, const struct kt_theme *theme)
{
	painter->theme = theme;
	if (!painter->has_color)
		return;
	for (short role = 0; role < KT_ROLE_COUNT; role++) {
		const struct kt_look *look = &theme->looks[role];
		(void)init_pair((short)(FIRST_PAIR + role), look->foreground, look->background);
	}
}

void kt_painter_redraw(struct kt_painter *painter)
{
	(void)painter;
	(void)clearok(curscr, TRUE);
}

static attr_t attributes_of(const struct kt_look *look)
{
	attr_t attributes = A_NORMAL;

	if (look->attributes & KT_ATTRIBUTE_BOLD)
		attributes |= A_BOLD;
	if (look->attributes & KT_ATTRIBUTE_DIM)
		attributes |= A_DIM;
	if (look->attributes & KT_ATTRIBUTE_UNDERLINE)
		attributes |= A_UNDERLINE;
	if (look->attributes & KT_ATTRIBUTE_REVERSE)
		attributes |= A_REVERSE;
	return attributes;
}

/* The characters of a cell; its text is valid UTF-8.  No locale has a say in it. */
static void decode(const char *text, wchar_t out[KT_CELL_BYTES])
{
	size_t count = 0;

	for (const char *at = text; *at; at++) {
		uint8_t byte = (uint8_t)*at;
		if ((byte & 0xc0) == 0x80)
			out[count - 1] = out[count - 1] << 6 | (byte & 0x3f);
		else
			out[count++] = byte < 0x80   ? byte
				       : byte < 0xe0 ? byte & 0x1f
				       : byte < 0xf0 ? byte & 0x0f
						     : byte & 0x07;
	}
	out[count] = 0;
}

/*
 * Curses asks the C library how wide a character is, and a row must not shift where that disagrees
 * with the canvas, or cannot show it at all (locale C).  Returns how many '?' to show instead; 0:
 * @text is fine.
 */
static unsigned misfit_width(wchar_t text[KT_CELL_BYTES])
{
	int width = kt_width_of((uint32_t)text[0]);

	if (wcwidth(text[0]) != width)
		return width == 2 ? 2 : 1;
	for (unsigned i = 1; text[i]; i++)
		if (wcwidth(text[i]))
			text[i] = 0;
	return 0;
}

static void draw_cell(const struct kt_painter *painter, unsigned row, unsigned column,
		      const struct kt_cell *cell)
{
	const struct kt_look *look = &painter->theme->looks[cell->role];
	bool has_pair = painter->has_color && (look->foreground >= 0 || look->background >= 0);
	short pair = has_pair ? (short)(FIRST_PAIR + cell->role) : 0;
	wchar_t text[KT_CELL_BYTES];
	cchar_t glyph;

	if (!cell->text[0])
		return;
	decode(cell->text, text);
	unsigned misfit = misfit_width(text);
	if (setcchar(&glyph, misfit ? L"?" : text, attributes_of(look), pair, NULL) != OK)
		return;
	(void)mvadd_wchnstr((int)row, (int)column, &glyph, 1);
	if (misfit > 1)
		(void)mvadd_wchnstr((int)row, (int)column + 1, &glyph, 1);
}

/* Moves what curses wrote to @out. */
static void collect(const struct kt_painter *painter, struct kt_buf *out)
{
	int fd = fileno(painter->file);
	off_t len = lseek(fd, 0, SEEK_CUR);

	if (len > 0 && kt_buf_reserve(out, (size_t)len)) {
		ssize_t got = pread(fd, out->data + out->len, (size_t)len, 0);
		if (got > 0)
			out->len += (size_t)got;
		out->data[out->len] = '\0';
	}
	(void)ftruncate(fd, 0);
	(void)lseek(fd, 0, SEEK_SET);
}

void kt_painter_draw(struct kt_painter *painter, const struct kt_canvas *canvas, struct kt_buf *out)
{
	if (canvas)
		(void)erase();
	for (unsigned row = 0; canvas && row < canvas->rows && row < (unsigned)LINES; row++)
		for (unsigned column = 0; column < canvas->columns && column < (unsigned)COLS;
		     column++)
			draw_cell(painter, row, column, kt_canvas_cell(canvas, row, column));
	(void)wnoutrefresh(stdscr);
	(void)doupdate();
	collect(painter, out);
}

void kt_painter_leave(struct kt_painter *painter, struct kt_buf *out)
{
	(void)endwin();
	collect(painter, out);
}
