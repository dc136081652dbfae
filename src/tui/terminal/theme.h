/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * How roles look: one of the eight colours that every colour terminal has, or the terminal's own,
 * and attributes.  In every theme, roles that must be told apart differ by attributes too where the
 * words do not say it already; "mono" has no colour at all.
 */
#ifndef KT_TUI_THEME_H
#define KT_TUI_THEME_H

#include "tui/terminal/canvas.h"

enum kt_attribute {
	KT_ATTRIBUTE_BOLD = 1 << 0,
	KT_ATTRIBUTE_DIM = 1 << 1,
	KT_ATTRIBUTE_UNDERLINE = 1 << 2,
	KT_ATTRIBUTE_REVERSE = 1 << 3,
};

/* -1: the terminal's own; 0 black, 1 red, 2 green, 3 yellow, 4 blue, 5 magenta, 6 cyan, 7 white. */
struct kt_look {
	int8_t foreground;
	int8_t background;
	uint8_t attributes; /* bits of enum kt_attribute */
};

struct kt_theme {
	const char *name;
	bool is_mono;
	struct kt_look looks[KT_ROLE_COUNT];
};

/** The themes, ended by one without a name; the first is the default. */
extern const struct kt_theme kt_themes[];

/** The theme called @name, or NULL.  Owner: static. */
const struct kt_theme *kt_theme_find(const char *name);

#endif
