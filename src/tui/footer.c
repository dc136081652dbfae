/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tui/dashboard_state.h"

enum {
	BOX_MARGIN = 2, /* cells between border and text, and around the box */
	BOX_MAX_COLUMNS = 100,
	BOX_BORDER_ROWS = 2,
};

/* Puts " key text" and returns the column behind it; 0 when it does not fit. */
static unsigned put_hint(struct kt_canvas *canvas, unsigned row, unsigned column, uint32_t key,
			 const char *text)
{
	kt_autobuf struct kt_buf name = KT_BUF_INIT;
	unsigned gap = column ? 2 : 0;

	kt_key_name(key, &name);
	unsigned needed = gap + kt_canvas_width(canvas, kt_buf_text(&name)) + 1 +
			  kt_canvas_width(canvas, text);
	if (column + needed > canvas->columns)
		return 0;
	column += gap;
	column += kt_canvas_put(canvas, row, column, canvas->columns - column, KT_ROLE_KEY,
				kt_buf_text(&name)) +
		  1;
	return column +
	       kt_canvas_put(canvas, row, column, canvas->columns - column, KT_ROLE_NORMAL, text);
}

static bool can_go_back(const struct kt_dashboard *dashboard)
{
	const struct kt_list *list = &dashboard->lists[dashboard->view];

	return list->page || dashboard->view == KT_DASHBOARD_HELP || list->filter.len ||
	       list->search.len;
}

static void paint_keys(const struct kt_dashboard *dashboard, struct kt_canvas *canvas, unsigned row)
{
	unsigned column = 0;

	for (const struct kt_key_binding *binding = kt_key_table; binding->action; binding++) {
		const char *text = binding->footer;

		if (binding->action == KT_ACTION_PAUSE && dashboard->travel.is_held)
			text = "go on";
		if (binding->action == KT_ACTION_BACK && can_go_back(dashboard))
			text = "leave";
		if (!text)
			continue;
		unsigned end = put_hint(canvas, row, column, binding->keys[0], text);
		if (end)
			column = end;
	}
	/* Who has room for nothing else still finds the way out. */
	if (!column)
		(void)kt_canvas_put(canvas, row, 0, canvas->columns, KT_ROLE_KEY, "q");
}

void kt_dashboard_paint_bottom(const struct kt_dashboard *dashboard, struct kt_canvas *canvas,
			       unsigned row)
{
	if (dashboard->prompt.kind)
		kt_prompt_paint(&dashboard->prompt, canvas, row);
	else if (dashboard->message_left_ns)
		(void)kt_canvas_put(canvas, row, 0, canvas->columns, KT_ROLE_PROMPT,
				    kt_buf_text(&dashboard->message));
	else
		paint_keys(dashboard, canvas, row);
}

static void paint_border(const struct kt_dashboard *dashboard, struct kt_canvas *canvas,
			 struct kt_area box)
{
	const struct kt_glyphs *glyphs = &dashboard->glyphs;

	for (unsigned row = 0; row < box.rows; row++)
		for (unsigned column = 0; column < box.columns; column++) {
			bool is_edge = row == 0 || row == box.rows - 1;
			bool is_side = column == 0 || column == box.columns - 1;

			(void)kt_canvas_put(canvas, box.row + row, box.column + column, 1,
					    KT_ROLE_PROMPT,
					    is_edge   ? glyphs->horizontal
					    : is_side ? glyphs->vertical
						      : " ");
		}
	if (box.columns > 2 * BOX_MARGIN)
		(void)kt_canvas_put(canvas, box.row, box.column + BOX_MARGIN,
				    box.columns - 2 * BOX_MARGIN, KT_ROLE_TITLE,
				    " The same as a batch: ");
}

/* How many bytes of @text go into a line of @width: whole words, if there are any. */
static size_t line_length(const char *text, size_t width)
{
	size_t len = strlen(text);

	if (len <= width)
		return len;
	for (size_t at = width; at; at--)
		if (text[at] == ' ')
			return at;
	while (width > 1 && ((unsigned char)text[width] & 0xc0) == 0x80)
		width--;
	return width;
}

/* Paints the text in lines of @width if @canvas is there; returns how many lines it takes. */
static unsigned paint_lines(struct kt_canvas *canvas, struct kt_area area, const char *text)
{
	unsigned count = 0;

	while (*text) {
		size_t len = line_length(text, area.columns);

		if (canvas && count < area.rows)
			(void)kt_canvas_printf(canvas, area.row + count, area.column, area.columns,
					       KT_ROLE_NORMAL, "%.*s", (int)len, text);
		count++;
		text += len;
		text += strspn(text, " ");
	}
	return count;
}

void kt_dashboard_paint_command(const struct kt_dashboard *dashboard, const char *command,
				struct kt_canvas *canvas)
{
	unsigned columns = canvas->columns;
	struct kt_area box = { 0 };

	if (columns > BOX_MAX_COLUMNS)
		columns = BOX_MAX_COLUMNS;
	box.columns = columns;
	if (!command || !*command)
		command = "there is none: what is watched began before";
	unsigned inset = columns > 4 * BOX_MARGIN ? BOX_MARGIN : 0;
	struct kt_area text = { .columns = columns - 2 * inset };
	unsigned lines = paint_lines(NULL, text, command);
	unsigned border = canvas->rows > BOX_BORDER_ROWS ? BOX_BORDER_ROWS : 0;
	box.rows = lines + border < canvas->rows ? lines + border : canvas->rows;
	box.row = (canvas->rows - box.rows) / 2;
	box.column = (canvas->columns - box.columns) / 2;
	paint_border(dashboard, canvas, box);
	text.row = box.row + border / 2;
	text.rows = box.rows - border;
	text.column = box.column + inset;
	for (unsigned i = 0; !border && i < text.rows; i++)
		for (unsigned j = 0; j < text.columns; j++)
			(void)kt_canvas_put(canvas, text.row + i, text.column + j, 1,
					    KT_ROLE_NORMAL, " ");
	(void)paint_lines(canvas, text, command);
}
