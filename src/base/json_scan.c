/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/json_scan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/* Up to so many members of an object are compared each with each. */
#define FEW_MEMBERS 32

struct scanner {
	const char *name;
	const char *text;
	size_t len;
	size_t at;
	unsigned flags;
	unsigned depth;
	struct kt_json_tokens *out;
};

void kt_json_position(const char *text, size_t offset, size_t *ret_line, size_t *ret_column)
{
	size_t line = 1;
	size_t line_start = 0;

	for (size_t i = 0; i < offset; i++)
		if (text[i] == '\n') {
			line++;
			line_start = i + 1;
		}
	*ret_line = line;
	*ret_column = offset - line_start + 1;
}

static struct kt_error *fail(const struct scanner *scan, size_t offset, const char *what)
{
	size_t line;
	size_t column;

	kt_json_position(scan->text, offset, &line, &column);
	return kt_error_create(KT_ERROR_USAGE, 0, "%s:%zu:%zu: %s", scan->name, line, column, what);
}

static void skip_blanks(struct scanner *scan)
{
	while (scan->at < scan->len && strchr(" \t\r\n", scan->text[scan->at]) &&
	       scan->text[scan->at])
		scan->at++;
}

static bool at_byte(const struct scanner *scan, char byte)
{
	return scan->at < scan->len && scan->text[scan->at] == byte;
}

static bool at_digit(const struct scanner *scan)
{
	return scan->at < scan->len && scan->text[scan->at] >= '0' && scan->text[scan->at] <= '9';
}

static struct kt_error *add_token(struct scanner *scan, enum kt_json_type type, size_t *ret_index)
{
	struct kt_json_tokens *out = scan->out;

	if (out->count == out->cap) {
		size_t cap = out->cap ? out->cap * 2 : 64;
		struct kt_json_token *tokens = reallocarray(out->tokens, cap, sizeof(*tokens));
		if (!tokens)
			return kt_error_no_memory();
		out->tokens = tokens;
		out->cap = cap;
	}
	*ret_index = out->count;
	out->tokens[out->count++] = (struct kt_json_token){ .type = type, .start = scan->at };
	return NULL;
}

static bool is_hex4(const char *at, size_t room)
{
	if (room < 4)
		return false;
	for (int i = 0; i < 4; i++)
		if (!isxdigit((unsigned char)at[i]))
			return false;
	return true;
}

/* One escape, the backslash at scan->at. */
static struct kt_error *scan_escape(struct scanner *scan)
{
	size_t start = scan->at++;

	if (scan->at >= scan->len)
		return fail(scan, start, "the text ends inside a string");
	char kind = scan->text[scan->at++];
	if (kind == 'u') {
		if (!is_hex4(scan->text + scan->at, scan->len - scan->at))
			return fail(scan, start, "\\u needs four hexadecimal digits");
		scan->at += 4;
		return NULL;
	}
	if (!kind || !strchr("\"\\/bfnrt", kind))
		return fail(scan, start, "unknown escape in a string");
	return NULL;
}

/* A string, the opening quote at scan->at; leaves behind the closing one. */
static struct kt_error *scan_string(struct scanner *scan)
{
	size_t start = scan->at++;

	while (scan->at < scan->len) {
		unsigned char byte = (unsigned char)scan->text[scan->at];
		if (byte == '"') {
			scan->at++;
			return NULL;
		}
		if (byte == '\\') {
			KT_TRY(scan_escape(scan));
			continue;
		}
		if (byte < 0x20)
			return fail(scan, scan->at, "control character in a string");
		size_t step = kt_text_utf8_length(scan->text + scan->at, scan->len - scan->at);
		if (!step)
			return fail(scan, scan->at, "invalid UTF-8 in a string");
		scan->at += step;
	}
	return fail(scan, start, "this string has no end");
}

static struct kt_error *scan_digits(struct scanner *scan)
{
	if (!at_digit(scan))
		return fail(scan, scan->at, "a digit must follow here");
	while (at_digit(scan))
		scan->at++;
	return NULL;
}

static struct kt_error *scan_number(struct scanner *scan)
{
	if (at_byte(scan, '-'))
		scan->at++;
	if (at_byte(scan, '0')) {
		scan->at++;
		if (at_digit(scan))
			return fail(scan, scan->at, "a number must not start with 0");
	} else {
		KT_TRY(scan_digits(scan));
	}
	if (at_byte(scan, '.')) {
		scan->at++;
		KT_TRY(scan_digits(scan));
	}
	if (at_byte(scan, 'e') || at_byte(scan, 'E')) {
		scan->at++;
		if (at_byte(scan, '+') || at_byte(scan, '-'))
			scan->at++;
		KT_TRY(scan_digits(scan));
	}
	return NULL;
}

static struct kt_error *scan_word(struct scanner *scan, const char *word)
{
	size_t len = strlen(word);

	if (scan->len - scan->at < len || memcmp(scan->text + scan->at, word, len) != 0)
		return fail(scan, scan->at, "a value must stand here");
	scan->at += len;
	return NULL;
}

/* Byte order of two member names; nearly every name is written as it is. */
static int compare_names(const char *text, const struct kt_json_token *a,
			 const struct kt_json_token *b)
{
	const char *left = text + a->key_start;
	const char *right = text + b->key_start;
	size_t left_len = a->key_end - a->key_start;
	size_t right_len = b->key_end - b->key_start;
	kt_autobuf struct kt_buf left_name = KT_BUF_INIT;
	kt_autobuf struct kt_buf right_name = KT_BUF_INIT;

	if (memchr(left, '\\', left_len) || memchr(right, '\\', right_len)) {
		kt_json_unescape(text, a->key_start, a->key_end, &left_name);
		kt_json_unescape(text, b->key_start, b->key_end, &right_name);
		left = kt_buf_text(&left_name);
		right = kt_buf_text(&right_name);
		left_len = left_name.len;
		right_len = right_name.len;
	}
	int order = memcmp(left, right, left_len < right_len ? left_len : right_len);
	return order ? order : (left_len > right_len) - (left_len < right_len);
}

/* Is the name of the newest member, @member, among the earlier ones of @object? */
static bool is_duplicate(const struct scanner *scan, size_t object, size_t member)
{
	const struct kt_json_token *tokens = scan->out->tokens;

	for (size_t i = object + 1; i < member; i = tokens[i].next)
		if (!compare_names(scan->text, &tokens[i], &tokens[member]))
			return true;
	return false;
}

static int by_name_and_place(const void *left, const void *right, void *ctx)
{
	const struct kt_json_tokens *tokens = ctx;
	size_t a = *(const size_t *)left;
	size_t b = *(const size_t *)right;
	int order = compare_names(tokens->text, &tokens->tokens[a], &tokens->tokens[b]);

	return order ? order : (a > b) - (a < b);
}

/* The first member of @object whose name stood there before, or 0: by sorting. */
static struct kt_error *find_duplicate(const struct scanner *scan, size_t object, size_t *ret)
{
	struct kt_json_tokens *tokens = scan->out;
	size_t count = tokens->tokens[object].child_count;
	kt_autofree size_t *members = calloc(count, sizeof(*members));
	size_t first = 0;

	if (!members)
		return kt_error_no_memory();
	for (size_t i = 0, member = object + 1; i < count; i++) {
		members[i] = member;
		member = tokens->tokens[member].next;
	}
	qsort_r(members, count, sizeof(*members), by_name_and_place, tokens);
	for (size_t i = 1; i < count; i++) {
		const struct kt_json_token *before = &tokens->tokens[members[i - 1]];
		const struct kt_json_token *now = &tokens->tokens[members[i]];

		if (!compare_names(scan->text, before, now) && (!first || members[i] < first))
			first = members[i];
	}
	*ret = first;
	return NULL;
}

static struct kt_error *refuse_duplicate(const struct scanner *scan, size_t member)
{
	return fail(scan, scan->out->tokens[member].key_start - 1,
		    "this member name stands here twice");
}

/* A large object is looked at as a whole: comparing each with each takes quadratic time. */
static struct kt_error *check_large_object(const struct scanner *scan, size_t object)
{
	size_t member = 0;

	if ((scan->flags & KT_JSON_ALLOW_DUPLICATES) ||
	    scan->out->tokens[object].child_count <= FEW_MEMBERS)
		return NULL;
	KT_TRY(find_duplicate(scan, object, &member));
	return member ? refuse_duplicate(scan, member) : NULL;
}

static struct kt_error *scan_value(struct scanner *scan, size_t *ret_index);

static struct kt_error *scan_member(struct scanner *scan, size_t object)
{
	if (!at_byte(scan, '"'))
		return fail(scan, scan->at, "a member name in double quotes must stand here");
	size_t key_start = scan->at + 1;
	KT_TRY(scan_string(scan));
	size_t key_end = scan->at - 1;
	skip_blanks(scan);
	if (!at_byte(scan, ':'))
		return fail(scan, scan->at, "':' must follow a member name");
	scan->at++;

	size_t member = 0;
	KT_TRY(scan_value(scan, &member));
	scan->out->tokens[member].key_start = key_start;
	scan->out->tokens[member].key_end = key_end;
	if (!(scan->flags & KT_JSON_ALLOW_DUPLICATES) &&
	    scan->out->tokens[object].child_count < FEW_MEMBERS &&
	    is_duplicate(scan, object, member))
		return refuse_duplicate(scan, member);
	return NULL;
}

static struct kt_error *scan_container(struct scanner *scan, size_t self)
{
	bool is_object = scan->out->tokens[self].type == KT_JSON_OBJECT;
	char closer = is_object ? '}' : ']';
	size_t child;

	if (++scan->depth > KT_JSON_MAX_DEPTH)
		return fail(scan, scan->at, "nested too deeply");
	scan->at++;
	skip_blanks(scan);
	while (!at_byte(scan, closer)) {
		KT_TRY(is_object ? scan_member(scan, self) : scan_value(scan, &child));
		scan->out->tokens[self].child_count++;
		skip_blanks(scan);
		if (at_byte(scan, closer))
			break;
		if (!at_byte(scan, ','))
			return fail(scan, scan->at,
				    is_object ? "',' or '}' must follow a member"
					      : "',' or ']' must follow an element");
		scan->at++;
		skip_blanks(scan);
		if (at_byte(scan, closer))
			return fail(scan, scan->at, "a value must follow ','");
	}
	scan->at++;
	scan->depth--;
	return is_object ? check_large_object(scan, self) : NULL;
}

static enum kt_json_type type_of(char byte)
{
	switch (byte) {
	case '{':
		return KT_JSON_OBJECT;
	case '[':
		return KT_JSON_ARRAY;
	case '"':
		return KT_JSON_STRING;
	case 't':
		return KT_JSON_TRUE;
	case 'f':
		return KT_JSON_FALSE;
	case 'n':
		return KT_JSON_NULL;
	default:
		return KT_JSON_NUMBER;
	}
}

static struct kt_error *scan_by_type(struct scanner *scan, enum kt_json_type type, size_t self)
{
	switch (type) {
	case KT_JSON_OBJECT:
	case KT_JSON_ARRAY:
		return scan_container(scan, self);
	case KT_JSON_STRING:
		return scan_string(scan);
	case KT_JSON_TRUE:
		return scan_word(scan, "true");
	case KT_JSON_FALSE:
		return scan_word(scan, "false");
	case KT_JSON_NULL:
		return scan_word(scan, "null");
	case KT_JSON_NUMBER:
		break;
	}
	if (!at_digit(scan) && !at_byte(scan, '-'))
		return fail(scan, scan->at, "a value must stand here");
	return scan_number(scan);
}

static struct kt_error *scan_value(struct scanner *scan, size_t *ret_index)
{
	skip_blanks(scan);
	if (scan->at >= scan->len)
		return fail(scan, scan->at, "the text ends where a value must stand");
	enum kt_json_type type = type_of(scan->text[scan->at]);
	size_t self;
	KT_TRY(add_token(scan, type, &self));
	KT_TRY(scan_by_type(scan, type, self));
	scan->out->tokens[self].end = scan->at;
	scan->out->tokens[self].next = scan->out->count;
	*ret_index = self;
	return NULL;
}

struct kt_error *kt_json_scan(const char *text, size_t len, const char *name, unsigned flags,
			      struct kt_json_tokens *ret)
{
	struct kt_json_tokens tokens = { .text = text, .len = len };
	struct scanner scan = {
		.name = name,
		.text = text,
		.len = len,
		.flags = flags,
		.out = &tokens,
	};
	size_t root;

	struct kt_error *err = scan_value(&scan, &root);
	if (!err) {
		skip_blanks(&scan);
		if (scan.at < len)
			err = fail(&scan, scan.at, "text after the end of the JSON value");
	}
	if (err) {
		kt_json_tokens_deinit(&tokens);
		return err;
	}
	*ret = tokens;
	return NULL;
}

void kt_json_tokens_deinit(struct kt_json_tokens *tokens)
{
	free(tokens->tokens);
	*tokens = (struct kt_json_tokens){ 0 };
}

static unsigned hex4(const char *at)
{
	char digits[5] = { at[0], at[1], at[2], at[3], '\0' };

	return (unsigned)strtoul(digits, NULL, 16);
}

static void put_utf8(struct kt_buf *out, unsigned code)
{
	if (code < 0x80) {
		kt_buf_putc(out, (char)code);
	} else if (code < 0x800) {
		kt_buf_putc(out, (char)(0xc0 | code >> 6));
		kt_buf_putc(out, (char)(0x80 | (code & 0x3f)));
	} else if (code < 0x10000) {
		kt_buf_putc(out, (char)(0xe0 | code >> 12));
		kt_buf_putc(out, (char)(0x80 | (code >> 6 & 0x3f)));
		kt_buf_putc(out, (char)(0x80 | (code & 0x3f)));
	} else {
		kt_buf_putc(out, (char)(0xf0 | code >> 18));
		kt_buf_putc(out, (char)(0x80 | (code >> 12 & 0x3f)));
		kt_buf_putc(out, (char)(0x80 | (code >> 6 & 0x3f)));
		kt_buf_putc(out, (char)(0x80 | (code & 0x3f)));
	}
}

/* The \u escape whose digits start at text[at]; returns the offset behind it. */
static size_t unescape_unicode(const char *text, size_t at, size_t end, struct kt_buf *out)
{
	unsigned code = hex4(text + at);

	at += 4;
	if (code >= 0xd800 && code < 0xdc00 && end - at >= 6 && text[at] == '\\' &&
	    text[at + 1] == 'u') {
		unsigned low = hex4(text + at + 2);
		if (low >= 0xdc00 && low < 0xe000) {
			code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
			at += 6;
		}
	}
	/* A surrogate without its other half is no character. */
	put_utf8(out, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
	return at;
}

void kt_json_unescape(const char *text, size_t start, size_t end, struct kt_buf *out)
{
	static const char from[] = "bfnrt";
	static const char to[] = "\b\f\n\r\t";

	for (size_t at = start; at < end;) {
		if (text[at] != '\\') {
			kt_buf_putc(out, text[at++]);
			continue;
		}
		char kind = text[at + 1];
		at += 2;
		if (kind == 'u') {
			at = unescape_unicode(text, at, end, out);
			continue;
		}
		const char *found = strchr(from, kind);
		kt_buf_putc(out, found ? to[found - from] : kind);
	}
}

/* Whether the name of the member @token is @key; nearly every name is written as it is. */
static bool has_name(const struct kt_json_tokens *tokens, const struct kt_json_token *token,
		     const char *key)
{
	const char *raw = tokens->text + token->key_start;
	size_t len = token->key_end - token->key_start;

	if (!memchr(raw, '\\', len))
		return !strncmp(raw, key, len) && !key[len];

	kt_autobuf struct kt_buf name = KT_BUF_INIT;
	kt_json_unescape(tokens->text, token->key_start, token->key_end, &name);
	return !strcmp(kt_buf_text(&name), key);
}

size_t kt_json_find(const struct kt_json_tokens *tokens, size_t object, const char *key)
{
	for (size_t i = object + 1; i < tokens->tokens[object].next; i = tokens->tokens[i].next) {
		if (has_name(tokens, &tokens->tokens[i], key))
			return i;
	}
	return 0;
}

bool kt_json_token_u64(const struct kt_json_tokens *tokens, size_t index, uint64_t *ret)
{
	const struct kt_json_token *token = &tokens->tokens[index];
	char digits[24];
	size_t len = token->end - token->start;

	if (token->type != KT_JSON_NUMBER || len >= sizeof(digits))
		return false;
	memcpy(digits, tokens->text + token->start, len);
	digits[len] = '\0';
	return kt_text_parse_u64(digits, ret);
}

double kt_json_token_double(const struct kt_json_tokens *tokens, size_t index)
{
	const struct kt_json_token *token = &tokens->tokens[index];
	char *copy = strndup(tokens->text + token->start, token->end - token->start);
	double value = copy ? strtod(copy, NULL) : 0;

	free(copy);
	return value;
}
