/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	KT_BUF_FIRST_CAP = 256
};

void kt_buf_deinit(struct kt_buf *buf)
{
	free(buf->data);
	*buf = KT_BUF_INIT;
}

void kt_buf_reset(struct kt_buf *buf)
{
	buf->len = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

/* With what is rare in a function of its own the rest is short enough to be inlined below. */
__attribute__((noinline)) static bool grow(struct kt_buf *buf, size_t extra)
{
	if (buf->failed)
		return false;

	size_t cap = buf->cap ? buf->cap : KT_BUF_FIRST_CAP;
	while (cap <= SIZE_MAX / 2 && cap - buf->len <= extra)
		cap *= 2;
	char *data = cap - buf->len > extra ? realloc(buf->data, cap) : NULL;
	if (!data) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->cap = cap;
	buf->data[buf->len] = '\0';
	return true;
}

bool kt_buf_reserve(struct kt_buf *buf, size_t extra)
{
	return (!buf->failed && extra < buf->cap - buf->len) || grow(buf, extra);
}

void kt_buf_append(struct kt_buf *buf, const void *bytes, size_t len)
{
	if (!len || !kt_buf_reserve(buf, len))
		return;
	memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void kt_buf_puts(struct kt_buf *buf, const char *text)
{
	kt_buf_append(buf, text, strlen(text));
}

void kt_buf_putc(struct kt_buf *buf, char byte)
{
	if (!kt_buf_reserve(buf, 1))
		return;
	buf->data[buf->len++] = byte;
	buf->data[buf->len] = '\0';
}

void kt_buf_vprintf(struct kt_buf *buf, const char *fmt, va_list args)
{
	va_list again;

	va_copy(again, args);
	int len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0 || !kt_buf_reserve(buf, (size_t)len)) {
		buf->failed = true;
		return;
	}
	(void)vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, args);
	buf->len += (size_t)len;
}

void kt_buf_printf(struct kt_buf *buf, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	kt_buf_vprintf(buf, fmt, args);
	va_end(args);
}

void kt_buf_consume(struct kt_buf *buf, size_t len)
{
	if (len >= buf->len) {
		kt_buf_reset(buf);
		return;
	}
	memmove(buf->data, buf->data + len, buf->len - len + 1);
	buf->len -= len;
}

const char *kt_buf_text(const struct kt_buf *buf)
{
	return buf->data ? buf->data : "";
}

char *kt_buf_steal(struct kt_buf *buf)
{
	char *data = NULL;

	if (kt_buf_reserve(buf, 0)) {
		data = buf->data;
		buf->data = NULL;
	}
	kt_buf_deinit(buf);
	return data;
}

struct kt_error *kt_buf_error(const struct kt_buf *buf)
{
	return buf->failed ? kt_error_no_memory() : NULL;
}
