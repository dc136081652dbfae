/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The standard descriptors of a program that is to be run, from both sides: pipes, with an empty stdin
 * or one that is fed, or a pseudo-terminal for all three.
 */
#ifndef KT_GUEST_ENDS_H
#define KT_GUEST_ENDS_H

#include <stdbool.h>

#include "base/error.h"
#include "guest/protocol.h"

/** By standard descriptor (STDIN_FILENO and so on); -1: there is none. */
struct kt_ends {
	int ours[3]; /* do not block; of a terminal stdin and stdout, which are the same */
	int its[3];
};

#define KT_ENDS_INIT ((struct kt_ends){ { -1, -1, -1 }, { -1, -1, -1 } })

/**
 * Makes pipes; stdin is empty unless @has_input.
 * Errors: io.  Owner: the caller calls kt_ends_close(), on failure too.
 */
struct kt_error *kt_ends_open_pipes(bool has_input, struct kt_ends *ret) KT_MUST_CHECK;

/**
 * Makes a pseudo-terminal like @terminal.
 * Errors: io.  Owner: the caller calls kt_ends_close(), on failure too.
 */
struct kt_error *kt_ends_open_terminal(const struct kt_terminal *terminal,
				       struct kt_ends *ret) KT_MUST_CHECK;

/**
 * In the child: makes @ends->its the standard descriptors; with @is_terminal in a new session that the
 * terminal controls.  Only async-signal-safe calls.  Returns whether that worked; errno says why not.
 */
bool kt_ends_enter(const struct kt_ends *ends, bool is_terminal);

/** Tells the terminal behind @fd, one of ours, its size; who reads it gets SIGWINCH. */
void kt_ends_resize(int fd, unsigned rows, unsigned columns);

/** Closes what is still there. */
void kt_ends_close(struct kt_ends *ends);

#endif
