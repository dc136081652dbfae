/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A reader of debug information (DWARF 2 to 5, www.dwarfstd.org) for foreign files.
 *
 * It knows just what a search for a structure's members needs: units, entries one after the
 * other, and a few attributes.  Nothing is followed into another file, nothing is read outside of
 * a section, and the steps of a search are counted, so that a file made for it can neither crash
 * the probe nor keep it busy.  Whatever is damaged ends the unit that it is in.
 */
#ifndef KT_PROBE_RESOLVE_DEBUG_INFO_H
#define KT_PROBE_RESOLVE_DEBUG_INFO_H

#include "probe/resolve/elf_file.h"

enum kt_debug_section {
	KT_DEBUG_INFO,
	KT_DEBUG_TYPES, /* units of single types, DWARF 4 */
	KT_DEBUG_ABBREV,
	KT_DEBUG_STR,
	KT_DEBUG_LINE_STR,
	KT_DEBUG_STR_OFFSETS,
	KT_DEBUG_SECTION_COUNT
};

/* Bytes that are left to be read. */
struct kt_bytes {
	const unsigned char *at;
	const unsigned char *end;
};

/* What the entries of one kind have. */
struct kt_abbreviation {
	uint64_t code;
	uint64_t tag;
	bool has_children;
	const unsigned char *attributes;
};

struct kt_debug_info {
	struct kt_bytes sections[KT_DEBUG_SECTION_COUNT]; /* borrowed from the file */
	uint64_t steps_left;
	/* Of the unit that was read last. */
	struct kt_abbreviation *abbreviations;
	size_t abbreviation_count;
	size_t abbreviation_cap;
	const unsigned char *abbreviations_of; /* start of their table; NULL for none */
};

enum kt_debug_number {
	KT_DEBUG_NO_NUMBER,
	KT_DEBUG_NUMBER,
	KT_DEBUG_NEGATIVE,   /* a number below 0 */
	KT_DEBUG_EXPRESSION, /* to be computed, or a list */
};

struct kt_debug_entry {
	uint64_t tag; /* 0: the end of a list of siblings */
	bool has_children;
	bool is_declaration;
	const char *name;		     /* NULL for none; ends within its section */
	enum kt_debug_number location_form;  /* of DW_AT_data_member_location */
	uint64_t location;		     /* if it is KT_DEBUG_NUMBER */
	const unsigned char *next;	     /* behind the entry: its first child, if it has any */
	const unsigned char *sibling;	     /* NULL if it is not told */
	const unsigned char *string_offsets; /* DW_AT_str_offsets_base; NULL if it has none */
};

struct kt_debug_unit {
	enum kt_debug_section section;
	const unsigned char *start;
	const unsigned char *end; /* NULL before the first unit */
	const unsigned char *abbreviations;
	const unsigned char *string_offsets;
	uint16_t version;
	uint8_t offset_bytes; /* 4 or 8 */
	uint8_t address_bytes;
	struct kt_debug_entry root; /* the unit's own entry */
};

/**
 * Opens the debug information of @file, compressed or not.
 * Errors: probe (none, damaged, or for another machine).  @name is for error texts.
 * Owner: @ret borrows @file's bytes; the caller calls kt_debug_info_close().
 */
struct kt_error *kt_debug_info_open(const struct kt_elf *file, const char *name,
				    struct kt_debug_info *ret) KT_MUST_CHECK;

/** Forgets it; a zeroed one is allowed. */
void kt_debug_info_close(struct kt_debug_info *info);

/**
 * Moves @unit, zeroed at first, to the next one that can be read.  False behind the last, or when
 * no steps are left.
 */
bool kt_debug_unit_next(struct kt_debug_info *info, struct kt_debug_unit *unit);

/**
 * Reads the entry at @at, within @unit.  False if that is the unit's end, or damaged, or no
 * steps are left.  Owner: @ret borrows from the file.
 */
bool kt_debug_entry_read(struct kt_debug_info *info, const struct kt_debug_unit *unit,
			 const unsigned char *at, struct kt_debug_entry *ret);

/**
 * Where the next sibling of @entry is, behind all its children; NULL if there is none.
 */
const unsigned char *kt_debug_entry_skip(struct kt_debug_info *info,
					 const struct kt_debug_unit *unit,
					 const struct kt_debug_entry *entry);

#endif
