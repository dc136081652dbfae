/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/fields.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define AT(type, base, where)	    (*(type *)((char *)(base) + (where)))
#define AT_CONST(type, base, where) (*(const type *)((const char *)(base) + (where)))

static bool is_list(const struct kt_field *field)
{
	return field->kind == KT_FIELD_TEXTS || field->kind == KT_FIELD_RECORDS ||
	       field->kind == KT_FIELD_OPT_RECORDS;
}

/* Whether the structure has a pointer to another one there. */
static bool is_link(const struct kt_field *field)
{
	return field->kind == KT_FIELD_OPT_RECORD || field->kind == KT_FIELD_OPT_PART;
}

/* ---- encode ---- */

static void encode_list(const struct kt_field *field, const void *record,
			struct kt_json_writer *writer)
{
	size_t count = AT_CONST(size_t, record, field->count_offset);

	kt_json_array_begin(writer);
	if (field->kind == KT_FIELD_TEXTS) {
		const char *const *texts = AT_CONST(char *const *, record, field->offset);

		for (size_t i = 0; i < count; i++)
			kt_json_string(writer, texts[i]);
	} else {
		const char *items = AT_CONST(char *, record, field->offset);

		for (size_t i = 0; i < count; i++) {
			kt_json_object_begin(writer);
			kt_fields_encode(field->record, items + i * field->record->size, writer);
			kt_json_object_end(writer);
		}
	}
	kt_json_array_end(writer);
}

static bool is_missing(const struct kt_field *field, const void *record)
{
	switch (field->kind) {
	case KT_FIELD_OPT_TEXT:
	case KT_FIELD_OPT_RECORD:
	case KT_FIELD_OPT_PART:
		return !AT_CONST(char *, record, field->offset);
	case KT_FIELD_OPT_RECORDS:
		return !AT_CONST(size_t, record, field->count_offset);
	case KT_FIELD_OPT_U64:
		return !AT_CONST(struct kt_opt_u64, record, field->offset).known;
	case KT_FIELD_OPT_BOOL:
		return !AT_CONST(struct kt_opt_bool, record, field->offset).known;
	case KT_FIELD_OPT_WORD:
		return !AT_CONST(int, record, field->offset);
	default:
		return false;
	}
}

static void encode_value(const struct kt_field *field, const void *record,
			 struct kt_json_writer *writer)
{
	switch (field->kind) {
	case KT_FIELD_TEXT:
	case KT_FIELD_OPT_TEXT: {
		const char *text = AT_CONST(char *, record, field->offset);

		kt_json_string(writer, text ? text : "");
		break;
	}
	case KT_FIELD_U32:
		kt_json_u64(writer, AT_CONST(uint32_t, record, field->offset));
		break;
	case KT_FIELD_U64:
		kt_json_u64(writer, AT_CONST(uint64_t, record, field->offset));
		break;
	case KT_FIELD_OPT_U64:
		kt_json_u64(writer, AT_CONST(struct kt_opt_u64, record, field->offset).value);
		break;
	case KT_FIELD_BOOL:
		kt_json_bool(writer, AT_CONST(bool, record, field->offset));
		break;
	case KT_FIELD_OPT_BOOL:
		kt_json_bool(writer, AT_CONST(struct kt_opt_bool, record, field->offset).value);
		break;
	case KT_FIELD_WORD:
	case KT_FIELD_OPT_WORD:
		kt_json_string(writer, field->words[AT_CONST(int, record, field->offset)]);
		break;
	case KT_FIELD_TEXTS:
	case KT_FIELD_RECORDS:
	case KT_FIELD_OPT_RECORDS:
		encode_list(field, record, writer);
		break;
	case KT_FIELD_OPT_RECORD:
		kt_json_object_begin(writer);
		kt_fields_encode(field->record, AT_CONST(void *, record, field->offset), writer);
		kt_json_object_end(writer);
		break;
	case KT_FIELD_OPT_PART:
		kt_fields_encode(field->record, AT_CONST(void *, record, field->offset), writer);
		break;
	}
}

void kt_fields_encode(const struct kt_record *type, const void *record,
		      struct kt_json_writer *writer)
{
	for (const struct kt_field *field = type->fields; field->name; field++) {
		if (is_missing(field, record))
			continue;
		if (field->kind != KT_FIELD_OPT_PART)
			kt_json_key(writer, field->name);
		encode_value(field, record, writer);
	}
}

/* ---- decode ---- */

static struct kt_error *refuse(const struct kt_field *field, const char *reason)
{
	return kt_error_create(KT_ERROR_PROTOCOL, 0, "%s: %s", field->name, reason);
}

struct kt_error *kt_fields_decode_text(const struct kt_json_tokens *tokens, size_t index,
				       struct kt_arena *arena, const char **ret)
{
	const struct kt_json_token *token = &tokens->tokens[index];
	kt_autobuf struct kt_buf raw = KT_BUF_INIT;
	kt_autobuf struct kt_buf clean = KT_BUF_INIT;

	kt_json_unescape(tokens->text, token->start + 1, token->end - 1, &raw);
	KT_TRY(kt_buf_error(&raw));
	kt_text_sanitize(&clean, kt_buf_text(&raw), raw.len, KT_FIELDS_MAX_TEXT_BYTES, true);
	KT_TRY(kt_buf_error(&clean));
	*ret = kt_arena_copy(arena, kt_buf_text(&clean), clean.len);
	return *ret ? NULL : kt_error_no_memory();
}

static struct kt_error *decode_text(const struct kt_field *field,
				    const struct kt_json_tokens *tokens, size_t index,
				    struct kt_arena *arena, const char **ret)
{
	if (tokens->tokens[index].type != KT_JSON_STRING)
		return refuse(field, "must be a string");
	return kt_fields_decode_text(tokens, index, arena, ret);
}

static struct kt_error *decode_number(const struct kt_field *field,
				      const struct kt_json_tokens *tokens, size_t index,
				      uint64_t max, uint64_t *ret)
{
	uint64_t value;

	if (tokens->tokens[index].type != KT_JSON_NUMBER ||
	    !kt_json_token_u64(tokens, index, &value) || value > max)
		return kt_error_create(KT_ERROR_PROTOCOL, 0,
				       "%s: must be an integer from 0 to %llu", field->name,
				       (unsigned long long)max);
	*ret = value;
	return NULL;
}

static struct kt_error *decode_bool(const struct kt_field *field,
				    const struct kt_json_tokens *tokens, size_t index, bool *ret)
{
	enum kt_json_type type = tokens->tokens[index].type;

	if (type != KT_JSON_TRUE && type != KT_JSON_FALSE)
		return refuse(field, "must be true or false");
	*ret = type == KT_JSON_TRUE;
	return NULL;
}

static struct kt_error *decode_word(const struct kt_field *field,
				    const struct kt_json_tokens *tokens, size_t index,
				    struct kt_arena *arena, int *ret)
{
	const char *text;

	KT_TRY(decode_text(field, tokens, index, arena, &text));
	for (int i = field->kind == KT_FIELD_OPT_WORD; field->words[i]; i++) {
		if (!strcmp(field->words[i], text)) {
			*ret = i;
			return NULL;
		}
	}
	return kt_error_create(KT_ERROR_PROTOCOL, 0, "%s: \"%.40s\" is not a known word",
			       field->name, text);
}

static struct kt_error *decode_texts(const struct kt_field *field,
				     const struct kt_json_tokens *tokens, size_t index,
				     struct kt_arena *arena, void *ret)
{
	size_t count = tokens->tokens[index].child_count;
	const char **texts = kt_arena_alloc(arena, count, sizeof(*texts));

	if (!texts)
		return kt_error_no_memory();
	for (size_t i = 0, child = index + 1; i < count; i++) {
		KT_TRY(decode_text(field, tokens, child, arena, &texts[i]));
		child = tokens->tokens[child].next;
	}
	AT(const char **, ret, field->offset) = texts;
	AT(size_t, ret, field->count_offset) = count;
	return NULL;
}

static struct kt_error *decode_records(const struct kt_field *field,
				       const struct kt_json_tokens *tokens, size_t index,
				       struct kt_arena *arena, void *ret)
{
	size_t count = tokens->tokens[index].child_count;
	char *items = kt_arena_alloc(arena, count, field->record->size);

	if (!items)
		return kt_error_no_memory();
	for (size_t i = 0, child = index + 1; i < count; i++) {
		KT_TRY(kt_error_wrap(kt_fields_decode(field->record, tokens, child, arena,
						      items + i * field->record->size),
				     "%s[%zu]", field->name, i));
		child = tokens->tokens[child].next;
	}
	AT(char *, ret, field->offset) = items;
	AT(size_t, ret, field->count_offset) = count;
	return NULL;
}

static struct kt_error *decode_list(const struct kt_field *field,
				    const struct kt_json_tokens *tokens, size_t index,
				    struct kt_arena *arena, void *ret)
{
	if (tokens->tokens[index].type != KT_JSON_ARRAY)
		return refuse(field, "must be an array");
	if (field->kind == KT_FIELD_TEXTS)
		return decode_texts(field, tokens, index, arena, ret);
	return decode_records(field, tokens, index, arena, ret);
}

/* The structure behind a pointer, from the object at @index. */
static struct kt_error *decode_link(const struct kt_field *field,
				    const struct kt_json_tokens *tokens, size_t index,
				    struct kt_arena *arena, void *ret)
{
	char *part = kt_arena_alloc(arena, 1, field->record->size);

	if (!part)
		return kt_error_no_memory();
	struct kt_error *err = kt_fields_decode(field->record, tokens, index, arena, part);
	if (err)
		return field->kind == KT_FIELD_OPT_PART ? err
							: kt_error_wrap(err, "%s", field->name);
	AT(char *, ret, field->offset) = part;
	return NULL;
}

static struct kt_error *decode_value(const struct kt_field *field,
				     const struct kt_json_tokens *tokens, size_t index,
				     struct kt_arena *arena, void *ret)
{
	uint64_t value = 0;

	switch (field->kind) {
	case KT_FIELD_TEXT:
	case KT_FIELD_OPT_TEXT:
		return decode_text(field, tokens, index, arena,
				   &AT(const char *, ret, field->offset));
	case KT_FIELD_U32:
		KT_TRY(decode_number(field, tokens, index, UINT32_MAX, &value));
		AT(uint32_t, ret, field->offset) = (uint32_t)value;
		return NULL;
	case KT_FIELD_U64:
		return decode_number(field, tokens, index, UINT64_MAX,
				     &AT(uint64_t, ret, field->offset));
	case KT_FIELD_OPT_U64:
		AT(struct kt_opt_u64, ret, field->offset).known = true;
		return decode_number(field, tokens, index, UINT64_MAX,
				     &AT(struct kt_opt_u64, ret, field->offset).value);
	case KT_FIELD_BOOL:
		return decode_bool(field, tokens, index, &AT(bool, ret, field->offset));
	case KT_FIELD_OPT_BOOL:
		AT(struct kt_opt_bool, ret, field->offset).known = true;
		return decode_bool(field, tokens, index,
				   &AT(struct kt_opt_bool, ret, field->offset).value);
	case KT_FIELD_WORD:
	case KT_FIELD_OPT_WORD:
		return decode_word(field, tokens, index, arena, &AT(int, ret, field->offset));
	case KT_FIELD_TEXTS:
	case KT_FIELD_RECORDS:
	case KT_FIELD_OPT_RECORDS:
		return decode_list(field, tokens, index, arena, ret);
	case KT_FIELD_OPT_RECORD:
	case KT_FIELD_OPT_PART:
		return decode_link(field, tokens, index, arena, ret);
	}
	return NULL;
}

bool kt_field_may_be_missing(const struct kt_field *field)
{
	return field->kind == KT_FIELD_OPT_TEXT || field->kind == KT_FIELD_OPT_U64 ||
	       field->kind == KT_FIELD_OPT_BOOL || field->kind == KT_FIELD_OPT_WORD ||
	       field->kind == KT_FIELD_OPT_RECORDS || is_link(field);
}

/* Where the value of @field is, if it is there: that of a part is the object itself. */
static size_t find_value(const struct kt_field *field, const struct kt_json_tokens *tokens,
			 size_t object, bool *ret_found)
{
	*ret_found = false;
	if (field->kind != KT_FIELD_OPT_PART) {
		size_t index = kt_json_find(tokens, object, field->name);
		*ret_found = index != 0;
		return index;
	}
	for (const struct kt_field *part = field->record->fields; part->name; part++)
		*ret_found |= kt_json_find(tokens, object, part->name) != 0;
	return object;
}

struct kt_error *kt_fields_decode(const struct kt_record *type, const struct kt_json_tokens *tokens,
				  size_t object, struct kt_arena *arena, void *ret)
{
	if (tokens->tokens[object].type != KT_JSON_OBJECT)
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "must be an object");
	for (const struct kt_field *field = type->fields; field->name; field++) {
		bool is_found;
		size_t index = find_value(field, tokens, object, &is_found);

		if (is_found)
			KT_TRY(decode_value(field, tokens, index, arena, ret));
		else if (!kt_field_may_be_missing(field))
			return refuse(field, "is missing");
	}
	const char *reason = type->refuse ? type->refuse(ret) : NULL;
	return reason ? kt_error_create(KT_ERROR_PROTOCOL, 0, "%s", reason) : NULL;
}

/* ---- copy ---- */

static struct kt_error *copy_text(const char *from, struct kt_arena *arena, const char **to)
{
	if (!from)
		return NULL;
	*to = kt_arena_copy(arena, from, strlen(from));
	return *to ? NULL : kt_error_no_memory();
}

static struct kt_error *copy_list(const struct kt_field *field, const void *from,
				  struct kt_arena *arena, void *to)
{
	size_t count = AT_CONST(size_t, from, field->count_offset);
	size_t size = field->kind == KT_FIELD_TEXTS ? sizeof(char *) : field->record->size;
	char *items = kt_arena_alloc(arena, count, size);

	if (!items)
		return kt_error_no_memory();
	for (size_t i = 0; i < count; i++) {
		if (field->kind == KT_FIELD_TEXTS)
			KT_TRY(copy_text(AT_CONST(char *const *, from, field->offset)[i], arena,
					 (const char **)(void *)items + i));
		else
			KT_TRY(kt_fields_copy(field->record,
					      AT_CONST(char *, from, field->offset) + i * size,
					      arena, items + i * size));
	}
	AT(char *, to, field->offset) = items;
	return NULL;
}

static struct kt_error *copy_link(const struct kt_field *field, const void *from,
				  struct kt_arena *arena, void *to)
{
	const char *part = AT_CONST(char *, from, field->offset);

	if (!part)
		return NULL;
	char *copy = kt_arena_alloc(arena, 1, field->record->size);
	if (!copy)
		return kt_error_no_memory();
	AT(char *, to, field->offset) = copy;
	return kt_fields_copy(field->record, part, arena, copy);
}

struct kt_error *kt_fields_copy(const struct kt_record *type, const void *from,
				struct kt_arena *arena, void *to)
{
	memcpy(to, from, type->size);
	for (const struct kt_field *field = type->fields; field->name; field++) {
		if (field->kind == KT_FIELD_TEXT || field->kind == KT_FIELD_OPT_TEXT)
			KT_TRY(copy_text(AT_CONST(char *, from, field->offset), arena,
					 &AT(const char *, to, field->offset)));
		else if (is_list(field))
			KT_TRY(copy_list(field, from, arena, to));
		else if (is_link(field))
			KT_TRY(copy_link(field, from, arena, to));
	}
	return NULL;
}
