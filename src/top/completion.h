/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Completion of the command line for shells, from the option table.
 */
#ifndef KT_TOP_COMPLETION_H
#define KT_TOP_COMPLETION_H

#include <stddef.h>

#include "base/options.h"

/**
 * Appends the completion of @program for @shell ("bash", "zsh", "fish"); @arguments are words that are
 * no options, @count of them; files complete everywhere that a value is one.
 * Errors: usage (another shell), no memory.
 * Owner: borrows everything.
 */
struct kt_error *kt_completion_put(const char *shell, const char *program,
				   const struct kt_option *table, const char *const *arguments,
				   size_t count, struct kt_buf *out) KT_MUST_CHECK;

#endif
