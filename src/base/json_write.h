/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Writes JSON as it goes, in constant memory: every string escaped, every integer
 * exact, commas and indentation placed by itself.
 */
#ifndef KT_BASE_JSON_WRITE_H
#define KT_BASE_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct kt_json_writer {
	struct kt_buf *out; /* borrowed */
	int indent;	    /* blanks per level; 0 writes everything on one line */
	int level;
	bool fresh;	 /* nothing was written at this level yet */
	bool key_before; /* a member name was just written */
};

/** Starts a writer into @out; @indent is the number of blanks per level, 0 for one line. */
void kt_json_writer_init(struct kt_json_writer *writer, struct kt_buf *out, int indent);

/** Opens an object. */
void kt_json_object_begin(struct kt_json_writer *writer);

/** Closes the object opened last. */
void kt_json_object_end(struct kt_json_writer *writer);

/** Opens an array. */
void kt_json_array_begin(struct kt_json_writer *writer);

/** Closes the array opened last. */
void kt_json_array_end(struct kt_json_writer *writer);

/** Writes a member name; exactly one value must follow. */
void kt_json_key(struct kt_json_writer *writer, const char *key);

/** Writes a string value; bytes that are not UTF-8 become U+FFFD. */
void kt_json_string(struct kt_json_writer *writer, const char *text);

/** The same for @len bytes that may hold NULs. */
void kt_json_string_n(struct kt_json_writer *writer, const char *text, size_t len);

/** Writes an unsigned integer, exact to the last of 64 bits. */
void kt_json_u64(struct kt_json_writer *writer, uint64_t value);

/** Writes a signed integer. */
void kt_json_i64(struct kt_json_writer *writer, int64_t value);

/** Writes a number; one that is not finite becomes null. */
void kt_json_double(struct kt_json_writer *writer, double value);

/** Writes true or false. */
void kt_json_bool(struct kt_json_writer *writer, bool value);

/** Writes a member with a string value. */
void kt_json_member_string(struct kt_json_writer *writer, const char *key, const char *text);

/** Writes a member with an unsigned integer. */
void kt_json_member_u64(struct kt_json_writer *writer, const char *key, uint64_t value);

/** Writes a member with true or false. */
void kt_json_member_bool(struct kt_json_writer *writer, const char *key, bool value);

#endif
