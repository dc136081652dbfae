/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * --screen-dump: the frame that the screen would show, as plain text and without a terminal, once all
 * events are there and the keys of --keys were pressed.
 */
#ifndef KT_TOP_DUMP_H
#define KT_TOP_DUMP_H

#include "top/live.h"

/**
 * Prints the frame on stdout; @ret_exit_code is what main() returns.
 * Errors: usage, environment, io, no memory.  Owner: borrows everything.
 */
struct kt_error *kt_dump_run(const struct kt_live_config *config, int *ret_exit_code) KT_MUST_CHECK;

#endif
