/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/dwarf.h"

#include <dwarf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "probe/resolve/confined.h"
#include "probe/resolve/debug_info.h"
#include "probe/resolve/prefault.h"

#define TSD_PREFIX     "cant_access_tsd_items_directly_use_a_getter_or_setter_"
#define TSD_PREFIX_OLD "use_a_getter_or_setter_instead_" /* jemalloc 5.0 and 5.1 */

#define FOUND_BY_NAME	   "cu-name"
#define FOUND_BY_TOP_LEVEL "top-level"

enum {
	PREFAULT_MAX_BYTES = 4 << 20,
	UNIT_HEAP_SHARE = 8, /* libdw keeps about 3 KiB for a unit, of some 30 KiB */
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

static struct kt_error *read_offset(const struct search *search, Dwarf_Die *member, uint64_t *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (!dwarf_attr(member, DW_AT_data_member_location, &attribute))
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: a member of tsd_s has no offset",
				       search->name);
	switch (dwarf_whatform(&attribute)) {
	case DW_FORM_udata:
	case DW_FORM_sdata:
	case DW_FORM_implicit_const:
	case DW_FORM_data1:
	case DW_FORM_data2:
	case DW_FORM_data4:
	case DW_FORM_data8:
		break;
	default:
		return kt_error_create(
			KT_ERROR_PROBE, 0,
			"%s: the offset of a member of tsd_s is an expression, not a number",
			search->name);
	}
	/* libdw refuses a negative number here. */
	if (dwarf_formudata(&attribute, &value))
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: offset of a member of tsd_s: %s",
				       search->name, dwarf_errmsg(-1));
	*ret = value;
	return NULL;
}

/* Looks through the direct members of a tsd_s. */
static struct kt_error *search_members(struct search *search, Dwarf_Die *structure)
{
	Dwarf_Die member;

	search->saw_structure = true;
	if (dwarf_child(structure, &member))
		return NULL;
	do {
		const char *name = dwarf_tag(&member) == DW_TAG_member
					   ? kt_debug_info_name(&search->info, &member)
					   : NULL;
		if (name && !search->has_allocated && is_field(name, "thread_allocated")) {
			KT_TRY(read_offset(search, &member, &search->allocated));
			search->has_allocated = true;
		} else if (name && !search->has_deallocated &&
			   is_field(name, "thread_deallocated")) {
			KT_TRY(read_offset(search, &member, &search->deallocated));
			search->has_deallocated = true;
		}
		if (search->has_allocated && search->has_deallocated)
			return NULL;
	} while (!dwarf_siblingof(&member, &member));
	return NULL;
}

static bool is_tsd_definition(const struct search *search, Dwarf_Die *die)
{
	if (dwarf_tag(die) != DW_TAG_structure_type || dwarf_hasattr(die, DW_AT_declaration))
		return false;
	const char *name = kt_debug_info_name(&search->info, die);
	return name && !strcmp(name, "tsd_s");
}

/* The first tsd_s at the top level of a unit decides for that unit. */
static struct kt_error *search_unit(struct search *search, Dwarf_Die *unit)
{
	Dwarf_Die die;

	if (dwarf_child(unit, &die))
		return NULL;
	do {
		if (is_tsd_definition(search, &die))
			return search_members(search, &die);
	} while (!dwarf_siblingof(&die, &die));
	return NULL;
}

static bool is_tsd_unit(const struct search *search, Dwarf_Die *unit)
{
	const char *name = kt_debug_info_name(&search->info, unit);
	size_t len = name ? strlen(name) : 0;

	return len >= 5 && !strcmp(name + len - 5, "tsd.c");
}

/* One pass over the units: those called *tsd.c, or all the others. */
static struct kt_error *search_units(struct search *search, bool named)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;

	while (!dwarf_get_units(search->info.dwarf, unit, &unit, NULL, NULL, &die, NULL)) {
		if (is_tsd_unit(search, &die) == named)
			KT_TRY(search_unit(search, &die));
		if (search->has_allocated && search->has_deallocated)
			return NULL;
	}
	return NULL;
}

/*
 * The walk over the units touches all of a small .debug_info, and libdw's records of the units
 * lie on the heap.  A large one is better left to faults: they go from header to header.
 */
static void prefault_units(const struct kt_elf *file)
{
	size_t bytes;
	const void *image = kt_elf_debug_info_image(file, &bytes);

	if (!image || bytes > PREFAULT_MAX_BYTES)
		return;
	kt_prefault_file(image, bytes);
	kt_prefault_heap(bytes / UNIT_HEAP_SHARE);
}

static struct kt_error *search_file(struct search *search, struct kt_counter_offsets *ret)
{
	const char *found_by = FOUND_BY_NAME;

	KT_TRY(search_units(search, true));
	if (!search->has_allocated || !search->has_deallocated) {
		found_by = FOUND_BY_TOP_LEVEL;
		KT_TRY(search_units(search, false));
	}
	if (!search->has_allocated || !search->has_deallocated)
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

struct kt_error *kt_dwarf_read_offsets(const struct kt_elf *file, const char *name,
				       struct kt_counter_offsets *ret)
{
	struct search search = { .name = name };

	prefault_units(file);
	KT_TRY(kt_debug_info_open(file, name, &search.info));
	struct kt_error *err = search_file(&search, ret);
	kt_debug_info_close(&search.info);
	return err;
}

struct question {
	const struct kt_elf *file;
	const char *name;
};

/* What goes from the confined process to us: no pointers. */
struct answer {
	uint64_t allocated;
	uint64_t deallocated;
	bool is_by_name;
	char failure[512]; /* "" for none */
};

static void answer_question(void *ctx, void *result)
{
	const struct question *question = ctx;
	struct answer *answer = result;
	struct kt_counter_offsets offsets;
	kt_autoerr struct kt_error *err =
		kt_dwarf_read_offsets(question->file, question->name, &offsets);

	if (err) {
		(void)snprintf(answer->failure, sizeof(answer->failure), "%s",
			       kt_error_message(err));
		return;
	}
	answer->allocated = offsets.allocated;
	answer->deallocated = offsets.deallocated;
	answer->is_by_name = !strcmp(offsets.found_by, FOUND_BY_NAME);
}

struct kt_error *kt_dwarf_counter_offsets(const struct kt_elf *file, const char *name,
					  struct kt_counter_offsets *ret)
{
	struct question question = { .file = file, .name = name };
	struct answer answer;

	if (!kt_elf_has_debug_info(file))
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: no debug information", name);
	enum kt_confined_end end =
		kt_confined_run(answer_question, &question, &answer, sizeof(answer));
	if (end)
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: debug information: %s", name,
				       kt_confined_text(end));
	/* It may be anything: the child worked on foreign bytes. */
	answer.failure[sizeof(answer.failure) - 1] = '\0';
	if (answer.failure[0])
		return kt_error_create(KT_ERROR_PROBE, 0, "%s", answer.failure);
	KT_TRY(kt_error_wrap(kt_counter_offsets_check(answer.allocated, answer.deallocated), "%s",
			     name));
	*ret = (struct kt_counter_offsets){
		.allocated = answer.allocated,
		.deallocated = answer.deallocated,
		.found_by = answer.is_by_name ? FOUND_BY_NAME : FOUND_BY_TOP_LEVEL,
	};
	return NULL;
}
