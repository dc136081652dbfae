/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/tail.h"

void kt_tail_init(struct kt_tail *tail, size_t max_bytes)
{
	*tail = (struct kt_tail){ .max_bytes = max_bytes };
}

void kt_tail_deinit(struct kt_tail *tail)
{
	kt_buf_deinit(&tail->bytes);
}

void kt_tail_append(struct kt_tail *tail, const char *bytes, size_t len)
{
	tail->total_bytes += len;
	if (len > tail->max_bytes) {
		bytes += len - tail->max_bytes;
		len = tail->max_bytes;
	}
	/* Cut only every max_bytes, so that many small pieces stay linear. */
	if (tail->bytes.len + len > 2 * tail->max_bytes)
		kt_buf_consume(&tail->bytes, tail->bytes.len + len - tail->max_bytes);
	kt_buf_append(&tail->bytes, bytes, len);
}

const char *kt_tail_bytes(const struct kt_tail *tail, size_t *ret_len)
{
	const char *text = kt_buf_text(&tail->bytes);
	size_t skip = tail->bytes.len > tail->max_bytes ? tail->bytes.len - tail->max_bytes : 0;

	*ret_len = tail->bytes.len - skip;
	return text + skip;
}
