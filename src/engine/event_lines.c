/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/event_lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

void kt_event_lines_feed(struct kt_event_lines *lines, const char *bytes, size_t len)
{
	const char *newline = len ? memrchr(bytes, '\n', len) : NULL;

	if (newline)
		lines->whole_bytes = lines->bytes.len + (size_t)(newline - bytes) + 1;
	kt_buf_append(&lines->bytes, bytes, len);
}

bool kt_event_lines_is_overlong(const struct kt_event_lines *lines)
{
	return lines->bytes.len - lines->whole_bytes > KT_EVENT_MAX_LINE_BYTES;
}

struct kt_error *kt_event_lines_take(struct kt_event_lines *lines, bool is_end,
				     struct kt_event_batch *batch)
{
	struct kt_buf rest = KT_BUF_INIT;
	size_t take = is_end ? lines->bytes.len : lines->whole_bytes;

	KT_TRY(kt_buf_error(&lines->bytes));
	if (!take)
		return NULL;
	if (lines->bytes.len > take)
		kt_buf_append(&rest, lines->bytes.data + take, lines->bytes.len - take);
	KT_TRY(kt_buf_error(&rest));
	batch->text = lines->bytes;
	batch->text.len = take;
	batch->text.data[take] = '\0';
	lines->bytes = rest;
	lines->whole_bytes = 0;
	return NULL;
}

void kt_event_lines_deinit(struct kt_event_lines *lines)
{
	kt_buf_deinit(&lines->bytes);
	lines->whole_bytes = 0;
}

static struct kt_error *decode_line(struct kt_event_batch *batch, const char *line, size_t len)
{
	if (batch->count == batch->cap) {
		size_t cap = batch->cap ? batch->cap * 2 : 16;
		struct kt_event *events = reallocarray(batch->events, cap, sizeof(*events));
		if (!events)
			return kt_error_no_memory();
		batch->events = events;
		batch->cap = cap;
	}
	batch->events[batch->count] = (struct kt_event){ 0 };
	KT_TRY(kt_event_decode(line, len, &batch->events[batch->count]));
	batch->count++;
	return NULL;
}

void kt_event_batch_decode(struct kt_event_batch *batch)
{
	const char *text = kt_buf_text(&batch->text);
	const char *end = text + batch->text.len;

	while (text < end && !batch->error) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t len = (size_t)((newline ? newline : end) - text);
		batch->error = decode_line(batch, text, len);
		batch->is_error_cut = batch->error && !newline;
		text += len + 1;
	}
	kt_buf_deinit(&batch->text);
}

void kt_event_batch_deinit(struct kt_event_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		kt_event_deinit(&batch->events[i]);
	free(batch->events);
	kt_buf_deinit(&batch->text);
	kt_error_destroy(batch->error);
	*batch = (struct kt_event_batch){ 0 };
}
