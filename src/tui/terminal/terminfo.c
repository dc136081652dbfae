/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/terminal/terminfo.h"

#include <curses.h>
#include <string.h>
#include <term.h>
#include <unistd.h>

struct kt_error *kt_terminfo_check(const char *term)
{
	int status = 0;

	if (!term || !term[0])
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "TERM is not set, so the kind of the terminal is unknown; "
				       "--batch needs no terminal");
	if (setupterm(term, STDOUT_FILENO, &status) != OK)
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "terminals of type '%.40s' (TERM) are unknown here; "
				       "--batch needs no terminal",
				       term);
	const char *address = tigetstr("cup");
	bool is_able = address && address != (const char *)-1;
	(void)del_curterm(cur_term);
	if (!is_able)
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "terminals of type '%.40s' (TERM) cannot place the cursor; "
				       "--batch needs no terminal",
				       term);
	return NULL;
}

int kt_terminfo_color_count(const char *term)
{
	int status = 0;

	if (setupterm(term, STDOUT_FILENO, &status) != OK)
		return -1;
	int count = tigetnum("colors");
	(void)del_curterm(cur_term);
	return count < 0 ? -1 : count;
}

void kt_terminfo_size(unsigned *ret_columns, unsigned *ret_rows)
{
	int wide = tigetnum("cols");
	int high = tigetnum("lines");

	*ret_columns = wide > 0 ? (unsigned)wide : 80;
	*ret_rows = high > 0 ? (unsigned)high : 24;
}

void kt_terminfo_text(const char *name, struct kt_buf *out)
{
	const char *text = tigetstr(name);

	if (!text || text == (const char *)-1)
		return;
	while (*text) {
		const char *end = text[0] == '$' && text[1] == '<' ? strchr(text, '>') : NULL;
		if (!end)
			kt_buf_putc(out, *text);
		text = end ? end + 1 : text + 1;
	}
}
