/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Verdicts, results and states as people see them: a glyph, a word and a role each, so that the
 * meaning is there without colour and without UTF-8.
 */
#ifndef KT_TUI_SIGNS_H
#define KT_TUI_SIGNS_H

#include "run/event.h"
#include "tui/terminal/canvas.h"
#include "tui/views/glyphs.h"

struct kt_sign {
	const char *glyph;
	const char *word; /* six columns at most */
	const char *meaning;
	enum kt_role role;
};

/** The sign of a check's verdict. */
struct kt_sign kt_sign_verdict(const struct kt_glyphs *glyphs, enum kt_verdict verdict);

/** The sign of what a scenario came to. */
struct kt_sign kt_sign_result(const struct kt_glyphs *glyphs, enum kt_result result);

/** The role of a guest's state. */
enum kt_role kt_sign_guest_role(enum kt_guest_state state);

/** Appends glyph and word. */
void kt_sign_put(struct kt_sign sign, struct kt_buf *out);

#endif
