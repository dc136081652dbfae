/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Values in debug information: numbers of fixed and of variable length, and all the forms that an
 * attribute's value may have (DWARF 5, section 7.5.6, and GNU's).  Every read is checked
 * against the end of the bytes.
 */
#ifndef KT_PROBE_RESOLVE_DEBUG_FORM_H
#define KT_PROBE_RESOLVE_DEBUG_FORM_H

#include "probe/resolve/debug_info.h"

enum kt_debug_value_type {
	KT_VALUE_OTHER,	    /* nothing that is wanted of a value of this form */
	KT_VALUE_NUMBER,    /* a constant */
	KT_VALUE_NEGATIVE,  /* likewise, below 0; number holds its two's complement */
	KT_VALUE_REFERENCE, /* to an entry, from the start of its unit */
	KT_VALUE_OFFSET,    /* into another section */
	KT_VALUE_TEXT,	    /* in place */
	KT_VALUE_STR,	    /* offset into .debug_str */
	KT_VALUE_LINE_STR,  /* offset into .debug_line_str */
	KT_VALUE_STR_INDEX, /* index into the unit's part of .debug_str_offsets */
};

struct kt_debug_value {
	enum kt_debug_value_type type;
	uint64_t number;
	const char *text; /* ends within the bytes; borrowed from them */
};

/* As an abbreviation has it. */
struct kt_debug_attribute {
	uint64_t name;
	uint64_t form;
	int64_t implicit; /* the value itself, of DW_FORM_implicit_const */
};

/* What the length of some forms depends on. */
struct kt_debug_sizes {
	uint16_t version;
	uint8_t offset_bytes;
	uint8_t address_bytes;
};

/** Reads a little-endian number of @count bytes, at most 8.  False if they are not there. */
bool kt_bytes_uint(struct kt_bytes *bytes, size_t count, uint64_t *ret);

/** Reads an unsigned LEB128.  False if it does not end, or does not fit into 64 bits. */
bool kt_bytes_uleb(struct kt_bytes *bytes, uint64_t *ret);

/** Reads a signed LEB128.  False if it does not end, or does not fit into 64 bits. */
bool kt_bytes_sleb(struct kt_bytes *bytes, int64_t *ret);

/**
 * Reads the value of @attribute and moves @bytes behind it.  False if the form is unknown or the
 * value does not end.
 */
bool kt_debug_value_read(struct kt_bytes *bytes, const struct kt_debug_attribute *attribute,
			 const struct kt_debug_sizes *sizes, struct kt_debug_value *ret);

#endif
