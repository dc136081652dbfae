/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The one table of keys: footer, help view, manual page and shell completion of --keys read it.
 * Every action has a plain letter; nothing needs function keys, Alt or Ctrl.
 */
#ifndef KT_TUI_KEYS_H
#define KT_TUI_KEYS_H

#include <stdint.h>

#include "base/buf.h"

enum kt_action {
	KT_ACTION_NONE,
	KT_ACTION_QUIT,
	KT_ACTION_HELP_VIEW,
	KT_ACTION_NEXT_VIEW,
	KT_ACTION_PREVIOUS_VIEW,
	KT_ACTION_THREADS,
	KT_ACTION_CHECKS,
	KT_ACTION_GUESTS,
	KT_ACTION_UP,
	KT_ACTION_DOWN,
	KT_ACTION_PAGE_UP,
	KT_ACTION_PAGE_DOWN,
	KT_ACTION_FIRST,
	KT_ACTION_LAST,
	KT_ACTION_OPEN,
	KT_ACTION_BACK,
	KT_ACTION_SORT_NEXT, /* by the column to the right */
	KT_ACTION_SORT_PREVIOUS,
	KT_ACTION_SORT_REVERSE,
	KT_ACTION_COLUMNS, /* which columns are shown */
	KT_ACTION_FILTER,
	KT_ACTION_SEARCH,
	KT_ACTION_SEARCH_NEXT,
	KT_ACTION_SEARCH_PREVIOUS,
	KT_ACTION_PAUSE,
	KT_ACTION_STEP_BACK,
	KT_ACTION_STEP_FORWARD,
	KT_ACTION_LEAP_BACK, /* ten snapshots */
	KT_ACTION_LEAP_FORWARD,
	KT_ACTION_TIME_FIRST,
	KT_ACTION_TIME_LAST, /* and follow what comes */
	KT_ACTION_GO_TO_TIME,
	KT_ACTION_PLAY,
	KT_ACTION_FASTER,
	KT_ACTION_SLOWER,
	KT_ACTION_SAVE,
	KT_ACTION_COMMAND, /* show the batch command that does the same */
	KT_ACTION_UNITS,
	KT_ACTION_GRAPH,
	KT_ACTION_THEME,
	KT_ACTION_MOUSE,
	KT_ACTION_KEEP, /* write the preferences */
	KT_ACTION_REDRAW,
	KT_ACTION_SUSPEND,
	KT_ACTION_COUNT,
};

struct kt_key_binding {
	enum kt_action action; /* KT_ACTION_NONE ends the table */
	uint32_t keys[4];      /* as of screen.h, 0 ends them; the first is shown in the footer */
	const char *help;      /* one sentence, no full stop */
	const char *footer;    /* one or two words, or NULL: not in the footer */
};

extern const struct kt_key_binding kt_key_table[];

/** What @key does; KT_ACTION_NONE for nothing. */
enum kt_action kt_key_action(uint32_t key);

/** Appends a key as people read it: "q", "Up", "Ctrl-L", "Space". */
void kt_key_name(uint32_t key, struct kt_buf *out);

/** Appends the character that @key stands for; nothing for one that is none. */
void kt_key_put_character(uint32_t key, struct kt_buf *out);

/**
 * Reads the name of a key at @text ("q", "<Up>", "<C-l>", "<Enter>"; "<lt>" is '<'); returns how many bytes it
 * took, 0 when there is none.  For --keys.
 */
size_t kt_key_parse(const char *text, uint32_t *ret);

/** Appends the table as scdoc source for the manual page. */
void kt_keys_scdoc(struct kt_buf *out);

#endif
