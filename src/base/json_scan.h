/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Strict JSON (RFC 8259) into a flat table of tokens.
 *
 * The table is in document order, an element directly before what it contains, so
 * `next` skips a whole subtree.  Every token keeps its place in the text: that gives
 * errors a line and a column, keeps 64-bit numbers exact (their text is the truth),
 * and lets a file be edited in place.  No library is involved; base/json.h puts
 * cJSON's tree on top for readers of configuration.
 */
#ifndef KT_BASE_JSON_SCAN_H
#define KT_BASE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Deepest nesting accepted; the flattener of contract section 7.2 cuts at half of it. */
#define KT_JSON_MAX_DEPTH 128

enum kt_json_type {
	KT_JSON_OBJECT,
	KT_JSON_ARRAY,
	KT_JSON_STRING,
	KT_JSON_NUMBER,
	KT_JSON_TRUE,
	KT_JSON_FALSE,
	KT_JSON_NULL,
};

struct kt_json_token {
	enum kt_json_type type;
	size_t start;	    /* offset of the first byte; the opening quote of a string */
	size_t end;	    /* offset behind the last byte */
	size_t key_start;   /* of the member's name without quotes; both 0 for no name */
	size_t key_end;	    /* */
	size_t child_count; /* members or elements */
	size_t next;	    /* index of the token behind this subtree */
};

struct kt_json_tokens {
	const char *text; /* borrowed */
	size_t len;
	struct kt_json_token *tokens;
	size_t count;
	size_t cap;
};

enum kt_json_flags {
	KT_JSON_STRICT = 0,
	KT_JSON_ALLOW_DUPLICATES = 1, /* a repeated name is not an error */
};

/**
 * Scans all @len bytes of @text as one JSON value.  @name stands in the error text,
 * which reads "name:line:column: what".
 * Errors: usage (not JSON, a duplicate name, invalid UTF-8, too deep), no memory.
 * Owner: the caller calls kt_json_tokens_deinit(); @text must outlive @ret.
 */
struct kt_error *kt_json_scan(const char *text, size_t len, const char *name, unsigned flags,
			      struct kt_json_tokens *ret) KT_MUST_CHECK;

/** Frees the table. */
void kt_json_tokens_deinit(struct kt_json_tokens *tokens);

/** Line and column (in bytes), both from 1, of @offset in @text. */
void kt_json_position(const char *text, size_t offset, size_t *ret_line, size_t *ret_column);

/** Appends the string between the quotes at [@start, @end) with its escapes resolved. */
void kt_json_unescape(const char *text, size_t start, size_t end, struct kt_buf *out);

/** Index of the first member called @key of the object at @object, or 0 for none. */
size_t kt_json_find(const struct kt_json_tokens *tokens, size_t object, const char *key);

/** The number token at @index as u64; false unless it is a plain non-negative integer that fits. */
bool kt_json_token_u64(const struct kt_json_tokens *tokens, size_t index, uint64_t *ret);

/** The number token at @index as binary64 (may be infinite on overflow). */
double kt_json_token_double(const struct kt_json_tokens *tokens, size_t index);

#endif
