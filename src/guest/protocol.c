/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/protocol.h"

#include <assert.h>
#include <string.h>

/* The part of a payload before the bytes: process id, and of output the stream. */
enum {
	INPUT_PREFIX_BYTES = 4,
	OUTPUT_PREFIX_BYTES = 5,
};

static void put_u32(char *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (char)(value >> 8 * i);
}

static uint32_t get_u32(const char *at)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value |= (uint32_t)(unsigned char)at[i] << 8 * i;
	return value;
}

static void put_header(struct kt_buf *out, enum kt_frame_type type, size_t len)
{
	char header[KT_FRAME_HEADER_BYTES] = { 'K', 't', KT_PROTOCOL_VERSION, (char)type };

	assert(len <= KT_FRAME_MAX_BYTES);
	put_u32(header + 4, (uint32_t)len);
	kt_buf_append(out, header, sizeof(header));
}

void kt_frame_put_message(struct kt_buf *out, const char *json, size_t len)
{
	put_header(out, KT_FRAME_MESSAGE, len);
	kt_buf_append(out, json, len);
}

void kt_frame_put_output(struct kt_buf *out, uint32_t process_id, enum kt_stream stream,
			 const char *bytes, size_t len)
{
	char prefix[OUTPUT_PREFIX_BYTES];

	put_u32(prefix, process_id);
	prefix[4] = (char)stream;
	put_header(out, KT_FRAME_OUTPUT, sizeof(prefix) + len);
	kt_buf_append(out, prefix, sizeof(prefix));
	kt_buf_append(out, bytes, len);
}

void kt_frame_put_input(struct kt_buf *out, uint32_t process_id, const char *bytes, size_t len)
{
	char prefix[INPUT_PREFIX_BYTES];

	put_u32(prefix, process_id);
	put_header(out, KT_FRAME_INPUT, sizeof(prefix) + len);
	kt_buf_append(out, prefix, sizeof(prefix));
	kt_buf_append(out, bytes, len);
}

static bool is_known_type(char type)
{
	return type == KT_FRAME_MESSAGE || type == KT_FRAME_OUTPUT || type == KT_FRAME_INPUT;
}

static struct kt_error *check_header(const char *bytes, size_t len)
{
	static const char start[] = { 'K', 't', KT_PROTOCOL_VERSION };

	/* Garbage is told from the first byte on: a wrong stream must not look like a slow one. */
	for (size_t i = 0; i < len && i < sizeof(start); i++)
		if (bytes[i] != start[i])
			return kt_error_create(KT_ERROR_PROTOCOL, 0,
					       i < 2 ? "bytes that are no frame"
						     : "another protocol version");
	if (len > 3 && !is_known_type(bytes[3]))
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "a frame of unknown type");
	if (len >= KT_FRAME_HEADER_BYTES && get_u32(bytes + 4) > KT_FRAME_MAX_BYTES)
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "a frame of %u bytes is too large",
				       get_u32(bytes + 4));
	return NULL;
}

static struct kt_error *read_output_prefix(struct kt_frame *frame)
{
	if (frame->len < OUTPUT_PREFIX_BYTES || (unsigned char)frame->payload[4] >= KT_STREAM_COUNT)
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "a broken output frame");
	frame->process_id = get_u32(frame->payload);
	frame->stream = (enum kt_stream)frame->payload[4];
	frame->payload += OUTPUT_PREFIX_BYTES;
	frame->len -= OUTPUT_PREFIX_BYTES;
	return NULL;
}

static struct kt_error *read_input_prefix(struct kt_frame *frame)
{
	if (frame->len < INPUT_PREFIX_BYTES)
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "a broken input frame");
	frame->process_id = get_u32(frame->payload);
	frame->payload += INPUT_PREFIX_BYTES;
	frame->len -= INPUT_PREFIX_BYTES;
	return NULL;
}

struct kt_error *kt_frame_decode(const char *bytes, size_t len, struct kt_frame *ret,
				 size_t *ret_used)
{
	KT_TRY(check_header(bytes, len));
	if (len < KT_FRAME_HEADER_BYTES || len - KT_FRAME_HEADER_BYTES < get_u32(bytes + 4)) {
		*ret_used = 0;
		return NULL;
	}
	struct kt_frame frame = {
		.type = (enum kt_frame_type)bytes[3],
		.payload = bytes + KT_FRAME_HEADER_BYTES,
		.len = get_u32(bytes + 4),
	};
	size_t used = KT_FRAME_HEADER_BYTES + frame.len;
	if (frame.type == KT_FRAME_OUTPUT)
		KT_TRY(read_output_prefix(&frame));
	if (frame.type == KT_FRAME_INPUT)
		KT_TRY(read_input_prefix(&frame));
	*ret = frame;
	*ret_used = used;
	return NULL;
}
