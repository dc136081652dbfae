/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/json.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Walks tree and token table side by side; both are in document order. */
static size_t number_items(cJSON *item, size_t index)
{
	item->valueint = (int)index++;
	for (cJSON *child = item->child; child; child = child->next)
		index = number_items(child, index);
	return index;
}

static struct kt_error *build_tree(struct kt_json *json, size_t len)
{
	json->root = cJSON_ParseWithLengthOpts(json->text, len + 1, NULL, true);
	if (!json->root)
		return kt_error_create(KT_ERROR_USAGE, 0, "%s: this JSON is too large or too deep",
				       json->name);
	size_t count = number_items(json->root, 0);
	assert(count == json->tokens.count);
	return NULL;
}

struct kt_error *kt_json_parse(const char *text, size_t len, const char *name, unsigned flags,
			       struct kt_json **ret)
{
	kt_autojson struct kt_json *json = calloc(1, sizeof(*json));
	if (!json)
		return kt_error_no_memory();
	json->name = strdup(name);
	json->text = malloc(len + 1);
	if (!json->name || !json->text)
		return kt_error_no_memory();
	memcpy(json->text, text, len);
	json->text[len] = '\0';

	KT_TRY(kt_json_scan(json->text, len, name, flags, &json->tokens));
	KT_TRY(build_tree(json, len));
	*ret = KT_TAKE(json);
	return NULL;
}

void kt_json_destroy(struct kt_json *json)
{
	if (!json)
		return;
	cJSON_Delete(json->root);
	kt_json_tokens_deinit(&json->tokens);
	free(json->text);
	free(json->name);
	free(json);
}

static const struct kt_json_token *token_of(const struct kt_json *json, const cJSON *item)
{
	return &json->tokens.tokens[item->valueint];
}

static KT_PRINTF(3, 0) struct kt_error *error_at_offset(const struct kt_json *json, size_t offset,
							const char *fmt, va_list args)
{
	size_t line;
	size_t column;
	kt_autofree char *what = NULL;

	if (vasprintf(&what, fmt, args) < 0) {
		what = NULL;
		return kt_error_no_memory();
	}
	kt_json_position(json->text, offset, &line, &column);
	return kt_error_create(KT_ERROR_USAGE, 0, "%s:%zu:%zu: %s", json->name, line, column, what);
}

struct kt_error *kt_json_error_at(const struct kt_json *json, const cJSON *item, const char *fmt,
				  ...)
{
	va_list args;

	va_start(args, fmt);
	struct kt_error *err = error_at_offset(json, token_of(json, item)->start, fmt, args);
	va_end(args);
	return err;
}

struct kt_error *kt_json_error_at_key(const struct kt_json *json, const cJSON *item,
				      const char *fmt, ...)
{
	const struct kt_json_token *token = token_of(json, item);
	size_t offset = token->key_start ? token->key_start - 1 : token->start;
	va_list args;

	va_start(args, fmt);
	struct kt_error *err = error_at_offset(json, offset, fmt, args);
	va_end(args);
	return err;
}

bool kt_json_item_u64(const struct kt_json *json, const cJSON *item, uint64_t *ret)
{
	return kt_json_token_u64(&json->tokens, (size_t)item->valueint, ret);
}
