/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A line that is asked for at the bottom of the screen: a filter, a search, a time, a name.
 */
#ifndef KT_TUI_PROMPT_H
#define KT_TUI_PROMPT_H

#include <stdint.h>

#include "tui/terminal/canvas.h"

#define KT_PROMPT_MAX_BYTES 512

enum kt_prompt_kind {
	KT_PROMPT_NONE,
	KT_PROMPT_FILTER,
	KT_PROMPT_SEARCH,
	KT_PROMPT_TIME,
	KT_PROMPT_SAVE,
	KT_PROMPT_COLUMNS,
};

enum kt_prompt_event {
	KT_PROMPT_IGNORED,
	KT_PROMPT_CHANGED,
	KT_PROMPT_ACCEPTED,
	KT_PROMPT_CANCELLED,
};

struct kt_prompt {
	enum kt_prompt_kind kind;
	struct kt_buf text;
	struct kt_buf before;  /* what it was when the prompt was opened */
	struct kt_buf problem; /* why it was not accepted */
};

/** Frees the texts. */
void kt_prompt_deinit(struct kt_prompt *prompt);

/** Asks for a @kind, with @text to begin with. */
void kt_prompt_open(struct kt_prompt *prompt, enum kt_prompt_kind kind, const char *text);

/** Ends the asking; the text stays until the next one. */
void kt_prompt_close(struct kt_prompt *prompt);

/**
 * Takes a key: a character, Backspace, Ctrl-U (all away), Enter, Escape.  Does not close the prompt.
 */
enum kt_prompt_event kt_prompt_key(struct kt_prompt *prompt, uint32_t key);

/** Paints the prompt in one line. */
void kt_prompt_paint(const struct kt_prompt *prompt, struct kt_canvas *canvas, unsigned row);

#endif
