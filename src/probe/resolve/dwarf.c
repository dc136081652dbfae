/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/dwarf.h"

#include <dwarf.h>
#include <inttypes.h>
#include <string.h>

#include "probe/resolve/debug_info.h"
#include "probe/resolve/prefault.h"

#define TSD_PREFIX     "cant_access_tsd_items_directly_use_a_getter_or_setter_"
#define TSD_PREFIX_OLD "use_a_getter_or_setter_instead_" /* jemalloc 5.0 and 5.1 */

enum {
	PREFAULT_MAX_BYTES = 4 << 20
};

struct search {
	const char *name; /* of the file, for error texts */
	struct kt_debug_info info;
	bool has_allocated;
	bool has_deallocated;
	bool saw_structure;
	uint64_t allocated;
	uint64_t deallocated;
};

struct kt_error *kt_counter_offsets_check(uint64_t allocated, uint64_t deallocated)
{
	if (allocated < deallocated && allocated % 8 == 0 && deallocated % 8 == 0 &&
	    deallocated - allocated <= KT_COUNTER_SPAN_MAX_BYTES - 8)
		return NULL;
	return kt_error_create(KT_ERROR_PROBE, 0,
			       "unexpected layout of tsd_s: thread_allocated at %" PRIu64
			       ", thread_deallocated at %" PRIu64,
			       allocated, deallocated);
}

/* The member is @field under one of jemalloc's prefixes; whole names only. */
static bool is_field(const char *member, const char *field)
{
	static const char *const prefixes[] = { TSD_PREFIX, TSD_PREFIX_OLD };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t len = strlen(prefixes[i]);
		if (!strncmp(member, prefixes[i], len) && !strcmp(member + len, field))
			return true;
	}
	return false;
}

static struct kt_error *read_offset(const struct search *search,
				    const struct kt_debug_entry *member, uint64_t *ret)
{
	static const char *const reasons[] = {
		[KT_DEBUG_NO_NUMBER] = "missing",
		[KT_DEBUG_NEGATIVE] = "negative",
		[KT_DEBUG_EXPRESSION] = "an expression, not a number",
	};

	if (member->location_form != KT_DEBUG_NUMBER)
		return kt_error_create(KT_ERROR_PROBE, 0,
				       "%s: the offset of a member of tsd_s is %s", search->name,
				       reasons[member->location_form]);
	*ret = member->location;
	return NULL;
}

static bool is_done(const struct search *search)
{
	return search->has_allocated && search->has_deallocated;
}

static struct kt_error *take_member(struct search *search, const struct kt_debug_entry *member)
{
	if (member->tag != DW_TAG_member || !member->name)
		return NULL;
	if (!search->has_allocated && is_field(member->name, "thread_allocated")) {
		KT_TRY(read_offset(search, member, &search->allocated));
		search->has_allocated = true;
	} else if (!search->has_deallocated && is_field(member->name, "thread_deallocated")) {
		KT_TRY(read_offset(search, member, &search->deallocated));
		search->has_deallocated = true;
	}
	return NULL;
}

/* Looks through the direct members of a tsd_s. */
static struct kt_error *search_members(struct search *search, const struct kt_debug_unit *unit,
				       const struct kt_debug_entry *structure)
{
	const unsigned char *at = structure->has_children ? structure->next : NULL;
	struct kt_debug_entry member;

	search->saw_structure = true;
	while (at && !is_done(search) && kt_debug_entry_read(&search->info, unit, at, &member) &&
	       member.tag) {
		KT_TRY(take_member(search, &member));
		at = kt_debug_entry_skip(&search->info, unit, &member);
	}
	return NULL;
}

static bool is_tsd_definition(const struct kt_debug_entry *entry)
{
	return entry->tag == DW_TAG_structure_type && !entry->is_declaration && entry->name &&
	       !strcmp(entry->name, "tsd_s");
}

/* The first tsd_s at the top level of a unit decides for that unit. */
static struct kt_error *search_unit(struct search *search, const struct kt_debug_unit *unit)
{
	const unsigned char *at = unit->root.has_children ? unit->root.next : NULL;
	struct kt_debug_entry entry;

	while (at && kt_debug_entry_read(&search->info, unit, at, &entry) && entry.tag) {
		if (is_tsd_definition(&entry))
			return search_members(search, unit, &entry);
		at = kt_debug_entry_skip(&search->info, unit, &entry);
	}
	return NULL;
}

static bool is_tsd_unit(const struct kt_debug_unit *unit)
{
	const char *name = unit->root.name;
	size_t len = name ? strlen(name) : 0;

	return len >= 5 && !strcmp(name + len - 5, "tsd.c");
}

/* One pass over the units: those called *tsd.c, or all the others. */
static struct kt_error *search_units(struct search *search, bool named)
{
	struct kt_debug_unit unit = { 0 };

	while (!is_done(search) && kt_debug_unit_next(&search->info, &unit))
		if (is_tsd_unit(&unit) == named)
			KT_TRY(search_unit(search, &unit));
	return NULL;
}

/*
 * The walk over the units touches all of a small .debug_info.  A large one is better left to
 * faults: they go from header to header.
 */
static void prefault_units(const struct kt_elf *file)
{
	size_t bytes;
	const void *image = kt_elf_debug_info_image(file, &bytes);

	if (image && bytes <= PREFAULT_MAX_BYTES)
		kt_prefault_file(image, bytes);
}

static struct kt_error *search_file(struct search *search, struct kt_counter_offsets *ret)
{
	const char *found_by = "cu-name";

	KT_TRY(search_units(search, true));
	if (!is_done(search)) {
		found_by = "top-level";
		KT_TRY(search_units(search, false));
	}
	if (!is_done(search))
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: %s", search->name,
				       search->saw_structure
					       ? "struct tsd_s lacks a counter's member"
					       : "no struct tsd_s in the debug information");
	KT_TRY(kt_error_wrap(kt_counter_offsets_check(search->allocated, search->deallocated), "%s",
			     search->name));
	*ret = (struct kt_counter_offsets){
		.allocated = search->allocated,
		.deallocated = search->deallocated,
		.found_by = found_by,
	};
	return NULL;
}

struct kt_error *kt_dwarf_counter_offsets(const struct kt_elf *file, const char *name,
					  struct kt_counter_offsets *ret)
{
	struct search search = { .name = name };

	if (!kt_elf_has_debug_info(file))
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: no debug information", name);
	prefault_units(file);
	KT_TRY(kt_debug_info_open(file, name, &search.info));
	struct kt_error *err = search_file(&search, ret);
	kt_debug_info_close(&search.info);
	return err;
}
