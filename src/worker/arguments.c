/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "worker/arguments.h"

#include <stdint.h>
#include <string.h>

/**
 * The length in bytes of the UTF-8 sequence at @text, 0 if it is none (RFC 3629: no
 * overlong form, no surrogate, nothing above U+10FFFF).
 */
static size_t sequence_length(const unsigned char *text)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };

	if (text[0] < 0x80)
		return 1;
	size_t length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
	if (text[0] < 0xc0 || text[0] > 0xf4)
		return 0;
	uint32_t code = text[0] & (0x7fU >> length);
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80) /* the terminating 0 too */
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return length;
}

static bool is_utf8(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	while (*at) {
		size_t length = sequence_length(at);
		if (!length)
			return false;
		at += length;
	}
	return true;
}

/** Parses decimal digits, after an optional `+`, into *@ret; false if @text is not that. */
static bool parse_bytes(const char *text, size_t *ret)
{
	size_t value = 0;

	text += *text == '+';
	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (size_t)(*text - '0'), &value))
			return false;
	}
	*ret = value;
	return true;
}

enum kt_worker_arguments_status kt_worker_arguments_parse(int argc, char **argv,
							  struct kt_worker_arguments *ret,
							  const char **ret_complaint)
{
	struct kt_worker_arguments parsed = { 0 };
	const char *bytes = NULL;
	const char *complaint = NULL;

	kt_pattern_init(&parsed.pattern);
	for (int i = 1; i < argc; i++) {
		const char *wrong;

		if (!is_utf8(argv[i]))
			return KT_WORKER_ARGUMENTS_NOT_TEXT;
		if (strcmp(argv[i], "--churn") == 0)
			parsed.is_churning = true;
		else if (kt_pattern_take(&parsed.pattern, argv[i], &wrong) == KT_PATTERN_WORD_BAD)
			complaint = complaint ? complaint : wrong;
		else if (!bytes && strncmp(argv[i], "--", 2) != 0)
			bytes = argv[i];
	}
	if (!bytes)
		return KT_WORKER_ARGUMENTS_MISSING;
	if (!parse_bytes(bytes, &parsed.bytes))
		return KT_WORKER_ARGUMENTS_INVALID;
	if (!complaint)
		complaint = kt_pattern_settle(&parsed.pattern);
	if (complaint) {
		*ret_complaint = complaint;
		return KT_WORKER_ARGUMENTS_PATTERN;
	}
	*ret = parsed;
	return KT_WORKER_ARGUMENTS_OK;
}
