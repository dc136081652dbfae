/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/page.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum {
	LABEL_COLUMNS = 16,
	NARROW_LABEL_COLUMNS = 11,
	NARROW_COLUMNS = 50,
};

struct kt_page kt_page_begin(struct kt_canvas *canvas, struct kt_area area, unsigned scroll)
{
	return (struct kt_page){
		.canvas = canvas,
		.area = area,
		.scroll = scroll,
		.label_columns = area.columns < NARROW_COLUMNS ? NARROW_LABEL_COLUMNS
							       : LABEL_COLUMNS,
	};
}

bool kt_page_next(struct kt_page *page, unsigned *ret_row)
{
	unsigned line = page->lines++;

	if (line < page->scroll || line - page->scroll >= page->area.rows)
		return false;
	*ret_row = page->area.row + line - page->scroll;
	return true;
}

void kt_page_blank(struct kt_page *page)
{
	page->lines++;
}

void kt_page_title(struct kt_page *page, const char *title)
{
	if (page->lines)
		kt_page_blank(page);
	kt_page_text(page, 0, KT_ROLE_HEADING, title);
}

/* Where a piece of text ends that fits into @columns: in bytes, and whether a blank follows. */
static size_t fitting(const struct kt_canvas *canvas, const char *text, size_t len,
		      unsigned columns)
{
	unsigned used = 0;
	size_t at = 0;
	size_t word_end = 0;

	while (at < len) {
		size_t bytes = kt_text_utf8_length(text + at, len - at);
		char character[KT_CELL_BYTES] = { 0 };
		unsigned width;

		if (!bytes)
			bytes = 1;
		memcpy(character, text + at, bytes);
		width = kt_canvas_width(canvas, character);
		if (used + width > columns)
			break;
		if (text[at] == ' ')
			word_end = at;
		used += width;
		at += bytes;
	}
	if (at == len || text[at] == ' ')
		return at;
	/* A word that is longer than a line is cut where the line ends. */
	return word_end ? word_end : at;
}

static void put_line(struct kt_page *page, unsigned indent, enum kt_role role, const char *text,
		     size_t len)
{
	kt_autobuf struct kt_buf line = KT_BUF_INIT;
	unsigned row;

	if (!kt_page_next(page, &row) || !len)
		return;
	kt_buf_append(&line, text, len);
	kt_canvas_put(page->canvas, row, page->area.column + indent, page->area.columns - indent,
		      role, kt_buf_text(&line));
}

/* Lines of @text up to a newline; at least one. */
static void put_wrapped(struct kt_page *page, unsigned indent, enum kt_role role, const char *text,
			size_t len)
{
	do {
		size_t bytes = len;

		if (indent < page->area.columns)
			bytes = fitting(page->canvas, text, len, page->area.columns - indent);
		/* No room even for one character: it is lost, but the loop goes on. */
		if (!bytes && len)
			bytes = 1;
		put_line(page, indent < page->area.columns ? indent : 0, role, text, bytes);
		text += bytes;
		len -= bytes;
		while (len && *text == ' ') {
			text++;
			len--;
		}
	} while (len);
}

void kt_page_text(struct kt_page *page, unsigned indent, enum kt_role role, const char *text)
{
	for (;;) {
		size_t len = strcspn(text, "\n");

		put_wrapped(page, indent, role, text, len);
		if (!text[len] || !text[len + 1])
			return;
		text += len + 1;
	}
}

void kt_page_printf(struct kt_page *page, unsigned indent, enum kt_role role, const char *fmt, ...)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	va_list args;

	va_start(args, fmt);
	kt_buf_vprintf(&text, fmt, args);
	va_end(args);
	kt_page_text(page, indent, role, kt_buf_text(&text));
}

void kt_page_field(struct kt_page *page, const char *label, enum kt_role role, const char *text)
{
	unsigned first = page->lines;
	bool is_seen = first >= page->scroll && first - page->scroll < page->area.rows;
	unsigned row = page->area.row + first - page->scroll;

	kt_page_text(page, page->label_columns, text && *text ? role : KT_ROLE_UNKNOWN,
		     text && *text ? text : "-");
	if (is_seen && page->label_columns < page->area.columns)
		kt_canvas_put(page->canvas, row, page->area.column, page->label_columns - 1,
			      KT_ROLE_DIM, label);
}

void kt_page_fieldf(struct kt_page *page, const char *label, enum kt_role role, const char *fmt,
		    ...)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	va_list args;

	va_start(args, fmt);
	kt_buf_vprintf(&text, fmt, args);
	va_end(args);
	kt_page_field(page, label, role, kt_buf_text(&text));
}

void kt_page_number(struct kt_page *page, const char *label, const char *unit,
		    struct kt_opt_u64 number)
{
	if (number.known)
		kt_page_fieldf(page, label, KT_ROLE_NORMAL, "%" PRIu64 "%s", number.value, unit);
	else
		kt_page_field(page, label, KT_ROLE_UNKNOWN, NULL);
}
