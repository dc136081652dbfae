/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/shell/escape.h"

bool kt_escape_feed(struct kt_escape *escape, const char *bytes, size_t len, struct kt_buf *out)
{
	for (const char *end = bytes + len; bytes < end; bytes++) {
		if (escape->has_tilde) {
			escape->has_tilde = false;
			if (*bytes == '.')
				return true;
			escape->is_inside_line = true;
			kt_buf_putc(out, '~');
			if (*bytes == '~')
				continue;
		} else if (*bytes == '~' && !escape->is_inside_line) {
			escape->has_tilde = true;
			continue;
		}
		kt_buf_putc(out, *bytes);
		escape->is_inside_line = *bytes != '\r' && *bytes != '\n';
	}
	return false;
}
