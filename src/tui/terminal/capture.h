/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Our stderr while the screen is ours: into a pipe, from there into a ring that keeps the newest
 * bytes, and to where it belongs when the terminal is given back.  Standard error exists once in a
 * process, so does this.  Only a terminal is captured; a file takes what comes at any time.
 */
#ifndef KT_TUI_CAPTURE_H
#define KT_TUI_CAPTURE_H

#include "base/error.h"

enum {
	KT_CAPTURE_MAX_BYTES = 65536
};

/**
 * Redirects standard error.  Returns the descriptor to watch for reading (then call
 * kt_capture_drain()), or -1: nothing is captured.  Owner: borrowed until kt_capture_end().
 */
int kt_capture_begin(void);

/** Takes what has been written so far; never waits. */
void kt_capture_drain(void);

/**
 * Gives standard error back and writes there what was captured; does nothing if nothing is.  Only
 * async-signal-safe calls: a dying process says its last words this way.
 */
void kt_capture_end(void);

#endif
