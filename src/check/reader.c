/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/reader.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

#define MAX_NAME_BYTES 64

/* The names in @allowed, as '"a", "b"'. */
static void list_keys(const struct kt_key *table, kt_key_mask allowed, struct kt_buf *out)
{
	for (size_t i = 0; table[i].name; i++) {
		if (allowed & KT_KEY_BIT(i))
			kt_buf_printf(out, "%s\"%s\"", out->len ? ", " : "", table[i].name);
	}
}

static void list_words(const char *const *words, struct kt_buf *out)
{
	for (size_t i = 0; words[i]; i++)
		kt_buf_printf(out, "%s\"%s\"", i ? ", " : "", words[i]);
}

static struct kt_error *unknown_key(const struct kt_reader *reader, const cJSON *member,
				    const char *what, const struct kt_key *table,
				    kt_key_mask allowed)
{
	kt_autobuf struct kt_buf name = KT_BUF_INIT;
	kt_autobuf struct kt_buf keys = KT_BUF_INIT;

	kt_text_sanitize(&name, member->string, strlen(member->string), MAX_NAME_BYTES, false);
	list_keys(table, allowed, &keys);
	return kt_json_error_at_key(reader->json, member, "unknown key \"%s\" in %s; allowed: %s",
				    kt_buf_text(&name), what, kt_buf_text(&keys));
}

/* The length of a string in the file: cJSON's copy seems to end at a \u0000 in it. */
static size_t true_length(const struct kt_json *json, const cJSON *item)
{
	const struct kt_json_token *token = &json->tokens.tokens[item->valueint];
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_json_unescape(json->text, token->start + 1, token->end - 1, &text);
	return text.len;
}

bool kt_reader_has_odd_name(const struct kt_reader *reader, const cJSON *member)
{
	const struct kt_json_token *token = &reader->json->tokens.tokens[member->valueint];
	kt_autobuf struct kt_buf name = KT_BUF_INIT;

	kt_json_unescape(reader->json->text, token->key_start, token->key_end, &name);
	return name.len != strlen(member->string);
}

struct kt_error *kt_reader_text(const struct kt_reader *reader, const cJSON *item, size_t max_bytes,
				const char **ret)
{
	if (!cJSON_IsString(item))
		return kt_json_error_at(reader->json, item, "must be a string");
	size_t len = strlen(item->valuestring);
	if (len != true_length(reader->json, item))
		return kt_json_error_at(reader->json, item, "must not contain \\u0000");
	if (!len || len > max_bytes)
		return kt_json_error_at(reader->json, item, "must be a string of 1 to %zu bytes",
					max_bytes);
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)item->valuestring[i];

		if (byte < 0x20 || byte == 0x7f)
			return kt_json_error_at(reader->json, item,
						"must not contain control characters");
	}
	*ret = kt_arena_copy(reader->arena, item->valuestring, len);
	return *ret ? NULL : kt_error_no_memory();
}

static struct kt_error *read_name(const struct kt_reader *reader, const cJSON *item,
				  const char **ret)
{
	const char *name;

	KT_TRY(kt_reader_text(reader, item, MAX_NAME_BYTES, &name));
	if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") != strlen(name) ||
	    strchr("._-", name[0]))
		return kt_json_error_at(reader->json, item,
					"a name has lower-case letters, digits, '.', '_', '-', "
					"and starts with a letter or digit");
	*ret = name;
	return NULL;
}

struct kt_error *kt_reader_number(const struct kt_reader *reader, const cJSON *item, uint64_t min,
				  uint64_t max, uint64_t *ret)
{
	uint64_t value;

	if (!cJSON_IsNumber(item) || !kt_json_item_u64(reader->json, item, &value) || value < min ||
	    value > max)
		return kt_json_error_at(reader->json, item,
					"must be a whole number from %" PRIu64 " to %" PRIu64, min,
					max);
	*ret = value;
	return NULL;
}

struct kt_error *kt_reader_word(const struct kt_reader *reader, const cJSON *item,
				const char *const *words, int *ret)
{
	kt_autobuf struct kt_buf list = KT_BUF_INIT;

	for (int i = 0; cJSON_IsString(item) && words[i]; i++) {
		if (!strcmp(words[i], item->valuestring)) {
			*ret = i;
			return NULL;
		}
	}
	list_words(words, &list);
	return kt_json_error_at(reader->json, item, "must be one of %s", kt_buf_text(&list));
}

struct kt_error *kt_reader_array(const struct kt_reader *reader, const cJSON *item, size_t min,
				 size_t max, size_t *ret)
{
	size_t count = cJSON_IsArray(item) ? (size_t)cJSON_GetArraySize(item) : 0;

	if (!cJSON_IsArray(item) || count < min || count > max)
		return kt_json_error_at(reader->json, item,
					"must be an array of %zu to %zu elements", min, max);
	*ret = count;
	return NULL;
}

static struct kt_error *read_bool(const struct kt_reader *reader, const cJSON *item, bool *ret)
{
	if (!cJSON_IsBool(item))
		return kt_json_error_at(reader->json, item, "must be true or false");
	*ret = cJSON_IsTrue(item);
	return NULL;
}

static struct kt_error *read_value(const struct kt_reader *reader, const cJSON *item,
				   const struct kt_key *key, void *ret)
{
	void *place = (char *)ret + key->offset;
	uint64_t number;

	switch (key->kind) {
	case KT_KEY_TEXT:
		return kt_reader_text(reader, item, key->max, place);
	case KT_KEY_NAME:
		return read_name(reader, item, place);
	case KT_KEY_U32:
		KT_TRY(kt_reader_number(reader, item, key->min, key->max, &number));
		*(uint32_t *)place = (uint32_t)number;
		return NULL;
	case KT_KEY_U64:
		return kt_reader_number(reader, item, key->min, key->max, place);
	case KT_KEY_BOOL:
		return read_bool(reader, item, place);
	case KT_KEY_CUSTOM:
		return key->read(reader, item, ret);
	}
	return NULL;
}

static size_t find_key(const struct kt_key *table, kt_key_mask allowed, const char *name)
{
	size_t i = 0;

	while (table[i].name && !((allowed & KT_KEY_BIT(i)) && !strcmp(table[i].name, name)))
		i++;
	return i;
}

struct kt_error *kt_reader_object(const struct kt_reader *reader, const cJSON *item,
				  const char *what, const struct kt_key *table, kt_key_mask allowed,
				  void *ret, kt_key_mask *ret_given)
{
	kt_key_mask given = 0;

	if (!cJSON_IsObject(item))
		return kt_json_error_at(reader->json, item, "%s must be an object", what);
	for (const cJSON *member = item->child; member; member = member->next) {
		size_t index = find_key(table, allowed, member->string);

		if (!table[index].name || kt_reader_has_odd_name(reader, member))
			return unknown_key(reader, member, what, table, allowed);
		given |= KT_KEY_BIT(index);
	}
	for (size_t i = 0; table[i].name; i++) {
		if (table[i].required && (allowed & KT_KEY_BIT(i)) && !(given & KT_KEY_BIT(i)))
			return kt_json_error_at(reader->json, item, "%s needs the key \"%s\"", what,
						table[i].name);
	}
	/* In the order of the table: a later key may lean on an earlier one. */
	for (size_t i = 0; table[i].name; i++) {
		if (given & KT_KEY_BIT(i))
			KT_TRY(read_value(reader,
					  cJSON_GetObjectItemCaseSensitive(item, table[i].name),
					  &table[i], ret));
	}
	if (ret_given)
		*ret_given = given;
	return NULL;
}
