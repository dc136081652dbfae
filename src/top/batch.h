/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Without a screen: one loop, one feed, reports as it goes, signals that end it well.
 */
#ifndef KT_TOP_BATCH_H
#define KT_TOP_BATCH_H

#include "top/inputs.h"

/**
 * Runs guests, watches a process, or reads a recording, and reports it; @ret_exit_code is what main()
 * returns.
 * Errors: usage, environment, io, internal, no memory (the run could not be done or reported).
 * Owner: borrows everything.
 */
struct kt_error *kt_batch_run(const struct kt_command_line *line, const struct kt_inputs *inputs,
			      int *ret_exit_code) KT_MUST_CHECK;

#endif
