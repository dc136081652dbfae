/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/json_write.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/text.h"

void kt_json_writer_init(struct kt_json_writer *writer, struct kt_buf *out, int indent)
{
	*writer = (struct kt_json_writer){ .out = out, .indent = indent, .fresh = true };
}

static void new_line(struct kt_json_writer *writer)
{
	if (!writer->indent)
		return;
	/* Without printf: a large document is mostly line breaks. */
	static const char blanks[] = "                ";
	size_t count = (size_t)(writer->level * writer->indent);

	kt_buf_putc(writer->out, '\n');
	while (count) {
		size_t step = count < sizeof(blanks) - 1 ? count : sizeof(blanks) - 1;
		kt_buf_append(writer->out, blanks, step);
		count -= step;
	}
}

/* Comma and line break before a value or a member name. */
static void separate(struct kt_json_writer *writer)
{
	if (writer->key_before) {
		writer->key_before = false;
		return;
	}
	if (!writer->fresh)
		kt_buf_putc(writer->out, ',');
	if (writer->level)
		new_line(writer);
	writer->fresh = false;
}

static void open_container(struct kt_json_writer *writer, char opener)
{
	separate(writer);
	kt_buf_putc(writer->out, opener);
	writer->level++;
	writer->fresh = true;
}

static void close_container(struct kt_json_writer *writer, char closer)
{
	writer->level--;
	if (!writer->fresh)
		new_line(writer);
	kt_buf_putc(writer->out, closer);
	writer->fresh = false;
}

void kt_json_object_begin(struct kt_json_writer *writer)
{
	open_container(writer, '{');
}

void kt_json_object_end(struct kt_json_writer *writer)
{
	close_container(writer, '}');
}

void kt_json_array_begin(struct kt_json_writer *writer)
{
	open_container(writer, '[');
}

void kt_json_array_end(struct kt_json_writer *writer)
{
	close_container(writer, ']');
}

static void put_escaped(struct kt_buf *out, unsigned char byte)
{
	static const char from[] = "\"\\\b\f\n\r\t";
	static const char to[] = "\"\\bfnrt";
	const char *found = byte ? strchr(from, byte) : NULL;

	if (found) {
		kt_buf_putc(out, '\\');
		kt_buf_putc(out, to[found - from]);
	} else {
		kt_buf_printf(out, "\\u%04x", byte);
	}
}

/* How many bytes at the start of @text stand for themselves in JSON: plain ASCII. */
static size_t plain_length(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && text[i] >= 0x20 && text[i] < 0x7f && text[i] != '"' && text[i] != '\\')
		i++;
	return i;
}

static void put_string(struct kt_buf *out, const char *text, size_t len)
{
	kt_buf_putc(out, '"');
	while (len) {
		size_t plain = plain_length(text, len);
		if (plain) {
			kt_buf_append(out, text, plain);
			text += plain;
			len -= plain;
			continue;
		}
		size_t step = kt_text_utf8_length(text, len);
		unsigned char byte = (unsigned char)*text;

		if (!step)
			kt_buf_puts(out, "\xef\xbf\xbd");
		else if (byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7f)
			put_escaped(out, byte);
		else
			kt_buf_append(out, text, step);
		step = step ? step : 1;
		text += step;
		len -= step;
	}
	kt_buf_putc(out, '"');
}

void kt_json_key(struct kt_json_writer *writer, const char *key)
{
	separate(writer);
	put_string(writer->out, key, strlen(key));
	kt_buf_puts(writer->out, writer->indent ? ": " : ":");
	writer->key_before = true;
}

void kt_json_string_n(struct kt_json_writer *writer, const char *text, size_t len)
{
	separate(writer);
	put_string(writer->out, text, len);
}

void kt_json_string(struct kt_json_writer *writer, const char *text)
{
	kt_json_string_n(writer, text, strlen(text));
}

void kt_json_u64(struct kt_json_writer *writer, uint64_t value)
{
	/* By hand: 10,000 threads with four numbers each make printf the largest cost. */
	char digits[20];
	size_t at = sizeof(digits);

	separate(writer);
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	kt_buf_append(writer->out, digits + at, sizeof(digits) - at);
}

void kt_json_i64(struct kt_json_writer *writer, int64_t value)
{
	separate(writer);
	kt_buf_printf(writer->out, "%" PRId64, value);
}

void kt_json_double(struct kt_json_writer *writer, double value)
{
	separate(writer);
	if (isfinite(value))
		kt_buf_printf(writer->out, "%.17g", value);
	else
		kt_buf_puts(writer->out, "null");
}

void kt_json_bool(struct kt_json_writer *writer, bool value)
{
	separate(writer);
	kt_buf_puts(writer->out, value ? "true" : "false");
}

void kt_json_member_string(struct kt_json_writer *writer, const char *key, const char *text)
{
	kt_json_key(writer, key);
	kt_json_string(writer, text);
}

void kt_json_member_u64(struct kt_json_writer *writer, const char *key, uint64_t value)
{
	kt_json_key(writer, key);
	kt_json_u64(writer, value);
}

void kt_json_member_bool(struct kt_json_writer *writer, const char *key, bool value)
{
	kt_json_key(writer, key);
	kt_json_bool(writer, value);
}
