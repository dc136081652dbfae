/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Small text duties: strict numbers, and making foreign bytes safe to show.
 * Thread names, console lines and other programs' messages are cleaned once, at
 * entry, into bounded valid UTF-8 without control characters.
 */
#ifndef KT_BASE_TEXT_H
#define KT_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/** Parses all of @text as an unsigned decimal; false (and @ret untouched) otherwise. */
bool kt_text_parse_u64(const char *text, uint64_t *ret);

/** Whether the @len bytes are valid UTF-8 (no surrogates, no overlong forms). */
bool kt_text_is_utf8(const char *bytes, size_t len);

/**
 * The length in bytes of the valid UTF-8 sequence at the start of @bytes (1 to 4),
 * or 0 when there is none within @len bytes.
 */
size_t kt_text_utf8_length(const char *bytes, size_t len);

/** The character of a sequence that kt_text_utf8_length() says is @len bytes long (1 to 4). */
uint32_t kt_text_code_point(const char *bytes, size_t len);

/**
 * Appends the @len foreign bytes to @out in at most @max_bytes bytes: control
 * characters and invalid sequences become U+FFFD; newlines are kept if @keep_newlines.
 */
void kt_text_sanitize(struct kt_buf *out, const char *bytes, size_t len, size_t max_bytes,
		      bool keep_newlines);

/** Appends "4.0 MiB"-like text for @bytes. */
void kt_text_format_bytes(struct kt_buf *out, uint64_t bytes);

/** Appends "1.52 s"- or "44.6 ms"-like text for @duration_ns. */
void kt_text_format_duration(struct kt_buf *out, uint64_t duration_ns);

#endif
