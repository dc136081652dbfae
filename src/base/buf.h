/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A growing byte string, always terminated by a NUL that is not counted.
 * Appending never fails on the spot: a failed allocation sticks, and
 * kt_buf_error() tells it once at the end.  Zero-initialise it, or use KT_BUF_INIT.
 */
#ifndef KT_BASE_BUF_H
#define KT_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct kt_buf {
	char *data; /* NULL until the first byte */
	size_t len;
	size_t cap;
	bool failed;
};

#define KT_BUF_INIT ((struct kt_buf){ 0 })

/** Frees the bytes of @buf and makes it empty again. */
void kt_buf_deinit(struct kt_buf *buf);

/** Forgets the content, keeps the memory. */
void kt_buf_reset(struct kt_buf *buf);

/** Makes room for @extra more bytes; false when memory is out (sticky). */
bool kt_buf_reserve(struct kt_buf *buf, size_t extra);

/** Appends @len bytes. */
void kt_buf_append(struct kt_buf *buf, const void *bytes, size_t len);

/** Appends a string. */
void kt_buf_puts(struct kt_buf *buf, const char *text);

/** Appends one byte. */
void kt_buf_putc(struct kt_buf *buf, char byte);

/** Appends formatted text. */
void kt_buf_printf(struct kt_buf *buf, const char *fmt, ...) KT_PRINTF(2, 3);

/** kt_buf_printf() with the arguments in a list, which is used up. */
void kt_buf_vprintf(struct kt_buf *buf, const char *fmt, va_list args) KT_PRINTF(2, 0);

/** Drops the first @len bytes (at most all). */
void kt_buf_consume(struct kt_buf *buf, size_t len);

/** The content as a string, "" while empty.  Owner: borrowed from @buf. */
const char *kt_buf_text(const struct kt_buf *buf);

/**
 * Hands the bytes out as a string and empties @buf; NULL when memory ran out.
 * Owner: the caller frees the result.
 */
char *kt_buf_steal(struct kt_buf *buf);

/** NULL, or the out-of-memory error that stuck.  Errors: no memory. */
struct kt_error *kt_buf_error(const struct kt_buf *buf) KT_MUST_CHECK;

#define kt_autobuf __attribute__((cleanup(kt_buf_deinit)))

#endif
