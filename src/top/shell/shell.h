/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * --shell: a guest for a person (a shell on a terminal of its own, as wide as ours), or for a script
 * (stdin, stdout and stderr passed on).  session.h is the part with the loop.
 */
#ifndef KT_TOP_SHELL_SHELL_H
#define KT_TOP_SHELL_SHELL_H

#include "top/command_line.h"
#include "top/inputs.h"

/**
 * Boots a guest like that of the scenario in @line, or a small one, and gives the user a shell in it.
 * @ret_exit_code is the shell's, 128 and its number for a signal, or what the manual page says for a
 * guest that did not get that far.
 * Errors: usage, environment, io, no memory.  Owner: @inputs keeps what is found.
 */
struct kt_error *kt_shell_run(const struct kt_command_line *line, struct kt_inputs *inputs,
			      int *ret_exit_code) KT_MUST_CHECK;

#endif
