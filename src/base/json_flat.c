/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/json_flat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json_scan.h"

struct walk {
	const struct kt_json_tokens *tokens;
	struct kt_flat_metrics *out;
	struct kt_buf path;
};

/* A member of the object being walked, its name unescaped for sorting. */
struct member {
	char *name;
	size_t token;
};

bool kt_json_region(const char *text, size_t len, size_t *ret_start, size_t *ret_end)
{
	size_t start = 0;
	while (start < len && text[start] != '{' && text[start] != '[')
		start++;
	if (start == len)
		return false;

	char opener = text[start];
	char closer = opener == '{' ? '}' : ']';
	size_t depth = 0;
	bool in_string = false;
	for (size_t at = start; at < len; at++) {
		char byte = text[at];
		if (in_string && byte == '\\') {
			at++;
		} else if (byte == '"') {
			in_string = !in_string;
		} else if (!in_string && byte == opener) {
			depth++;
		} else if (!in_string && byte == closer && --depth == 0) {
			*ret_start = start;
			*ret_end = at + 1;
			return true;
		}
	}
	return false;
}

static struct kt_error *emit(struct walk *walk, const char *name, double value)
{
	struct kt_flat_metrics *out = walk->out;

	if (!isfinite(value))
		return NULL;
	if (out->count == out->cap) {
		size_t cap = out->cap ? out->cap * 2 : 64;
		struct kt_flat_metric *metrics = reallocarray(out->metrics, cap, sizeof(*metrics));
		if (!metrics)
			return kt_error_no_memory();
		out->metrics = metrics;
		out->cap = cap;
	}
	char *copy = strdup(name);
	if (!copy)
		return kt_error_no_memory();
	out->metrics[out->count++] = (struct kt_flat_metric){ .name = copy, .value = value };
	return NULL;
}

static struct kt_error *walk_token(struct walk *walk, size_t index, unsigned depth);

/* Walks @index with ".@name" (or "@name") behind the path. */
static struct kt_error *walk_below(struct walk *walk, const char *name, size_t index,
				   unsigned depth)
{
	size_t path_len = walk->path.len;

	if (path_len)
		kt_buf_putc(&walk->path, '.');
	kt_buf_puts(&walk->path, name);
	KT_TRY(kt_buf_error(&walk->path));
	KT_TRY(walk_token(walk, index, depth + 1));
	walk->path.len = path_len;
	if (walk->path.data)
		walk->path.data[path_len] = '\0';
	return NULL;
}

static struct kt_error *walk_array(struct walk *walk, size_t index, unsigned depth)
{
	const struct kt_json_token *tokens = walk->tokens->tokens;
	size_t position = 0;

	for (size_t i = index + 1; i < tokens[index].next; i = tokens[i].next) {
		char name[24];
		(void)snprintf(name, sizeof(name), "%zu", position++);
		KT_TRY(walk_below(walk, name, i, depth));
	}
	return NULL;
}

static int compare_members(const void *a, const void *b)
{
	const struct member *left = a;
	const struct member *right = b;
	int order = strcmp(left->name, right->name);

	if (order)
		return order;
	return (left->token > right->token) - (left->token < right->token);
}

static void free_members(struct member *members, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(members[i].name);
	free(members);
}

static struct kt_error *collect_members(const struct kt_json_tokens *tokens, size_t index,
					struct member *members)
{
	size_t count = 0;

	for (size_t i = index + 1; i < tokens->tokens[index].next; i = tokens->tokens[i].next) {
		kt_autobuf struct kt_buf name = KT_BUF_INIT;
		kt_json_unescape(tokens->text, tokens->tokens[i].key_start,
				 tokens->tokens[i].key_end, &name);
		members[count].token = i;
		members[count].name = kt_buf_steal(&name);
		if (!members[count++].name)
			return kt_error_no_memory();
	}
	return NULL;
}

static struct kt_error *walk_object(struct walk *walk, size_t index, unsigned depth)
{
	size_t count = walk->tokens->tokens[index].child_count;
	if (!count)
		return NULL;
	struct member *members = calloc(count, sizeof(*members));
	if (!members)
		return kt_error_no_memory();

	struct kt_error *err = collect_members(walk->tokens, index, members);
	if (!err)
		qsort(members, count, sizeof(*members), compare_members);
	for (size_t i = 0; !err && i < count; i++) {
		bool is_last = i + 1 == count || strcmp(members[i].name, members[i + 1].name) != 0;
		if (is_last)
			err = walk_below(walk, members[i].name, members[i].token, depth);
	}
	free_members(members, count);
	return err;
}

static struct kt_error *walk_token(struct walk *walk, size_t index, unsigned depth)
{
	enum kt_json_type type = walk->tokens->tokens[index].type;

	if (depth > KT_JSON_FLAT_MAX_DEPTH)
		return emit(walk, KT_JSON_FLAT_TRUNCATED, depth);
	if (type == KT_JSON_OBJECT)
		return walk_object(walk, index, depth);
	if (type == KT_JSON_ARRAY)
		return walk_array(walk, index, depth);
	if (type == KT_JSON_NUMBER)
		return emit(walk, kt_buf_text(&walk->path),
			    kt_json_token_double(walk->tokens, index));
	return NULL;
}

/* The whole text if it is JSON, else its first region if that is JSON; false for neither. */
static bool scan_output(const char *text, size_t len, struct kt_json_tokens *ret)
{
	kt_autoerr struct kt_error *whole =
		kt_json_scan(text, len, "output", KT_JSON_ALLOW_DUPLICATES, ret);
	size_t start;
	size_t end;

	if (!whole)
		return true;
	if (!kt_json_region(text, len, &start, &end))
		return false;
	kt_autoerr struct kt_error *region =
		kt_json_scan(text + start, end - start, "output", KT_JSON_ALLOW_DUPLICATES, ret);
	return !region;
}

struct kt_error *kt_json_flatten(const char *text, size_t len, struct kt_flat_metrics *ret)
{
	struct kt_flat_metrics metrics = { 0 };
	struct kt_json_tokens tokens;

	if (scan_output(text, len, &tokens)) {
		struct walk walk = { .tokens = &tokens, .out = &metrics };
		struct kt_error *err = walk_token(&walk, 0, 0);
		kt_buf_deinit(&walk.path);
		kt_json_tokens_deinit(&tokens);
		if (err) {
			kt_flat_metrics_deinit(&metrics);
			return err;
		}
	}
	*ret = metrics;
	return NULL;
}

void kt_flat_metrics_deinit(struct kt_flat_metrics *metrics)
{
	for (size_t i = 0; i < metrics->count; i++)
		free(metrics->metrics[i].name);
	free(metrics->metrics);
	*metrics = (struct kt_flat_metrics){ 0 };
}
