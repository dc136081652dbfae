/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * How many columns a character takes on a terminal.  From tables of our own, not from the C library:
 * its answer depends on the locale, and frames must not.  Where terminals disagree (ambiguous
 * width, new emoji) a character counts as narrow.
 */
#ifndef KT_TUI_WIDTH_H
#define KT_TUI_WIDTH_H

#include <stdint.h>

/**
 * The columns of @code (a Unicode code point): 1, 2 for wide ones (Unicode's East_Asian_Width W and F), 0
 * for those that combine with the one before, -1 for control characters, separators, directions and
 * whatever else must not reach a terminal.
 */
int kt_width_of(uint32_t code);

#endif
