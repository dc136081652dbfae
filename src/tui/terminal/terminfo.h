/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the description of the terminal says (terminfo), apart from curses: its header takes names like
 * "columns" for itself.
 */
#ifndef KT_TUI_TERMINFO_H
#define KT_TUI_TERMINFO_H

#include "base/buf.h"

/**
 * Says in one line what is wrong with terminals of type @term (TERM's value, or NULL), if anything.
 * Errors: environment (unset, unknown, or cannot place the cursor; --batch is named).
 */
struct kt_error *kt_terminfo_check(const char *term) KT_MUST_CHECK;

/** How many colours terminals of type @term have; -1 if their description does not say. */
int kt_terminfo_color_count(const char *term);

/** The size of the terminal that is in use, for those that do not tell theirs. */
void kt_terminfo_size(unsigned *ret_columns, unsigned *ret_rows);

/** Appends the capability @name ("smkx") of the terminal in use, if it has it, without padding. */
void kt_terminfo_text(const char *name, struct kt_buf *out);

#endif
