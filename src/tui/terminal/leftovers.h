/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What programs elsewhere have switched on a terminal of ours, seen from the bytes they send to it: the
 * second screen, a hidden cursor, the mouse, and other private modes.  When they are cut off, it can be
 * switched back.  What was never touched is left alone: to leave a second screen that is not there moves
 * the cursor.
 */
#ifndef KT_TUI_LEFTOVERS_H
#define KT_TUI_LEFTOVERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Zero-initialise it. */
struct kt_leftovers {
	unsigned state;	   /* of the reader: how far into a sequence */
	unsigned number;   /* being read */
	unsigned seen;	   /* modes of the sequence being read, as bits */
	unsigned switched; /* modes that are not as usual, as bits */
	bool has_colors;
	bool is_inside_line; /* the cursor does not stand at the begin of a line */
};

/**
 * Looks at @len bytes that go to the terminal, cut anywhere.  Returns whether something was switched that
 * kt_leftovers_put_undo() has to say.
 */
bool kt_leftovers_feed(struct kt_leftovers *leftovers, const char *bytes, size_t len);

/** Appends what puts the terminal in order, and the cursor to the begin of a line. */
void kt_leftovers_put_undo(const struct kt_leftovers *leftovers, struct kt_buf *out);

#endif
