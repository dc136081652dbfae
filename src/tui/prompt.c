/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/prompt.h"

#include "tui/keys.h"
#include "tui/terminal/screen.h"

enum {
	KEY_CTRL_H = 8,
	KEY_CARRIAGE_RETURN = '\r',
	KEY_CTRL_U = 21,
};

static const char *const labels[] = {
	[KT_PROMPT_NONE] = "",		[KT_PROMPT_FILTER] = "filter: ",
	[KT_PROMPT_SEARCH] = "/",	[KT_PROMPT_TIME] = "go to time: ",
	[KT_PROMPT_SAVE] = "save as: ", [KT_PROMPT_COLUMNS] = "columns: ",
};

void kt_prompt_deinit(struct kt_prompt *prompt)
{
	kt_buf_deinit(&prompt->text);
	kt_buf_deinit(&prompt->before);
	kt_buf_deinit(&prompt->problem);
}

void kt_prompt_open(struct kt_prompt *prompt, enum kt_prompt_kind kind, const char *text)
{
	prompt->kind = kind;
	kt_buf_reset(&prompt->before);
	kt_buf_puts(&prompt->before, text);
	kt_buf_reset(&prompt->text);
	kt_buf_puts(&prompt->text, text);
	kt_buf_reset(&prompt->problem);
}

void kt_prompt_close(struct kt_prompt *prompt)
{
	prompt->kind = KT_PROMPT_NONE;
	kt_buf_reset(&prompt->problem);
}

static void cut(struct kt_buf *text, size_t len)
{
	text->len = len;
	if (text->data)
		text->data[len] = '\0';
}

/* Takes the last character away, with all of its bytes. */
static void erase(struct kt_buf *text)
{
	size_t len = text->len;

	while (len && ((unsigned char)text->data[len - 1] & 0xc0) == 0x80)
		len--;
	cut(text, len ? len - 1 : 0);
}

enum kt_prompt_event kt_prompt_key(struct kt_prompt *prompt, uint32_t key)
{
	kt_autobuf struct kt_buf character = KT_BUF_INIT;

	switch (key) {
	case KT_KEY_ENTER:
	case KEY_CARRIAGE_RETURN:
		return KT_PROMPT_ACCEPTED;
	case KT_KEY_ESCAPE:
		return KT_PROMPT_CANCELLED;
	case KT_KEY_BACKSPACE:
	case KEY_CTRL_H:
		/* As in less: who erases what is not there wants to leave. */
		if (!prompt->text.len)
			return KT_PROMPT_CANCELLED;
		erase(&prompt->text);
		break;
	case KEY_CTRL_U:
		cut(&prompt->text, 0);
		break;
	default:
		kt_key_put_character(key, &character);
		if (!character.len || prompt->text.len + character.len > KT_PROMPT_MAX_BYTES)
			return KT_PROMPT_IGNORED;
		kt_buf_append(&prompt->text, character.data, character.len);
	}
	kt_buf_reset(&prompt->problem);
	return KT_PROMPT_CHANGED;
}

void kt_prompt_paint(const struct kt_prompt *prompt, struct kt_canvas *canvas, unsigned row)
{
	unsigned columns = canvas->columns;
	unsigned column =
		kt_canvas_put(canvas, row, 0, columns, KT_ROLE_PROMPT, labels[prompt->kind]);
	unsigned width = kt_canvas_width(canvas, kt_buf_text(&prompt->text));
	unsigned left = columns - column;

	if (!left)
		return;
	/* The end is what one types at; one cell is left for the place of the next character. */
	if (width < left)
		column += kt_canvas_put(canvas, row, column, left - 1, KT_ROLE_PROMPT,
					kt_buf_text(&prompt->text));
	else
		column += kt_canvas_put_right(canvas, row, column, left - 1, KT_ROLE_PROMPT,
					      kt_buf_text(&prompt->text));
	column += kt_canvas_put(canvas, row, column, columns - column, KT_ROLE_PROMPT, "_");
	if (prompt->problem.len && column + 2 < columns)
		(void)kt_canvas_put(canvas, row, column + 2, columns - column - 2, KT_ROLE_WARNING,
				    kt_buf_text(&prompt->problem));
}
