/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Keys that are for us and not for the guest: "~." behind Enter (or as the first keys) ends it, as
 * ssh has it.  "~~" is one "~".  Pure: no terminal, no clock.
 */
#ifndef KT_TOP_SHELL_ESCAPE_H
#define KT_TOP_SHELL_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Zero-initialise it. */
struct kt_escape {
	bool is_inside_line;
	bool has_tilde; /* kept back until the next key */
};

/** Appends to @out what of @len bytes is for the guest.  Returns true at "~."; the rest is dropped. */
bool kt_escape_feed(struct kt_escape *escape, const char *bytes, size_t len, struct kt_buf *out);

#endif
