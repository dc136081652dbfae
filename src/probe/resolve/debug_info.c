/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/debug_info.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "probe/resolve/debug_form.h"

enum {
	ABBREVIATIONS_MAX = 65536,
	STEPS_MAX = 1 << 29, /* some seconds; 300 MB of entries need a quarter of them */
	DECOMPRESSED_MAX_BYTES = 1 << 30,
	NAME_MAX_BYTES = 4096, /* what is longer is no name of ours */
};

static const char *const section_names[KT_DEBUG_SECTION_COUNT] = {
	[KT_DEBUG_INFO] = "debug_info",		[KT_DEBUG_TYPES] = "debug_types",
	[KT_DEBUG_ABBREV] = "debug_abbrev",	[KT_DEBUG_STR] = "debug_str",
	[KT_DEBUG_LINE_STR] = "debug_line_str", [KT_DEBUG_STR_OFFSETS] = "debug_str_offsets",
};

/* How large the content is when it is not compressed; GNU's old way has it behind "ZLIB". */
static uint64_t plain_size(Elf_Scn *section, const GElf_Shdr *header, bool is_old_way)
{
	GElf_Chdr compression;

	if (header->sh_flags & SHF_COMPRESSED)
		return gelf_getchdr(section, &compression) ? compression.ch_size : UINT64_MAX;
	if (!is_old_way)
		return header->sh_size;
	Elf_Data *raw = elf_rawdata(section, NULL);
	if (!raw || !raw->d_buf || raw->d_size < 12)
		return UINT64_MAX;
	uint64_t size = 0;
	for (size_t i = 4; i < 12; i++)
		size = size << 8 | ((const unsigned char *)raw->d_buf)[i];
	return size;
}

/* The content of a section, decompressed where it has to be; empty if that does not work. */
static struct kt_bytes section_bytes(Elf_Scn *section, const GElf_Shdr *header, bool is_old_way)
{
	bool is_compressed = header->sh_flags & SHF_COMPRESSED || is_old_way;
	int failed = 0;

	if (header->sh_type == SHT_NOBITS)
		return (struct kt_bytes){ 0 };
	if (is_compressed && plain_size(section, header, is_old_way) > DECOMPRESSED_MAX_BYTES)
		return (struct kt_bytes){ 0 };
	if (header->sh_flags & SHF_COMPRESSED)
		failed = elf_compress(section, 0, 0) < 0;
	else if (is_old_way)
		failed = elf_compress_gnu(section, 0, 0) < 0;
	Elf_Data *data = failed ? NULL : elf_rawdata(section, NULL);
	if (!data || !data->d_buf)
		return (struct kt_bytes){ 0 };
	return (struct kt_bytes){ data->d_buf, (const unsigned char *)data->d_buf + data->d_size };
}

/* Takes the section if it is one of those that are wanted, and the first of its name. */
static void take_section(struct kt_debug_info *info, Elf_Scn *section, const char *name,
			 const GElf_Shdr *header)
{
	bool is_old_way = name[0] == '.' && name[1] == 'z';

	if (name[0] != '.')
		return;
	name += is_old_way ? 2 : 1;
	for (size_t i = 0; i < KT_DEBUG_SECTION_COUNT; i++)
		if (!info->sections[i].at && !strcmp(name, section_names[i]))
			info->sections[i] = section_bytes(section, header, is_old_way);
}

struct kt_error *kt_debug_info_open(const struct kt_elf *file, const char *name,
				    struct kt_debug_info *ret)
{
	struct kt_debug_info info = { .steps_left = STEPS_MAX };
	size_t names;

	if (!kt_elf_is_native(file))
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: for another machine", name);
	if (elf_getshdrstrndx(file->elf, &names))
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: %s", name, elf_errmsg(-1));
	for (Elf_Scn *section = elf_nextscn(file->elf, NULL); section;
	     section = elf_nextscn(file->elf, section)) {
		GElf_Shdr header;
		if (!gelf_getshdr(section, &header))
			continue;
		const char *found = elf_strptr(file->elf, names, header.sh_name);
		if (found)
			take_section(&info, section, found, &header);
	}
	if (!info.sections[KT_DEBUG_INFO].at || !info.sections[KT_DEBUG_ABBREV].at)
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: its debug information is damaged",
				       name);
	*ret = info;
	return NULL;
}

void kt_debug_info_close(struct kt_debug_info *info)
{
	free(info->abbreviations);
	*info = (struct kt_debug_info){ 0 };
}

static bool take_step(struct kt_debug_info *info)
{
	if (!info->steps_left)
		return false;
	info->steps_left--;
	return true;
}

/* The next attribute of an abbreviation; false at the list's end or if it is damaged. */
static bool next_attribute(struct kt_debug_info *info, struct kt_bytes *table,
			   struct kt_debug_attribute *ret)
{
	if (!take_step(info) || !kt_bytes_uleb(table, &ret->name) ||
	    !kt_bytes_uleb(table, &ret->form))
		return false;
	ret->implicit = 0;
	if (ret->form == DW_FORM_implicit_const && !kt_bytes_sleb(table, &ret->implicit))
		return false;
	return ret->name || ret->form;
}

/* Reads one abbreviation without its attributes; code 0 is the table's end. */
static bool read_abbreviation(struct kt_bytes *table, struct kt_abbreviation *ret)
{
	uint64_t has_children;

	if (!kt_bytes_uleb(table, &ret->code))
		return false;
	if (!ret->code)
		return true;
	if (!kt_bytes_uleb(table, &ret->tag) || !kt_bytes_uint(table, 1, &has_children))
		return false;
	ret->has_children = has_children != 0;
	ret->attributes = table->at;
	return ret->tag != 0;
}

static bool add_abbreviation(struct kt_debug_info *info, const struct kt_abbreviation *abbreviation)
{
	if (info->abbreviation_count == info->abbreviation_cap) {
		size_t cap = info->abbreviation_cap ? info->abbreviation_cap * 2 : 64;
		struct kt_abbreviation *list = cap > ABBREVIATIONS_MAX
						       ? NULL
						       : reallocarray(info->abbreviations, cap,
								      sizeof(*info->abbreviations));
		if (!list)
			return false;
		info->abbreviations = list;
		info->abbreviation_cap = cap;
	}
	info->abbreviations[info->abbreviation_count++] = *abbreviation;
	return true;
}

/* Makes the list of the abbreviations in the table at @start, as far as it can be read. */
static void load_abbreviations(struct kt_debug_info *info, const unsigned char *start)
{
	struct kt_bytes table = { start, info->sections[KT_DEBUG_ABBREV].end };
	struct kt_abbreviation abbreviation = { 0 };
	struct kt_debug_attribute attribute;

	info->abbreviations_of = start;
	info->abbreviation_count = 0;
	while (take_step(info) && read_abbreviation(&table, &abbreviation) && abbreviation.code) {
		while (next_attribute(info, &table, &attribute))
			;
		if (!add_abbreviation(info, &abbreviation))
			return;
	}
}

/*
 * The abbreviation with @code.  Compilers number them from 1 on; a unit's own entry has the first,
 * so that a look at each unit does not need the lists.
 */
static bool find_abbreviation(struct kt_debug_info *info, const struct kt_debug_unit *unit,
			      uint64_t code, struct kt_abbreviation *ret)
{
	struct kt_bytes table = { unit->abbreviations, info->sections[KT_DEBUG_ABBREV].end };

	if (info->abbreviations_of != unit->abbreviations) {
		if (read_abbreviation(&table, ret) && ret->code == code)
			return true;
		load_abbreviations(info, unit->abbreviations);
	}
	if (code - 1 < info->abbreviation_count && info->abbreviations[code - 1].code == code) {
		*ret = info->abbreviations[code - 1];
		return true;
	}
	for (size_t i = 0; i < info->abbreviation_count && take_step(info); i++)
		if (info->abbreviations[i].code == code) {
			*ret = info->abbreviations[i];
			return true;
		}
	return false;
}

/* The text at @offset of a section of texts; NULL unless it ends there. */
static const char *section_text(const struct kt_bytes *section, uint64_t offset)
{
	if (!section->at || offset >= (uint64_t)(section->end - section->at))
		return NULL;
	size_t left = (size_t)(section->end - section->at) - (size_t)offset;
	const unsigned char *text = section->at + offset;
	return memchr(text, '\0', left < NAME_MAX_BYTES ? left : NAME_MAX_BYTES)
		       ? (const char *)text
		       : NULL;
}

/* The text of a value of class string. */
static const char *value_text(const struct kt_debug_info *info, const struct kt_debug_unit *unit,
			      const struct kt_debug_entry *entry,
			      const struct kt_debug_value *value)
{
	const struct kt_bytes *offsets = &info->sections[KT_DEBUG_STR_OFFSETS];
	const unsigned char *base = entry->string_offsets ? entry->string_offsets
							  : unit->string_offsets;
	uint64_t offset;

	switch (value->type) {
	case KT_VALUE_TEXT:
		return value->text;
	case KT_VALUE_STR:
		return section_text(&info->sections[KT_DEBUG_STR], value->number);
	case KT_VALUE_LINE_STR:
		return section_text(&info->sections[KT_DEBUG_LINE_STR], value->number);
	case KT_VALUE_STR_INDEX:
		if (!base || value->number >= (uint64_t)(offsets->end - base) / unit->offset_bytes)
			return NULL;
		struct kt_bytes at = { base + value->number * unit->offset_bytes, offsets->end };
		return kt_bytes_uint(&at, unit->offset_bytes, &offset)
			       ? section_text(&info->sections[KT_DEBUG_STR], offset)
			       : NULL;
	default:
		return NULL;
	}
}

static void take_location(struct kt_debug_entry *entry, const struct kt_debug_value *value)
{
	switch (value->type) {
	case KT_VALUE_NUMBER:
		entry->location_form = KT_DEBUG_NUMBER;
		break;
	case KT_VALUE_NEGATIVE:
		entry->location_form = KT_DEBUG_NEGATIVE;
		break;
	default:
		entry->location_form = KT_DEBUG_EXPRESSION;
		return;
	}
	entry->location = value->number;
}

/* An offset into .debug_str_offsets, as an address; NULL if it is outside. */
static const unsigned char *string_offsets_at(const struct kt_debug_info *info, uint64_t offset)
{
	const struct kt_bytes *section = &info->sections[KT_DEBUG_STR_OFFSETS];

	if (!section->at || offset > (uint64_t)(section->end - section->at))
		return NULL;
	return section->at + offset;
}

/* Keeps what is wanted of an attribute.  False if it leads nowhere. */
static bool take_attribute(const struct kt_debug_info *info, const struct kt_debug_unit *unit,
			   uint64_t name, const struct kt_debug_value *value,
			   struct kt_debug_entry *entry)
{
	switch (name) {
	case DW_AT_declaration:
		entry->is_declaration = value->type != KT_VALUE_NUMBER || value->number;
		return true;
	case DW_AT_data_member_location:
		take_location(entry, value);
		return true;
	case DW_AT_str_offsets_base:
		if (value->type == KT_VALUE_OFFSET)
			entry->string_offsets = string_offsets_at(info, value->number);
		return true;
	case DW_AT_sibling:
		if (value->type != KT_VALUE_REFERENCE)
			return true;
		if (value->number >= (uint64_t)(unit->end - unit->start))
			return false;
		entry->sibling = unit->start + value->number;
		return true;
	default:
		return true;
	}
}

bool kt_debug_entry_read(struct kt_debug_info *info, const struct kt_debug_unit *unit,
			 const unsigned char *at, struct kt_debug_entry *ret)
{
	const struct kt_debug_sizes sizes = { unit->version, unit->offset_bytes,
					      unit->address_bytes };
	struct kt_bytes bytes = { at, unit->end };
	struct kt_debug_entry entry = { 0 };
	struct kt_debug_value name = { .type = KT_VALUE_OTHER };
	struct kt_abbreviation abbreviation;
	struct kt_debug_attribute attribute;
	uint64_t code;

	if (!take_step(info) || !kt_bytes_uleb(&bytes, &code))
		return false;
	if (code && !find_abbreviation(info, unit, code, &abbreviation))
		return false;
	if (code) {
		struct kt_bytes table = { abbreviation.attributes,
					  info->sections[KT_DEBUG_ABBREV].end };
		entry.tag = abbreviation.tag;
		entry.has_children = abbreviation.has_children;
		while (next_attribute(info, &table, &attribute)) {
			struct kt_debug_value value;
			if (!kt_debug_value_read(&bytes, &attribute, &sizes, &value) ||
			    !take_attribute(info, unit, attribute.name, &value, &entry))
				return false;
			if (attribute.name == DW_AT_name)
				name = value;
		}
	}
	entry.name = value_text(info, unit, &entry, &name);
	entry.next = bytes.at;
	if (entry.sibling && entry.sibling < entry.next)
		return false;
	*ret = entry;
	return true;
}

const unsigned char *kt_debug_entry_skip(struct kt_debug_info *info,
					 const struct kt_debug_unit *unit,
					 const struct kt_debug_entry *entry)
{
	struct kt_debug_entry child;
	const unsigned char *at = entry->next;
	uint64_t depth = 1;

	if (entry->sibling)
		return entry->sibling;
	if (!entry->has_children)
		return at;
	while (depth) {
		if (!kt_debug_entry_read(info, unit, at, &child))
			return NULL;
		at = child.next;
		if (!child.tag)
			depth--;
		else if (child.sibling)
			at = child.sibling;
		else if (child.has_children)
			depth++;
	}
	return at;
}

/* Reads a unit's length, and with it the size of offsets. */
static bool read_unit_length(struct kt_bytes *bytes, struct kt_debug_unit *unit)
{
	uint64_t length;

	unit->offset_bytes = 4;
	if (!kt_bytes_uint(bytes, 4, &length))
		return false;
	if (length == 0xffffffff) {
		unit->offset_bytes = 8;
		if (!kt_bytes_uint(bytes, 8, &length))
			return false;
	}
	if (length > (uint64_t)(bytes->end - bytes->at))
		return false;
	unit->end = bytes->at + length;
	bytes->end = unit->end;
	return true;
}

/* What a unit of a single type has more in its header: a signature and an offset. */
static bool skip_type_header(struct kt_bytes *bytes, const struct kt_debug_unit *unit)
{
	uint64_t ignored;

	return kt_bytes_uint(bytes, 8, &ignored) &&
	       kt_bytes_uint(bytes, unit->offset_bytes, &ignored);
}

/* Reads the rest of a unit's header.  False if it is of an unknown kind, or damaged. */
static bool read_unit_header(const struct kt_debug_info *info, struct kt_bytes *bytes,
			     struct kt_debug_unit *unit)
{
	const struct kt_bytes *table = &info->sections[KT_DEBUG_ABBREV];
	bool is_type = unit->section == KT_DEBUG_TYPES;
	uint64_t version;
	uint64_t kind = DW_UT_compile;
	uint64_t address_bytes;
	uint64_t offset;

	if (!kt_bytes_uint(bytes, 2, &version) || version < 2 || version > 5)
		return false;
	unit->version = (uint16_t)version;
	if (version < 5) {
		if (!kt_bytes_uint(bytes, unit->offset_bytes, &offset) ||
		    !kt_bytes_uint(bytes, 1, &address_bytes))
			return false;
	} else if (!kt_bytes_uint(bytes, 1, &kind) || !kt_bytes_uint(bytes, 1, &address_bytes) ||
		   !kt_bytes_uint(bytes, unit->offset_bytes, &offset)) {
		return false;
	}
	if (kind == DW_UT_type)
		is_type = true;
	else if (kind != DW_UT_compile && kind != DW_UT_partial)
		return false; /* halves of units that are split over two files */
	if ((is_type && !skip_type_header(bytes, unit)) || address_bytes > 8 ||
	    offset >= (uint64_t)(table->end - table->at))
		return false;
	unit->address_bytes = (uint8_t)address_bytes;
	unit->abbreviations = table->at + offset;
	return true;
}

/* The unit at @at: its end is known if this returns true, and it can be read if @ret_good. */
static bool read_unit(struct kt_debug_info *info, const unsigned char *at,
		      struct kt_debug_unit *unit, bool *ret_good)
{
	struct kt_bytes bytes = { at, info->sections[unit->section].end };

	unit->start = at;
	/* Without DW_AT_str_offsets_base, behind the section's header (7.26 of DWARF 5). */
	if (!take_step(info) || !read_unit_length(&bytes, unit))
		return false;
	unit->string_offsets = string_offsets_at(info, unit->offset_bytes == 4 ? 8 : 16);
	*ret_good = read_unit_header(info, &bytes, unit) &&
		    kt_debug_entry_read(info, unit, bytes.at, &unit->root) && unit->root.tag;
	if (*ret_good && unit->root.string_offsets)
		unit->string_offsets = unit->root.string_offsets;
	return true;
}

bool kt_debug_unit_next(struct kt_debug_info *info, struct kt_debug_unit *unit)
{
	const unsigned char *at = unit->end ? unit->end : info->sections[KT_DEBUG_INFO].at;
	bool is_good = false;

	while (!is_good) {
		if (read_unit(info, at, unit, &is_good)) {
			at = unit->end;
			continue;
		}
		/* The end of a section, or nothing that could be skipped. */
		if (unit->section == KT_DEBUG_TYPES || !info->sections[KT_DEBUG_TYPES].at)
			return false;
		unit->section = KT_DEBUG_TYPES;
		at = info->sections[KT_DEBUG_TYPES].at;
	}
	return true;
}
