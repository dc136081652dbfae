/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/check.h"

#include <inttypes.h>
#include <string.h>

#include "check/kinds.h"
#include "check/scenario_keys.h"

/* ---- parsing ---- */

/* What stands in the file, before it is made a check. */
struct raw_check {
	const char *id;
	const struct kt_scenario_probe *probe;
	uint64_t equals;
	uint64_t min;
	uint64_t max;
	uint64_t below;
	int of;
	enum kt_check_thread thread;
	uint32_t tid;
	int snapshots;
	bool if_present;
	const char *is;
};

static struct kt_error *read_probe(const struct kt_reader *reader, const cJSON *item, void *ret)
{
	const struct kt_scenario *scenario = reader->context;

	for (size_t i = 0; cJSON_IsString(item) && i < scenario->probe_count; i++) {
		if (!strcmp(scenario->probes[i].name, item->valuestring)) {
			((struct raw_check *)ret)->probe = &scenario->probes[i];
			return NULL;
		}
	}
	return kt_json_error_at(reader->json, item, "must be the name of a probe of this scenario");
}

static struct kt_error *read_of(const struct kt_reader *reader, const cJSON *item, void *ret)
{
	return kt_reader_word(reader, item, kt_check_of_words, &((struct raw_check *)ret)->of);
}

static struct kt_error *read_snapshots(const struct kt_reader *reader, const cJSON *item, void *ret)
{
	return kt_reader_word(reader, item, kt_check_where_words,
			      &((struct raw_check *)ret)->snapshots);
}

static struct kt_error *read_thread(const struct kt_reader *reader, const cJSON *item, void *ret)
{
	static const char *const words[] = { "leader", "all", NULL };
	struct raw_check *raw = ret;
	uint64_t tid;
	int word;

	if (cJSON_IsNumber(item)) {
		KT_TRY(kt_reader_number(reader, item, 1, KT_SCENARIO_MAX_PID, &tid));
		raw->thread = KT_CHECK_TID;
		raw->tid = (uint32_t)tid;
		return NULL;
	}
	KT_TRY(kt_reader_word(reader, item, words, &word));
	raw->thread = word ? KT_CHECK_ALL_THREADS : KT_CHECK_LEADER;
	return NULL;
}

#define PLACE(name_, member)  .name = (name_), .offset = offsetof(struct raw_check, member)
#define NUMBER(name_, member) PLACE(name_, member), .kind = KT_KEY_U64, .max = UINT64_MAX

const struct kt_key kt_check_keys[] = {
	[KT_CHECK_KEY_ID] = { PLACE("id", id), .kind = KT_KEY_NAME },
	[KT_CHECK_KEY_PROBE] = { .name = "probe", .kind = KT_KEY_CUSTOM, .read = read_probe },
	[KT_CHECK_KEY_EQUALS] = { NUMBER("equals", equals) },
	[KT_CHECK_KEY_MIN] = { NUMBER("min", min) },
	[KT_CHECK_KEY_MAX] = { NUMBER("max", max) },
	[KT_CHECK_KEY_BELOW] = { NUMBER("below", below) },
	[KT_CHECK_KEY_OF] = { .name = "of", .kind = KT_KEY_CUSTOM, .read = read_of },
	[KT_CHECK_KEY_THREAD] = { .name = "thread", .kind = KT_KEY_CUSTOM, .read = read_thread },
	[KT_CHECK_KEY_SNAPSHOTS] = { .name = "snapshots",
				     .kind = KT_KEY_CUSTOM,
				     .read = read_snapshots },
	[KT_CHECK_KEY_IF_PRESENT] = { PLACE("if_present", if_present), .kind = KT_KEY_BOOL },
	[KT_CHECK_KEY_IS] = { PLACE("is", is), .kind = KT_KEY_NAME },
	{ 0 },
};

static bool is_given(kt_key_mask given, int key)
{
	return given & KT_KEY_BIT(key);
}

/* From equals, min, max, below to the inclusive bounds of @check. */
static const char *set_bounds(const struct raw_check *raw, kt_key_mask given,
			      const struct kt_check_kind *kind, struct kt_check *check)
{
	bool has_equals = is_given(given, KT_CHECK_KEY_EQUALS);
	bool has_max = is_given(given, KT_CHECK_KEY_MAX);
	bool has_below = is_given(given, KT_CHECK_KEY_BELOW);

	check->min = has_equals ? raw->equals : raw->min;
	check->max = has_equals ? raw->equals : has_max ? raw->max : UINT64_MAX;
	if (has_below && !raw->below)
		return "\"below\": 0 can never hold";
	if (has_below)
		check->max = raw->below - 1;
	if (has_equals && (given & KT_CHECK_KEYS_BOUNDS & ~KT_KEY_BIT(KT_CHECK_KEY_EQUALS)))
		return "\"equals\" excludes \"min\", \"max\" and \"below\"";
	if (has_max && has_below)
		return "\"max\" and \"below\" exclude each other";
	if (kind->needs_bound && !(given & KT_CHECK_KEYS_BOUNDS))
		return "a bound is needed: \"equals\", \"min\" or \"max\"";
	if (check->min > check->max)
		return "\"min\" above the upper bound can never hold";
	return NULL;
}

/* What the key tables cannot say. */
static struct kt_error *check_raw(const struct kt_json *json, const cJSON *item,
				  const struct raw_check *raw, kt_key_mask given,
				  const struct kt_check_kind *kind)
{
	unsigned int of = (unsigned int)raw->of;
	uint64_t largest = 0;

	if (is_given(given, KT_CHECK_KEY_OF) && (of < kind->of_first || of > kind->of_last))
		return kt_json_error_at(json, item, "%s is not about \"%s\"", kind->name,
					kt_check_of_words[raw->of]);
	if (raw->thread == KT_CHECK_ALL_THREADS && !kind->may_take_all)
		return kt_json_error_at(json, item, "%s needs one thread: \"leader\" or a tid",
					kind->name);
	if (is_given(given, KT_CHECK_KEY_THREAD) && of >= KT_OF_TIMESTAMP)
		return kt_json_error_at(json, item, "\"%s\" does not belong to a thread",
					kt_check_of_words[raw->of]);
	if (raw->equals > largest)
		largest = raw->equals;
	if (raw->min > largest)
		largest = raw->min;
	if (raw->max > largest)
		largest = raw->max;
	if (largest > kind->max_value)
		return kt_json_error_at(json, item, "a bound of %s is at most %" PRIu64, kind->name,
					kind->max_value);
	for (int key = 0; kt_check_keys[key].name; key++) {
		if (is_given(kind->required, key) && !is_given(given, key))
			return kt_json_error_at(json, item, "%s needs the key \"%s\"", kind->name,
						kt_check_keys[key].name);
	}
	return NULL;
}

/* The threshold as exact text, and the line for people that ends in it. */
static struct kt_error *set_texts(struct kt_check *check, struct kt_arena *arena)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	kt_autobuf struct kt_buf threshold = KT_BUF_INIT;

	if (check->word)
		kt_buf_printf(&threshold, "= %s", check->word);
	else if (check->min == check->max)
		kt_buf_printf(&threshold, "= %" PRIu64, check->min);
	else if (check->max == UINT64_MAX && check->min)
		kt_buf_printf(&threshold, ">= %" PRIu64, check->min);
	else if (check->max != UINT64_MAX && !check->min)
		kt_buf_printf(&threshold, "<= %" PRIu64, check->max);
	else if (check->max != UINT64_MAX)
		kt_buf_printf(&threshold, "%" PRIu64 "..%" PRIu64, check->min, check->max);
	check->kind->describe(check, &text);
	if (threshold.len)
		kt_buf_printf(&text, " %s", kt_buf_text(&threshold));
	KT_TRY(kt_buf_error(&text));
	KT_TRY(kt_buf_error(&threshold));
	check->text = kt_arena_copy(arena, kt_buf_text(&text), text.len);
	if (threshold.len)
		check->threshold = kt_arena_copy(arena, kt_buf_text(&threshold), threshold.len);
	return check->text && (check->threshold || !threshold.len) ? NULL : kt_error_no_memory();
}

static const struct kt_check_kind *find_kind(const char *name)
{
	for (const struct kt_check_kind *kind = kt_check_kinds; kind->name; kind++) {
		if (!strcmp(kind->name, name))
			return kind;
	}
	return NULL;
}

static struct kt_error *unknown_kind(const struct kt_json *json, const cJSON *member)
{
	kt_autobuf struct kt_buf names = KT_BUF_INIT;

	for (const struct kt_check_kind *kind = kt_check_kinds; kind->name; kind++)
		kt_buf_printf(&names, "%s\"%s\"", names.len ? ", " : "", kind->name);
	return kt_json_error_at_key(json, member, "unknown kind of check; allowed: %s",
				    kt_buf_text(&names));
}

static struct kt_error *set_probe(const struct kt_json *json, const cJSON *item,
				  const struct kt_scenario *scenario, const struct raw_check *raw,
				  struct kt_check *check)
{
	check->probe = raw->probe;
	if (!check->probe && scenario->probe_count == 1)
		check->probe = &scenario->probes[0];
	return check->probe ? NULL
			    : kt_json_error_at(json, item,
					       "there are several probes: the key \"probe\" is "
					       "needed");
}

struct kt_error *kt_check_parse(const struct kt_json *json, const cJSON *item,
				struct kt_scenario *scenario, struct kt_check *ret)
{
	const struct kt_reader reader = {
		.json = json,
		.arena = &scenario->arena,
		.context = scenario,
	};
	struct raw_check raw = { 0 };
	kt_key_mask given;

	if (!cJSON_IsObject(item) || cJSON_GetArraySize(item) != 1)
		return kt_json_error_at(json, item,
					"a check is an object with one key, the kind of the check");
	const struct kt_check_kind *kind = find_kind(item->child->string);
	if (!kind)
		return unknown_kind(json, item->child);
	item = item->child;
	KT_TRY(kt_reader_object(&reader, item, kind->name, kt_check_keys,
				kind->allowed | KT_CHECK_KEYS_COMMON, &raw, &given));
	KT_TRY(check_raw(json, item, &raw, given, kind));

	*ret = (struct kt_check){
		.kind = kind,
		.id = raw.id ? raw.id : kind->name,
		.if_present = raw.if_present,
		.word = raw.is,
		.of = (enum kt_check_of)raw.of,
		.thread = raw.thread,
		.tid = raw.tid,
		.snapshots = (enum kt_check_where)raw.snapshots,
	};
	const char *reason = set_bounds(&raw, given, kind, ret);
	if (reason)
		return kt_json_error_at(json, item, "%s", reason);
	KT_TRY(set_probe(json, item, scenario, &raw, ret));
	return set_texts(ret, &scenario->arena);
}

/* ---- judging ---- */

static bool is_complete(const struct kt_check *check, const struct kt_run_probe *probe)
{
	if (!probe || probe->run_count < check->probe->repeat)
		return false;
	for (size_t i = 0; i < probe->run_count; i++) {
		if (!probe->runs[i].ended)
			return false;
	}
	return true;
}

struct kt_error *kt_check_evaluate(const struct kt_check *check,
				   const struct kt_run_scenario *state, bool final,
				   struct kt_arena *arena, struct kt_event_check *ret)
{
	const struct kt_run_probe *probe = state ? kt_run_find_probe(state, check->probe->name)
						 : NULL;
	struct kt_judge judge = {
		.check = check,
		.state = state,
		.probe = probe,
		.arena = arena,
		.complete = is_complete(check, probe),
		.final = final,
	};

	if (probe)
		check->kind->evaluate(&judge);
	kt_judge_conclude(&judge, ret);
	return judge.no_memory ? kt_error_no_memory() : NULL;
}

/*
 * Judging walks over all snapshots, so doing it for each would take quadratic time.  The
 * first 128 count each; later ones are looked at in steps of less than one percent, and
 * the end of a run of the probe always.
 */
static bool may_change_verdicts(const struct kt_event *cause)
{
	if (cause->type == KT_EVENT_SNAPSHOT)
		return cause->snapshot.index % (cause->snapshot.index / 128 + 1) == 0;
	return cause->type == KT_EVENT_PROBE_END;
}

static bool is_open(enum kt_verdict verdict)
{
	return verdict == KT_VERDICT_PENDING || verdict == KT_VERDICT_HOLDING;
}

static bool same_text(const char *left, const char *right)
{
	return left == right || (left && right && !strcmp(left, right));
}

struct kt_error *kt_checks_update(const struct kt_scenario *scenario,
				  const struct kt_run_scenario *state, const struct kt_event *cause,
				  bool final, kt_check_verdict_fn on_verdict, void *ctx)
{
	kt_autoarena struct kt_arena arena = KT_ARENA_INIT;

	if (!state || (!final && !(cause && may_change_verdicts(cause))))
		return NULL;
	for (size_t i = 0; i < scenario->check_count; i++) {
		const struct kt_check *check = &scenario->checks[i];
		const struct kt_run_check *known = kt_run_find_check(state, check->id);
		struct kt_event_check now;

		if (!known || (!final && !is_open(known->check.verdict)))
			continue;
		KT_TRY(kt_check_evaluate(check, state, final, &arena, &now));
		if (now.verdict == known->check.verdict &&
		    (!final || same_text(now.worst, known->check.worst)))
			continue;
		KT_TRY(on_verdict(ctx, &now));
	}
	return NULL;
}

enum kt_result kt_checks_result(const struct kt_run_scenario *state)
{
	size_t counts[KT_VERDICT_COUNT] = { 0 };

	for (size_t i = 0; i < state->check_count; i++)
		counts[state->checks[i].check.verdict]++;
	if (counts[KT_VERDICT_FAIL])
		return KT_RESULT_FAIL;
	if (counts[KT_VERDICT_PENDING] || counts[KT_VERDICT_HOLDING] ||
	    counts[KT_VERDICT_CANNOT_TELL] || !state->check_count)
		return KT_RESULT_ERROR;
	return counts[KT_VERDICT_PASS] ? KT_RESULT_PASS : KT_RESULT_SKIP;
}

void kt_checks_titles(const struct kt_scenario *scenario, struct kt_check_title *ret_titles)
{
	for (size_t i = 0; i < scenario->check_count; i++) {
		ret_titles[i].id = scenario->checks[i].id;
		ret_titles[i].text = scenario->checks[i].text;
	}
}
