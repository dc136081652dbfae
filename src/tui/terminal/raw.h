/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A terminal that only passes bytes on: no line editing, no echo, no signals of keys, for a program
 * elsewhere that does all this itself.  The owner reads and writes it; this is the way in and out.
 * Every end of the process puts it in order (guard.h), what that program has left behind included
 * (leftovers.h); so does a stop from outside, from which it comes back.  Loop thread only.
 */
#ifndef KT_TUI_RAW_H
#define KT_TUI_RAW_H

#include <uv.h>

#include "base/error.h"

struct kt_raw;

/**
 * Takes the terminal @fd.  @on_resize is called on the loop when its size may have changed.
 * Errors: environment (@fd does not take our modes), no memory.
 * Owner: the caller, who keeps @fd open until kt_raw_close().
 */
struct kt_error *kt_raw_open(uv_loop_t *loop, int fd, void (*on_resize)(void *ctx), void *ctx,
			     struct kt_raw **ret) KT_MUST_CHECK;

/** The size of the terminal @fd in rows and columns; 24 and 80 where it does not tell. */
void kt_raw_size(int fd, unsigned *ret_rows, unsigned *ret_columns);

/** Looks at what is written to the terminal. */
void kt_raw_note(struct kt_raw *raw, const char *bytes, size_t len);

/** Gives the terminal back at once; what the loop holds of @raw goes with the loop.  NULL is allowed. */
void kt_raw_close(struct kt_raw *raw);

#endif
