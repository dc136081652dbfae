/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <string.h>

#include "base/clock.h"

bool kt_text_parse_u64(const char *text, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return false;
	}
	*ret = value;
	return true;
}

/* Continuation bytes that follow @lead, or -1 for a byte that cannot lead. */
static int utf8_tail_count(unsigned char lead)
{
	if (lead < 0x80)
		return 0;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 1;
	if (lead >= 0xe0 && lead <= 0xef)
		return 2;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 3;
	return -1;
}

size_t kt_text_utf8_length(const char *bytes, size_t len)
{
	const unsigned char *at = (const unsigned char *)bytes;

	if (!len)
		return 0;
	int tail = utf8_tail_count(at[0]);
	if (tail < 0 || (size_t)tail >= len)
		return 0;
	for (int i = 1; i <= tail; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates and values above U+10FFFF (RFC 3629, section 4). */
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
	    (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return (size_t)tail + 1;
}

uint32_t kt_text_code_point(const char *bytes, size_t len)
{
	static const uint8_t masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t code = (uint8_t)bytes[0] & masks[len];

	for (size_t i = 1; i < len; i++)
		code = code << 6 | ((uint8_t)bytes[i] & 0x3f);
	return code;
}

bool kt_text_is_utf8(const char *bytes, size_t len)
{
	while (len) {
		size_t step = kt_text_utf8_length(bytes, len);
		if (!step)
			return false;
		bytes += step;
		len -= step;
	}
	return true;
}

/* C0 controls, DEL, and the C1 controls U+0080 to U+009F. */
static bool is_control(const char *bytes, size_t step)
{
	unsigned char first = (unsigned char)bytes[0];

	if (step == 1)
		return first < 0x20 || first == 0x7f;
	return step == 2 && first == 0xc2 && (unsigned char)bytes[1] < 0xa0;
}

void kt_text_sanitize(struct kt_buf *out, const char *bytes, size_t len, size_t max_bytes,
		      bool keep_newlines)
{
	static const char replacement[] = "\xef\xbf\xbd";

	while (len) {
		size_t step = kt_text_utf8_length(bytes, len);
		const char *from = bytes;
		size_t from_len = step;

		if (!step || (is_control(bytes, step) && !(keep_newlines && *bytes == '\n'))) {
			from = replacement;
			from_len = sizeof(replacement) - 1;
		}
		if (!step)
			step = 1;
		if (from_len > max_bytes)
			return;
		kt_buf_append(out, from, from_len);
		max_bytes -= from_len;
		bytes += step;
		len -= step;
	}
}

void kt_text_format_bytes(struct kt_buf *out, uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double scaled = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		kt_buf_printf(out, "%u B", (unsigned)bytes);
		return;
	}
	for (; scaled >= 1024 && unit + 1 < sizeof(units) / sizeof(*units); unit++)
		scaled /= 1024;
	kt_buf_printf(out, "%.1f %s", scaled, units[unit]);
}

void kt_text_format_duration(struct kt_buf *out, uint64_t duration_ns)
{
	if (duration_ns < KT_NS_PER_MS)
		kt_buf_printf(out, "%.0f us", (double)duration_ns / 1e3);
	else if (duration_ns < KT_NS_PER_SEC)
		kt_buf_printf(out, "%.1f ms", (double)duration_ns / 1e6);
	else
		kt_buf_printf(out, "%.2f s", (double)duration_ns / 1e9);
}
