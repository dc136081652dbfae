/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * An argument vector under construction.  Like kt_buf, a failed allocation sticks and
 * is told once at the end, so that builders stay a plain list of what they add.
 */
#ifndef KT_BASE_ARGUMENTS_H
#define KT_BASE_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct kt_arguments {
	char **argv; /* NULL-terminated; NULL while empty */
	size_t count;
	size_t cap;
	bool failed;
};

/** Appends a copy of @text. */
void kt_arguments_add(struct kt_arguments *arguments, const char *text);

/** Appends a copy of @option and one of @value. */
void kt_arguments_add_pair(struct kt_arguments *arguments, const char *option, const char *value);

/** Appends one formatted argument. */
void kt_arguments_addf(struct kt_arguments *arguments, const char *fmt, ...) KT_PRINTF(2, 3);

/** NULL, or the out-of-memory error that stuck.  Errors: no memory. */
struct kt_error *kt_arguments_error(const struct kt_arguments *arguments) KT_MUST_CHECK;

/** Appends the vector to @out as one line that a POSIX shell reads back unchanged. */
void kt_arguments_render(const struct kt_arguments *arguments, struct kt_buf *out);

/** Frees all of it; the vector is empty again. */
void kt_arguments_deinit(struct kt_arguments *arguments);

#define kt_autoarguments __attribute__((cleanup(kt_arguments_deinit)))

#endif
