/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Gives the terminal back when the process dies without saying so: a fatal signal (SEGV, BUS, FPE,
 * ILL, ABRT, QUIT), or exit() with the screen still on.  Everything needed is prepared in advance;
 * the handler only uses async-signal-safe calls, and then the signal does what it would have done
 * without us.  A process has one controlling terminal, so there is one guard.
 */
#ifndef KT_TUI_GUARD_H
#define KT_TUI_GUARD_H

#include <stddef.h>
#include <termios.h>

#include "base/error.h"

enum {
	KT_GUARD_MAX_BYTES = 256
};

/**
 * From now on @bytes (@len, cut to KT_GUARD_MAX_BYTES) and @modes put @fd in order when the process
 * dies.  Owner: @fd stays the caller's and open until kt_guard_disarm(); the rest is copied.
 */
void kt_guard_arm(int fd, const struct termios *modes, const void *bytes, size_t len);

/** Puts the terminal in order now, as for a process that dies, and ends the guard. */
void kt_guard_restore(void);

/** The terminal is in order: nothing is done any more, the signals are as they were. */
void kt_guard_disarm(void);

#endif
