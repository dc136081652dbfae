/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the help says besides keys and columns, in lines.  Private to the help view and its tests.
 */
#ifndef KT_TUI_HELP_FACTS_H
#define KT_TUI_HELP_FACTS_H

#include "tui/keys.h"

/* A line; one with the text "" is a title.  NULL ends a table. */
struct kt_help_fact {
	const char *label;
	const char *text;
};

/* Keys in groups: the actions from first on, up to the first of the next group. */
struct kt_help_group {
	enum kt_action first;
	const char *title; /* NULL ends the table */
};

extern const struct kt_help_group kt_help_groups[];
extern const struct kt_help_fact kt_help_flow[];
extern const struct kt_help_fact kt_help_states[];
extern const struct kt_help_fact kt_help_units[];

#endif
