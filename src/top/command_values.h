/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * How the value of each option gets into the command line: private to src/top/command_line.c and its
 * parts.
 */
#ifndef KT_TOP_COMMAND_VALUES_H
#define KT_TOP_COMMAND_VALUES_H

#include "base/options.h"
#include "top/command_line.h"

/**
 * Takes the value of an option, or a scenario.
 * Errors: usage (a value that there is not), internal (an option without a place), no memory.
 * Owner: borrows @value, whose text must last.
 */
struct kt_error *kt_command_line_take(struct kt_command_line *line,
				      const struct kt_option_value *value) KT_MUST_CHECK;

/** Finds mode and source, and fills in defaults.  Errors: usage (what does not go together). */
struct kt_error *kt_command_line_settle(struct kt_command_line *line) KT_MUST_CHECK;

#endif
