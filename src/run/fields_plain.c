/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/fields_plain.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define AT(type, base, where) (*(type *)(void *)((char *)(base) + (where)))

bool kt_plain_take(struct kt_plain *plain, char byte)
{
	if (plain->at == plain->end || *plain->at != byte)
		return false;
	plain->at++;
	return true;
}

/* ---- names ---- */

/* Goes on to the next name of the type; from the last one to the first. */
static void next_name(struct kt_plain_members *members)
{
	members->index++;
	if (members->part && (++members->part)->name)
		return;
	if (members->field)
		members->field++;
	if (!members->field || !members->field->name) {
		members->field = members->type->fields;
		members->index = 0;
	}
	members->part = members->field->kind == KT_FIELD_OPT_PART ? members->field->record->fields
								  : NULL;
}

static const char *name_of(const struct kt_plain_members *members)
{
	return members->part ? members->part->name : members->field->name;
}

/* The length of @name if it stands here, with quote and colon behind it; else 0. */
static size_t name_length(const struct kt_plain *plain, const char *name)
{
	size_t room = (size_t)(plain->end - plain->at);
	size_t len = 0;

	while (name[len]) {
		if (len == room || plain->at[len] != name[len])
			return 0;
		len++;
	}
	return room - len >= 2 && plain->at[len] == '"' && plain->at[len + 1] == ':' ? len : 0;
}

bool kt_plain_find(struct kt_plain *plain, struct kt_plain_members *members)
{
	const struct kt_field *first_field;
	const struct kt_field *first_part;

	/* Members mostly stand in the order of the table. */
	next_name(members);
	first_field = members->field;
	first_part = members->part;
	do {
		size_t len = name_length(plain, name_of(members));

		if (len) {
			uint64_t bit = 1ULL << (members->index & 63);

			if (members->index >= 64 || (members->seen & bit))
				return false;
			members->seen |= bit;
			plain->at += len + 2;
			return true;
		}
		next_name(members);
	} while (members->field != first_field || members->part != first_part);
	return false;
}

/* ---- values ---- */

static bool take_number(struct kt_plain *plain, uint64_t max, uint64_t *ret)
{
	const char *at = plain->at;
	uint64_t value = 0;

	for (; at < plain->end && *at >= '0' && *at <= '9'; at++) {
		uint64_t digit = (uint64_t)(*at - '0');

		/* Nineteen digits fit, whatever they are. */
		if (at - plain->at < 19)
			value = value * 10 + digit;
		else if (__builtin_mul_overflow(value, 10, &value) ||
			 __builtin_add_overflow(value, digit, &value))
			return false;
	}
	if (at == plain->at || at == plain->end || (*plain->at == '0' && at - plain->at > 1) ||
	    (*at != ',' && *at != '}' && *at != ']') || value > max)
		return false;
	plain->at = at;
	*ret = value;
	return true;
}

/* A string with escapes or beyond ASCII, the opening quote before plain->at. */
static bool take_other_text(struct kt_plain *plain, const char **ret)
{
	const char *start = plain->at - 1;
	const char *at = plain->at;
	struct kt_json_tokens tokens = { 0 };

	while (at < plain->end && *at != '"')
		at += *at == '\\' && at + 1 < plain->end ? 2 : 1;
	if (at == plain->end)
		return false;
	at++;
	struct kt_error *err =
		kt_json_scan(start, (size_t)(at - start), "text", KT_JSON_STRICT, &tokens);
	if (!err) {
		err = kt_fields_decode_text(&tokens, 0, plain->arena, ret);
		kt_json_tokens_deinit(&tokens);
	}
	bool is_read = !err;
	kt_error_destroy(err);
	plain->at = at;
	return is_read;
}

static bool take_text(struct kt_plain *plain, const char **ret)
{
	const char *at;

	if (!kt_plain_take(plain, '"'))
		return false;
	at = plain->at;
	while (at < plain->end && *at >= 0x20 && *at < 0x7f && *at != '"' && *at != '\\')
		at++;
	size_t len = (size_t)(at - plain->at);
	if (at == plain->end || *at != '"' || len > KT_FIELDS_MAX_TEXT_BYTES)
		return at != plain->end && take_other_text(plain, ret);
	*ret = kt_arena_copy(plain->arena, plain->at, len);
	plain->at = at + 1;
	return *ret;
}

static bool take_word(struct kt_plain *plain, const struct kt_field *field, int *ret)
{
	const char *text;

	if (!take_text(plain, &text))
		return false;
	for (int i = field->kind == KT_FIELD_OPT_WORD; field->words[i]; i++) {
		if (!strcmp(field->words[i], text)) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool take_bool(struct kt_plain *plain, bool *ret)
{
	size_t room = (size_t)(plain->end - plain->at);

	if (room >= 4 && !memcmp(plain->at, "true", 4)) {
		plain->at += 4;
		*ret = true;
		return true;
	}
	if (room >= 5 && !memcmp(plain->at, "false", 5)) {
		plain->at += 5;
		*ret = false;
		return true;
	}
	return false;
}

static bool take_object(struct kt_plain *plain, const struct kt_record *type, void *ret)
{
	struct kt_plain_members members = { .type = type, .ret = ret };

	if (!kt_plain_take(plain, '{'))
		return false;
	do {
		if (!kt_plain_take(plain, '"') || !kt_plain_find(plain, &members) ||
		    !kt_plain_value(plain, &members))
			return false;
	} while (kt_plain_take(plain, ','));
	return kt_plain_take(plain, '}') && kt_plain_is_complete(&members);
}

/* One element more, of @size bytes, at the end of @items. */
static bool take_element(struct kt_plain *plain, const struct kt_field *field, size_t size,
			 struct kt_buf *items)
{
	if (!kt_buf_reserve(items, size))
		return false;
	char *item = items->data + items->len;
	memset(item, 0, size);
	items->len += size;
	if (field->kind == KT_FIELD_TEXTS)
		return take_text(plain, (const char **)(void *)item);
	return take_object(plain, field->record, item);
}

static bool take_list(struct kt_plain *plain, const struct kt_field *field, void *ret)
{
	size_t size = field->kind == KT_FIELD_TEXTS ? sizeof(char *) : field->record->size;
	kt_autobuf struct kt_buf items = KT_BUF_INIT;

	if (!kt_plain_take(plain, '['))
		return false;
	if (!kt_plain_take(plain, ']')) {
		do {
			if (!take_element(plain, field, size, &items))
				return false;
		} while (kt_plain_take(plain, ','));
		if (!kt_plain_take(plain, ']'))
			return false;
	}
	char *list = kt_arena_alloc(plain->arena, items.len / size, size);
	if (!list)
		return false;
	if (items.len)
		memcpy(list, items.data, items.len);
	AT(char *, ret, field->offset) = list;
	AT(size_t, ret, field->count_offset) = items.len / size;
	return true;
}

/* The structure that the field points to; made when its first member comes. */
static void *linked(struct kt_plain *plain, const struct kt_field *field, void *ret)
{
	char **link = &AT(char *, ret, field->offset);

	if (!*link)
		*link = kt_arena_alloc(plain->arena, 1, field->record->size);
	return *link;
}

static bool take_value(struct kt_plain *plain, const struct kt_field *field, void *ret)
{
	uint64_t value = 0;

	switch (field->kind) {
	case KT_FIELD_TEXT:
	case KT_FIELD_OPT_TEXT:
		return take_text(plain, &AT(const char *, ret, field->offset));
	case KT_FIELD_U32:
		if (!take_number(plain, UINT32_MAX, &value))
			return false;
		AT(uint32_t, ret, field->offset) = (uint32_t)value;
		return true;
	case KT_FIELD_U64:
		return take_number(plain, UINT64_MAX, &AT(uint64_t, ret, field->offset));
	case KT_FIELD_OPT_U64:
		AT(struct kt_opt_u64, ret, field->offset).known = true;
		return take_number(plain, UINT64_MAX,
				   &AT(struct kt_opt_u64, ret, field->offset).value);
	case KT_FIELD_BOOL:
		return take_bool(plain, &AT(bool, ret, field->offset));
	case KT_FIELD_OPT_BOOL:
		AT(struct kt_opt_bool, ret, field->offset).known = true;
		return take_bool(plain, &AT(struct kt_opt_bool, ret, field->offset).value);
	case KT_FIELD_WORD:
	case KT_FIELD_OPT_WORD:
		return take_word(plain, field, &AT(int, ret, field->offset));
	case KT_FIELD_TEXTS:
	case KT_FIELD_RECORDS:
	case KT_FIELD_OPT_RECORDS:
		return take_list(plain, field, ret);
	case KT_FIELD_OPT_RECORD: {
		void *record = linked(plain, field, ret);
		return record && take_object(plain, field->record, record);
	}
	case KT_FIELD_OPT_PART:
		break;
	}
	return false;
}

bool kt_plain_value(struct kt_plain *plain, struct kt_plain_members *members)
{
	if (!members->part)
		return take_value(plain, members->field, members->ret);
	void *part = linked(plain, members->field, members->ret);
	return part && take_value(plain, members->part, part);
}

bool kt_plain_is_complete(const struct kt_plain_members *members)
{
	const struct kt_record *type = members->type;
	struct kt_plain_members all = { .type = type };

	/* Parts have no member that must be there. */
	for (next_name(&all);;) {
		bool is_there = all.index < 64 && (members->seen >> all.index & 1);

		if (!is_there && !all.part && !kt_field_may_be_missing(all.field))
			return false;
		next_name(&all);
		if (!all.index)
			break;
	}
	for (const struct kt_field *field = type->fields; field->name; field++) {
		const void *part = field->kind == KT_FIELD_OPT_PART
					   ? AT(void *, members->ret, field->offset)
					   : NULL;

		if (part && field->record->refuse && field->record->refuse(part))
			return false;
	}
	return !type->refuse || !type->refuse(members->ret);
}
