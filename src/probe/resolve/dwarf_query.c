/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/dwarf_query.h"

#include <dwarf.h>
#include <string.h>

#include "base/cleanup.h"
#include "probe/resolve/confined.h"
#include "probe/resolve/debug_info.h"

#define TSD_PREFIX "cant_access_tsd_items_directly_use_a_getter_or_setter_"

struct question {
	const struct kt_elf *file;
	const char *const *units;
	struct kt_dwarf_query *queries;
	size_t count;
};

struct ask {
	struct kt_debug_info info;
	const char *const *units;
	struct kt_dwarf_query *queries;
	size_t count;
};

static bool is_member(const char *found, const char *wanted)
{
	const size_t len = sizeof(TSD_PREFIX) - 1;

	if (!strncmp(found, TSD_PREFIX, len))
		found += len;
	return !strcmp(found, wanted);
}

/* The number that is asked of @member; false if the debug information does not have it. */
static bool member_number(Dwarf_Die *member, enum kt_dwarf_number number, uint64_t *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;
	Dwarf_Die type;

	if (number == KT_DWARF_OFFSET) {
		if (!dwarf_attr(member, DW_AT_data_member_location, &attribute) ||
		    dwarf_formudata(&attribute, &value))
			return false;
	} else if (!dwarf_attr(member, DW_AT_type, &attribute) ||
		   !dwarf_formref_die(&attribute, &type) || dwarf_aggregate_size(&type, &value)) {
		return false;
	}
	*ret = value;
	return true;
}

static void answer_by_member(const struct ask *ask, struct kt_dwarf_query *query, Dwarf_Die *member)
{
	const char *name =
		dwarf_tag(member) == DW_TAG_member ? kt_debug_info_name(&ask->info, member) : NULL;

	if (!query->is_found && name && is_member(name, query->member))
		query->is_found = member_number(member, query->number, &query->value);
}

/* Answers @query by the definition @structure. */
static void answer(const struct ask *ask, struct kt_dwarf_query *query, Dwarf_Die *structure)
{
	Dwarf_Die member;

	if (query->number == KT_DWARF_STRUCTURE_BYTES) {
		int bytes = dwarf_bytesize(structure);
		query->is_found = bytes > 0;
		query->value = bytes > 0 ? (uint64_t)bytes : 0;
		return;
	}
	if (dwarf_child(structure, &member))
		return;
	do {
		answer_by_member(ask, query, &member);
	} while (!query->is_found && !dwarf_siblingof(&member, &member));
}

static void ask_unit(struct ask *ask, Dwarf_Die *unit)
{
	Dwarf_Die die;

	if (dwarf_child(unit, &die))
		return;
	do {
		if (dwarf_tag(&die) != DW_TAG_structure_type ||
		    dwarf_hasattr(&die, DW_AT_declaration))
			continue;
		const char *name = kt_debug_info_name(&ask->info, &die);
		for (size_t i = 0; name && i < ask->count; i++)
			if (!ask->queries[i].is_found && !strcmp(name, ask->queries[i].structure))
				answer(ask, &ask->queries[i], &die);
	} while (!dwarf_siblingof(&die, &die));
}

static bool is_named(const struct ask *ask, Dwarf_Die *unit)
{
	const char *name = kt_debug_info_name(&ask->info, unit);
	size_t len = name ? strlen(name) : 0;

	for (const char *const *end = ask->units; *end; end++)
		if (len >= strlen(*end) && !strcmp(name + len - strlen(*end), *end))
			return true;
	return false;
}

static bool is_answered(const struct ask *ask)
{
	for (size_t i = 0; i < ask->count; i++)
		if (!ask->queries[i].is_found)
			return false;
	return true;
}

static void ask_units(struct ask *ask, bool named)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;

	while (!is_answered(ask) &&
	       !dwarf_get_units(ask->info.dwarf, unit, &unit, NULL, NULL, &die, NULL)) {
		if (is_named(ask, &die) == named)
			ask_unit(ask, &die);
	}
}

/* What goes from the confined process to us, for each query: no pointers. */
struct answer {
	uint64_t value;
	uint8_t is_found; /* any byte but 0: the child worked on foreign bytes */
};

static void answer_all(void *ctx, void *result)
{
	const struct question *question = ctx;
	struct answer *answers = result;
	struct ask ask = {
		.units = question->units,
		.queries = question->queries,
		.count = question->count,
	};

	kt_autoerr struct kt_error *err = kt_debug_info_open(question->file, "", &ask.info);
	if (err)
		return;
	ask_units(&ask, true);
	ask_units(&ask, false);
	kt_debug_info_close(&ask.info);
	for (size_t i = 0; i < ask.count; i++)
		answers[i] = (struct answer){
			.value = ask.queries[i].value,
			.is_found = ask.queries[i].is_found,
		};
}

void kt_dwarf_query(const struct kt_elf *file, const char *const *units,
		    struct kt_dwarf_query *queries, size_t count)
{
	struct question question = {
		.file = file,
		.units = units,
		.queries = queries,
		.count = count,
	};

	struct answer answers[KT_DWARF_QUERIES_MAX];

	/* If it crashes the queries stay unanswered: nothing is known then. */
	if (count > KT_DWARF_QUERIES_MAX ||
	    kt_confined_run(answer_all, &question, answers, count * sizeof(answers[0])))
		return;
	for (size_t i = 0; i < count; i++) {
		queries[i].is_found = answers[i].is_found != 0;
		queries[i].value = answers[i].value;
	}
}
