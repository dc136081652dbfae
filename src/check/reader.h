/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Strict reading of JSON objects by tables of keys: what is not in the table, of the
 * wrong type, out of range or missing is an error with its place that says what is
 * allowed.  (Keys given twice were refused by base/json.h already.)
 */
#ifndef KT_CHECK_READER_H
#define KT_CHECK_READER_H

#include "base/arena.h"
#include "base/json.h"

/** What is read, and where its strings go. */
struct kt_reader {
	const struct kt_json *json;
	struct kt_arena *arena;
	const void *context; /* for the table's own functions */
};

enum kt_key_kind {
	KT_KEY_TEXT, /* const char *: one line of 1 to `max` bytes */
	KT_KEY_NAME, /* const char *: lower-case letters, digits, '.', '_', '-' */
	KT_KEY_U32,  /* from `min` to `max` */
	KT_KEY_U64,
	KT_KEY_BOOL,
	KT_KEY_CUSTOM, /* by `read` */
};

/**
 * Reads @item into the structure at @ret.
 * Errors: usage, no memory.  Owner: strings live in the reader's arena.
 */
typedef struct kt_error *(*kt_key_fn)(const struct kt_reader *reader, const cJSON *item, void *ret);

struct kt_key {
	const char *name; /* NULL ends a table */
	enum kt_key_kind kind;
	bool required;
	size_t offset; /* in the structure */
	uint64_t min;
	uint64_t max;
	kt_key_fn read;
};

/* Bit i stands for entry i of a table. */
typedef uint64_t kt_key_mask;
#define KT_KEY_BIT(index) ((kt_key_mask)1 << (index))
#define KT_KEYS_ALL	  (~(kt_key_mask)0)

/**
 * Reads the object @item into the structure at @ret by the keys of @table in @allowed.
 * @what names the object in error texts.  @ret_given (or NULL) tells which keys were there.
 * Errors: usage, no memory.  Owner: strings live in the reader's arena.
 */
struct kt_error *kt_reader_object(const struct kt_reader *reader, const cJSON *item,
				  const char *what, const struct kt_key *table, kt_key_mask allowed,
				  void *ret, kt_key_mask *ret_given) KT_MUST_CHECK;

/**
 * Reads a string of 1 to @max_bytes bytes without control characters.
 * Errors: usage, no memory.  Owner: the text lives in the reader's arena.
 */
struct kt_error *kt_reader_text(const struct kt_reader *reader, const cJSON *item, size_t max_bytes,
				const char **ret) KT_MUST_CHECK;

/** Whether the name of @member has a \u0000 in it, where cJSON's copy seems to end. */
bool kt_reader_has_odd_name(const struct kt_reader *reader, const cJSON *member);

/**
 * Reads a whole number from @min to @max.
 * Errors: usage, no memory.
 */
struct kt_error *kt_reader_number(const struct kt_reader *reader, const cJSON *item, uint64_t min,
				  uint64_t max, uint64_t *ret) KT_MUST_CHECK;

/**
 * Reads a string that is one of @words (ended by NULL) as its index.
 * Errors: usage, no memory.
 */
struct kt_error *kt_reader_word(const struct kt_reader *reader, const cJSON *item,
				const char *const *words, int *ret) KT_MUST_CHECK;

/**
 * Checks that @item is an array of @min to @max elements; @ret is their number.
 * Errors: usage, no memory.
 */
struct kt_error *kt_reader_array(const struct kt_reader *reader, const cJSON *item, size_t min,
				 size_t max, size_t *ret) KT_MUST_CHECK;

#endif
