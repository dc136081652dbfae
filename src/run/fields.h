/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Structures to JSON objects and back, from one table for both directions.
 *
 * A table lists the members of a structure: name, place, kind.  Encoding, strict
 * decoding and deep copying walk the same table, so they cannot disagree.  Decoding
 * skips members that the table does not know and refuses wrong types.  What may be
 * missing has a kind of its own; an unknown number is told apart from 0.
 */
#ifndef KT_RUN_FIELDS_H
#define KT_RUN_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/json_scan.h"
#include "base/json_write.h"

/** A number that may be unknown. */
struct kt_opt_u64 {
	bool known;
	uint64_t value;
};

/** A yes or no that may be unknown. */
struct kt_opt_bool {
	bool known;
	bool value;
};

#define KT_KNOWN(number)           \
	((struct kt_opt_u64){      \
		.known = true,     \
		.value = (number), \
	})

enum kt_field_kind {
	KT_FIELD_TEXT,	   /* const char * */
	KT_FIELD_OPT_TEXT, /* const char *, NULL when missing */
	KT_FIELD_U32,
	KT_FIELD_U64,
	KT_FIELD_OPT_U64,
	KT_FIELD_BOOL,
	KT_FIELD_OPT_BOOL,
	KT_FIELD_WORD,	   /* int, index into `words` */
	KT_FIELD_OPT_WORD, /* the same; words[0] is NULL and stands for missing */
	KT_FIELD_TEXTS,	   /* const char *const *, and its count */
	KT_FIELD_RECORDS,  /* pointer to structures described by `record`, and its count */
	/* The same, missing when there are none. */
	KT_FIELD_OPT_RECORDS,
	/* Pointer to one structure, an object in JSON; NULL when missing. */
	KT_FIELD_OPT_RECORD,
	/*
	 * Pointer to a structure whose members stand among the others in JSON, each of them of a
	 * kind that may be missing; NULL when all are.  `name` is for the table only.
	 */
	KT_FIELD_OPT_PART,
};

struct kt_record;

struct kt_field {
	const char *name; /* NULL ends a table */
	enum kt_field_kind kind;
	size_t offset;
	size_t count_offset;	  /* of the size_t count of a list */
	const char *const *words; /* ended by NULL behind the last word */
	const struct kt_record *record;
};

struct kt_record {
	size_t size; /* sizeof the structure */
	const struct kt_field *fields;
	/* What else must hold for a decoded structure: NULL, or the reason why it does not. */
	const char *(*refuse)(const void *record);
};

/* Longest text of one member; longer ones are cut.  The tails are far below it. */
#define KT_FIELDS_MAX_TEXT_BYTES (1UL << 20)

/** Whether an object without this member is still one of its type. */
bool kt_field_may_be_missing(const struct kt_field *field);

/**
 * The string token at @index as clean text: escapes resolved, no control characters, bounded.
 * Errors: no memory.  Owner: @arena.
 */
struct kt_error *kt_fields_decode_text(const struct kt_json_tokens *tokens, size_t index,
				       struct kt_arena *arena, const char **ret) KT_MUST_CHECK;

/** Writes the members of @record as described; the object is open already. */
void kt_fields_encode(const struct kt_record *type, const void *record,
		      struct kt_json_writer *writer);

/**
 * Fills the zeroed @ret from the object token at index @object.
 * Errors: protocol (a member is missing or of the wrong type; "member: reason"), no memory.
 * Owner: strings and lists live in @arena.
 */
struct kt_error *kt_fields_decode(const struct kt_record *type, const struct kt_json_tokens *tokens,
				  size_t object, struct kt_arena *arena, void *ret) KT_MUST_CHECK;

/**
 * Copies @from to @to with all strings and lists.
 * Errors: no memory.  Owner: the copies live in @arena; @from stays the caller's.
 */
struct kt_error *kt_fields_copy(const struct kt_record *type, const void *from,
				struct kt_arena *arena, void *to) KT_MUST_CHECK;

#endif
