/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/fault.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

const char *kt_fault_kind_name(enum kt_guest_fault kind)
{
	static const char *const names[KT_GUEST_FAULT_COUNT] = {
		[KT_GUEST_FAULT_KILL] = "kill",	    [KT_GUEST_FAULT_STOP] = "stop",
		[KT_GUEST_FAULT_HANG] = "hang",	    [KT_GUEST_FAULT_PANIC] = "panic",
		[KT_GUEST_FAULT_STARVE] = "starve", [KT_GUEST_FAULT_CORRUPT] = "corrupt",
	};

	assert(kind < KT_GUEST_FAULT_COUNT);
	return names[kind];
}

#define GUEST (KT_FAULT_BOOTED | KT_FAULT_WOKEN)
#define BEFORE_ALL                                                             \
	{                                                                      \
		[KT_GUEST_FAULT_HANG] = "no CPU runs while QEMU starts",       \
		[KT_GUEST_FAULT_PANIC] = "no kernel runs while QEMU starts",   \
		[KT_GUEST_FAULT_STARVE] = "no agent speaks while QEMU starts", \
		[KT_GUEST_FAULT_CORRUPT] = "no agent speaks while QEMU starts" \
	}

const struct kt_fault_place kt_fault_places[] = {
	{ "starting", KT_FAULT_BOOTED, KT_GUEST_STARTING, BEFORE_ALL },
	{ "kernel", KT_FAULT_BOOTED, KT_GUEST_KERNEL, { NULL } },
	{ "agent", KT_FAULT_BOOTED, KT_GUEST_AGENT, { NULL } },
	{ "ready", GUEST, KT_GUEST_READY, { NULL } },
	{ "probing", GUEST, KT_GUEST_PROBING, { NULL } },
	{ "done", GUEST, KT_GUEST_DONE, { NULL } },
	{ "template-starting", KT_FAULT_TEMPLATE, KT_GUEST_STARTING, BEFORE_ALL },
	{ "template-kernel", KT_FAULT_TEMPLATE, KT_GUEST_KERNEL, { NULL } },
	{ "template-agent", KT_FAULT_TEMPLATE, KT_GUEST_AGENT, { NULL } },
	{ "template-ready", KT_FAULT_TEMPLATE, KT_GUEST_READY, { NULL } },
	{ "wake-starting", KT_FAULT_WOKEN, KT_GUEST_STARTING, BEFORE_ALL },
	{ "wake-kernel", KT_FAULT_WOKEN, KT_GUEST_KERNEL, { NULL } },
	{ "wake-agent", KT_FAULT_WOKEN, KT_GUEST_AGENT, { NULL } },
	{ 0 },
};

/* One fault of a list, which ends at @end, being read. */
struct reading {
	const char *at;
	const char *end;
};

static struct kt_error *bad_form(void)
{
	return kt_error_create(KT_ERROR_USAGE, 0,
			       "use [SCENARIO:]KIND@PLACE[+MS], separated by commas");
}

/* Takes the word in front of @separator, if that is there. */
static bool take_until(struct reading *reading, char separator, struct reading *ret)
{
	const char *found = memchr(reading->at, separator, (size_t)(reading->end - reading->at));

	if (!found)
		return false;
	*ret = (struct reading){ reading->at, found };
	reading->at = found + 1;
	return true;
}

static bool is_word(const struct reading *word, const char *name)
{
	size_t len = (size_t)(word->end - word->at);

	return strlen(name) == len && !memcmp(name, word->at, len);
}

static struct kt_error *find_kind(const struct reading *word, enum kt_guest_fault *ret)
{
	for (int kind = 0; kind < KT_GUEST_FAULT_COUNT; kind++)
		if (is_word(word, kt_fault_kind_name((enum kt_guest_fault)kind))) {
			*ret = (enum kt_guest_fault)kind;
			return NULL;
		}
	return kt_error_create(KT_ERROR_USAGE, 0,
			       "'%.*s' is none of kill, stop, hang, panic, starve, corrupt",
			       (int)(word->end - word->at), word->at);
}

static struct kt_error *find_place(const struct reading *word, const struct kt_fault_place **ret)
{
	kt_autobuf struct kt_buf names = KT_BUF_INIT;

	for (const struct kt_fault_place *place = kt_fault_places; place->name; place++) {
		if (is_word(word, place->name)) {
			*ret = place;
			return NULL;
		}
		kt_buf_printf(&names, "%s%s", names.len ? ", " : "", place->name);
	}
	return kt_error_create(KT_ERROR_USAGE, 0, "'%.*s' is none of %s",
			       (int)(word->end - word->at), word->at, kt_buf_text(&names));
}

static struct kt_error *read_deadline(const struct reading *word, uint32_t *ret)
{
	char digits[16] = "";
	size_t len = (size_t)(word->end - word->at);
	uint64_t number = 0;

	if (len < sizeof(digits))
		memcpy(digits, word->at, len);
	if (!kt_text_parse_u64(digits, &number) || !number || number > KT_FAULT_MAX_DEADLINE_MS)
		return kt_error_create(KT_ERROR_USAGE, 0, "'+%.*s' is not in the range 1 to %d ms",
				       (int)len, word->at, KT_FAULT_MAX_DEADLINE_MS);
	*ret = (uint32_t)number;
	return NULL;
}

static struct kt_error *read_fault(struct reading rest, struct kt_fault *ret)
{
	struct kt_fault fault = { 0 };
	struct reading word;

	if (take_until(&rest, ':', &word)) {
		fault.scenario = word.at;
		fault.scenario_len = (size_t)(word.end - word.at);
		if (!fault.scenario_len)
			return bad_form();
	}
	if (!take_until(&rest, '@', &word))
		return bad_form();
	KT_TRY(find_kind(&word, &fault.kind));
	bool has_deadline = take_until(&rest, '+', &word);
	KT_TRY(find_place(has_deadline ? &word : &rest, &fault.place));
	if (has_deadline)
		KT_TRY(read_deadline(&rest, &fault.deadline_ms));
	const char *refusal = fault.place->refusals[fault.kind];
	if (refusal)
		return kt_error_create(KT_ERROR_USAGE, 0, "%s@%s: %s",
				       kt_fault_kind_name(fault.kind), fault.place->name, refusal);
	*ret = fault;
	return NULL;
}

struct kt_error *kt_faults_parse(const char *text, struct kt_faults *ret)
{
	struct reading rest = { text, text + strlen(text) };
	struct kt_faults faults = { .count = 0 };
	struct reading item;
	bool has_more;

	do {
		has_more = take_until(&rest, ',', &item);
		if (faults.count == KT_FAULTS_MAX)
			return kt_error_create(KT_ERROR_USAGE, 0, "more than %d faults",
					       KT_FAULTS_MAX);
		KT_TRY(read_fault(has_more ? item : rest, &faults.list[faults.count++]));
	} while (has_more);
	*ret = faults;
	return NULL;
}

static bool is_meant(const struct kt_fault *fault, const char *scenario)
{
	const struct reading word = { fault->scenario, fault->scenario + fault->scenario_len };

	return !fault->scenario_len || is_word(&word, scenario);
}

struct kt_error *kt_faults_check(const struct kt_faults *faults, const struct kt_scenario_set *set)
{
	for (size_t i = 0; i < faults->count; i++) {
		size_t found = 0;

		while (found < set->count &&
		       !is_meant(&faults->list[i], set->scenarios[found]->name))
			found++;
		if (found == set->count)
			return kt_error_create(KT_ERROR_USAGE, 0,
					       "no scenario of this run is called '%.*s'",
					       (int)faults->list[i].scenario_len,
					       faults->list[i].scenario);
	}
	return NULL;
}

void kt_faults_select(const struct kt_faults *faults, const char *scenario, enum kt_fault_role role,
		      struct kt_guest_strikes *ret)
{
	ret->count = 0;
	for (size_t i = 0; i < faults->count; i++) {
		const struct kt_fault *fault = &faults->list[i];

		if (!(fault->place->roles & role) || !is_meant(fault, scenario))
			continue;
		ret->list[ret->count++] = (struct kt_guest_strike){
			.fault = fault->kind,
			.state = fault->place->state,
			.deadline_ms = fault->deadline_ms,
			.place = fault->place->name,
		};
	}
}
