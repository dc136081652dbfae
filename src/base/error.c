/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kt_error {
	enum kt_error_class class;
	int os_errno;
	char *text;
};

static struct kt_error no_memory = {
	.class = KT_ERROR_NO_MEMORY,
	.text = (char *)"out of memory",
};

/* "<formatted>[: <tail>]" in memory of its own, or NULL. */
static KT_PRINTF(2, 0) char *format_text(const char *tail, const char *fmt, va_list args)
{
	char *head = NULL;

	if (vasprintf(&head, fmt, args) < 0)
		return NULL;
	if (!tail)
		return head;

	char *text = NULL;
	if (asprintf(&text, "%s: %s", head, tail) < 0)
		text = NULL;
	free(head);
	return text;
}

struct kt_error *kt_error_create(enum kt_error_class class, int os_errno, const char *fmt, ...)
{
	struct kt_error *err = malloc(sizeof(*err));
	if (!err)
		return &no_memory;

	char errno_text[128];
	const char *tail = os_errno ? strerror_r(os_errno, errno_text, sizeof(errno_text)) : NULL;
	va_list args;
	va_start(args, fmt);
	char *text = format_text(tail, fmt, args);
	va_end(args);
	if (!text) {
		free(err);
		return &no_memory;
	}
	*err = (struct kt_error){ .class = class, .os_errno = os_errno, .text = text };
	return err;
}

struct kt_error *kt_error_wrap(struct kt_error *err, const char *fmt, ...)
{
	if (!err || err == &no_memory)
		return err;

	va_list args;
	va_start(args, fmt);
	char *text = format_text(err->text, fmt, args);
	va_end(args);
	if (text) {
		free(err->text);
		err->text = text;
	}
	return err;
}

struct kt_error *kt_error_no_memory(void)
{
	return &no_memory;
}

void kt_error_destroy(struct kt_error *err)
{
	if (!err || err == &no_memory)
		return;
	free(err->text);
	free(err);
}

enum kt_error_class kt_error_class(const struct kt_error *err)
{
	return err->class;
}

int kt_error_errno(const struct kt_error *err)
{
	return err->os_errno;
}

const char *kt_error_message(const struct kt_error *err)
{
	return err->text;
}
