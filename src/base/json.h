/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A strict JSON document as a cJSON tree whose every item knows its place.
 *
 * cJSON alone accepts trailing garbage, duplicate names and invalid UTF-8, and
 * squeezes integers through a double.  So the text goes through base/json_scan.h
 * first; cJSON then builds the tree, and each item's otherwise unused `valueint`
 * holds the index of its token.  Read numbers through this header only.
 */
#ifndef KT_BASE_JSON_H
#define KT_BASE_JSON_H

#include <cjson/cJSON.h>

#include "base/json_scan.h"

struct kt_json {
	char *name; /* for error texts */
	char *text;
	struct kt_json_tokens tokens;
	cJSON *root;
};

/**
 * Parses a document of @len bytes.  @flags as for kt_json_scan().
 * Errors: usage ("name:line:column: what"), no memory.
 * Owner: the caller calls kt_json_destroy(); @text is copied.
 */
struct kt_error *kt_json_parse(const char *text, size_t len, const char *name, unsigned flags,
			       struct kt_json **ret) KT_MUST_CHECK;

/** Frees the document; NULL is allowed. */
void kt_json_destroy(struct kt_json *json);

/** An error of class usage that points at @item: "name:line:column: what".  Owner: the caller. */
struct kt_error *kt_json_error_at(const struct kt_json *json, const cJSON *item, const char *fmt,
				  ...) KT_MUST_CHECK KT_PRINTF(3, 4);

/** The same, pointing at the member name of @item.  Owner: the caller. */
struct kt_error *kt_json_error_at_key(const struct kt_json *json, const cJSON *item,
				      const char *fmt, ...) KT_MUST_CHECK KT_PRINTF(3, 4);

/** The exact value of a number item; false unless it is a non-negative integer below 2^64. */
bool kt_json_item_u64(const struct kt_json *json, const cJSON *item, uint64_t *ret);

static inline void kt_json_destroy_cleanup(struct kt_json **slot)
{
	kt_json_destroy(*slot);
}

#define kt_autojson __attribute__((cleanup(kt_json_destroy_cleanup)))

#endif
