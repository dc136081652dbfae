/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/corpus.h"

#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"

/* The value of a hexadecimal digit, or -1. */
static int digit_value(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = digit ? strchr(digits, digit) : NULL;

	return found ? (int)(found - digits) : -1;
}

struct kt_error *corpus_next(FILE *file, struct kt_buf *bytes, bool *ret_more)
{
	kt_autofree char *line = NULL;
	size_t cap = 0;
	ssize_t len = getline(&line, &cap, file);

	kt_buf_reset(bytes);
	*ret_more = len > 0;
	if (len > 0 && line[len - 1] == '\n')
		len--;
	for (ssize_t at = 0; at < len; at += 2) {
		int high = digit_value(line[at]);
		int low = at + 1 < len ? digit_value(line[at + 1]) : -1;
		if (high < 0 || low < 0)
			return kt_error_create(KT_ERROR_IO, 0, "a corpus line is not hexadecimal");
		kt_buf_putc(bytes, (char)(high * 16 + low));
	}
	return kt_buf_error(bytes);
}
