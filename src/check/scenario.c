/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/scenario.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "check/check.h"
#include "check/reader.h"
#include "check/scenario_keys.h"
#include "check/scenario_parts.h"

/* Least memory per CPU and in all when a file does not say (contract section 9.2). */
#define MEMORY_MIB_PER_CPU 64
#define MEMORY_MIB_LEAST   256

static struct kt_error *read_schema(const struct kt_reader *reader, const cJSON *item, void *ret)
{
	uint64_t schema;

	(void)ret;
	return kt_reader_number(reader, item, KT_SCENARIO_SCHEMA, KT_SCENARIO_SCHEMA, &schema);
}

struct kt_scenario_place kt_scenario_place_of(const struct kt_reader *reader, const cJSON *item)
{
	const struct kt_json_token *token = &reader->json->tokens.tokens[item->valueint];
	size_t line, column;

	kt_json_position(reader->json->text, token->start, &line, &column);
	return (struct kt_scenario_place){ (uint32_t)line, (uint32_t)column };
}

struct kt_error *kt_scenario_error_at(const struct kt_scenario *scenario,
				      struct kt_scenario_place place, struct kt_error *err)
{
	return kt_error_wrap(err, "%s:%u:%u", scenario->file, place.line, place.column);
}

struct kt_error *kt_scenario_host_path(const struct kt_scenario *scenario, const char *word,
				       char **ret)
{
	kt_autobuf struct kt_buf path = KT_BUF_INIT;
	const char *slash = strrchr(scenario->file, '/');

	if (word[0] != '/' && slash)
		kt_buf_append(&path, scenario->file, (size_t)(slash - scenario->file) + 1);
	kt_buf_puts(&path, word);
	KT_TRY(kt_buf_error(&path));
	*ret = kt_buf_steal(&path);
	return NULL;
}

/* ---- guest ---- */

const struct kt_key kt_topology_keys[] = {
	{ PLACE(kt_topology, "numa_nodes", numa_nodes), .kind = KT_KEY_U32, .min = 1,
	  .max = KT_TOPOLOGY_MAX_NODES },
	{ PLACE(kt_topology, "llcs", llcs), .kind = KT_KEY_U32, .min = 1,
	  .max = KT_TOPOLOGY_MAX_CPUS },
	{ PLACE(kt_topology, "cores", cores), .kind = KT_KEY_U32, .min = 1,
	  .max = KT_TOPOLOGY_MAX_CPUS },
	{ PLACE(kt_topology, "threads", threads), .kind = KT_KEY_U32, .min = 1,
	  .max = KT_TOPOLOGY_MAX_CPUS },
	{ 0 },
};

static struct kt_error *read_topology(const struct kt_reader *reader, const cJSON *item, void *ret)
{
	struct kt_topology *topology = &((struct kt_scenario *)ret)->topology;

	KT_TRY(kt_reader_object(reader, item, "topology", kt_topology_keys, KT_KEYS_ALL, topology,
				NULL));
	kt_autoerr struct kt_error *err = kt_topology_check(topology);
	return err ? kt_json_error_at(reader->json, item, "%s", kt_error_message(err)) : NULL;
}

static struct kt_error *read_kernel(const struct kt_reader *reader, const cJSON *item, void *ret)
{
	struct kt_scenario *scenario = ret;

	scenario->kernel_place = kt_scenario_place_of(reader, item);
	return kt_reader_text(reader, item, KT_SCENARIO_MAX_TEXT_BYTES, &scenario->kernel);
}

const struct kt_key kt_guest_keys[] = {
	{ .name = "topology", .kind = KT_KEY_CUSTOM, .read = read_topology },
	{ PLACE(kt_scenario, "memory_mib", memory_mib), .kind = KT_KEY_U32,
	  .min = KT_SCENARIO_MIN_MEMORY_MIB, .max = KT_SCENARIO_MAX_MEMORY_MIB },
	{ PLACE(kt_scenario, "timeout_s", timeout_s), .kind = KT_KEY_U32, .min = 1,
	  .max = KT_SCENARIO_MAX_TIMEOUT_S },
	{ .name = "kernel", .kind = KT_KEY_CUSTOM, .read = read_kernel },
	{ 0 },
};

static struct kt_error *read_guest(const struct kt_reader *reader, const cJSON *item, void *ret)
{
	return kt_reader_object(reader, item, "guest", kt_guest_keys, KT_KEYS_ALL, ret, NULL);
}

/* ---- probes ---- */

static struct kt_error *read_target(const struct kt_reader *reader, const cJSON *item, void *ret)
{
	struct kt_scenario_probe *probe = ret;
	const char *name;

	KT_TRY(kt_reader_text(reader, item, KT_SCENARIO_MAX_NAME_BYTES, &name));
	probe->target = kt_scenario_find_worker(reader->context, name);
	return probe->target
		       ? NULL
		       : kt_json_error_at(reader->json, item, "no worker is called \"%s\"", name);
}

/* Words of the probe's --with, each once, separated by commas. */
static struct kt_error *read_with(const struct kt_reader *reader, const cJSON *item, void *ret)
{
	static const char *const words[] = { "sched", "cpu", "tcache", "process" };
	enum {
		WORD_COUNT = sizeof(words) / sizeof(*words)
	};
	struct kt_scenario_probe *probe = ret;
	bool is_given[WORD_COUNT] = { false };
	const char *text;

	KT_TRY(kt_reader_text(reader, item, KT_SCENARIO_MAX_NAME_BYTES, &text));
	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ",");
		size_t i = 0;
		while (i < WORD_COUNT &&
		       (strlen(words[i]) != len || memcmp(words[i], at, len) != 0))
			i++;
		if (i == WORD_COUNT || is_given[i])
			return kt_json_error_at(reader->json, item,
						"it must be a list of sched, cpu, tcache, "
						"process, each once, separated by commas");
		is_given[i] = true;
		at += len;
		if (!*at)
			break;
	}
	probe->with = text;
	return NULL;
}

enum {
	PROBE_TARGET = 1,
	PROBE_PID = 2,
	PROBE_INTERVAL = 4
}; /* places in the table */

const struct kt_key kt_probe_keys[] = {
	{ PLACE(kt_scenario_probe, "name", name), .kind = KT_KEY_NAME, .required = true },
	[PROBE_TARGET] = { .name = "target", .kind = KT_KEY_CUSTOM, .read = read_target },
	[PROBE_PID] = { PLACE(kt_scenario_probe, "pid", pid), .kind = KT_KEY_U32, .min = 1,
			.max = KT_SCENARIO_MAX_PID },
	{ PLACE(kt_scenario_probe, "snapshots", snapshots), .kind = KT_KEY_U32, .min = 1,
	  .max = KT_SCENARIO_MAX_SNAPSHOTS },
	[PROBE_INTERVAL] = { PLACE(kt_scenario_probe, "interval_ms", interval_ms),
			     .kind = KT_KEY_U32, .min = 1, .max = KT_SCENARIO_MAX_MS },
	{ PLACE(kt_scenario_probe, "repeat", repeat), .kind = KT_KEY_U32, .min = 1,
	  .max = KT_SCENARIO_MAX_REPEAT },
	{ PLACE(kt_scenario_probe, "timeout_ms", timeout_ms), .kind = KT_KEY_U32, .min = 1,
	  .max = KT_SCENARIO_MAX_MS },
	{ .name = "with", .kind = KT_KEY_CUSTOM, .read = read_with },
	{ 0 },
};

static struct kt_error *read_probe(const struct kt_reader *reader, const cJSON *item,
				   const struct kt_scenario *scenario,
				   struct kt_scenario_probe *probe)
{
	kt_key_mask given;

	*probe = (struct kt_scenario_probe){
		.snapshots = 1,
		.repeat = 1,
		.timeout_ms = KT_SCENARIO_DEFAULT_PROBE_MS,
	};
	KT_TRY(kt_reader_object(reader, item, "a probe", kt_probe_keys, KT_KEYS_ALL, probe,
				&given));
	if (!(given & KT_KEY_BIT(PROBE_TARGET)) == !(given & KT_KEY_BIT(PROBE_PID)))
		return kt_json_error_at(reader->json, item,
					"a probe needs either \"target\" or \"pid\"");
	if ((probe->snapshots > 1) != !!(given & KT_KEY_BIT(PROBE_INTERVAL)))
		return kt_json_error_at(reader->json, item,
					"\"interval_ms\" belongs to \"snapshots\" above 1, "
					"and is needed there");
	for (size_t i = 0; i < scenario->probe_count; i++) {
		if (!strcmp(scenario->probes[i].name, probe->name))
			return kt_json_error_at(reader->json, item,
						"the probe name \"%s\" is taken", probe->name);
	}
	return NULL;
}

static struct kt_error *read_probes(const struct kt_reader *reader, const cJSON *item, void *ret)
{
	struct kt_scenario *scenario = ret;
	struct kt_scenario_probe *probes;
	size_t count;

	KT_TRY(kt_reader_array(reader, item, 1, KT_SCENARIO_MAX_PROBES, &count));
	probes = kt_arena_alloc(reader->arena, count, sizeof(*probes));
	if (!probes)
		return kt_error_no_memory();
	scenario->probes = probes;
	for (const cJSON *probe = item->child; probe; probe = probe->next) {
		KT_TRY(read_probe(reader, probe, scenario, &probes[scenario->probe_count]));
		scenario->probe_count++;
	}
	return NULL;
}

/* ---- checks ---- */

static struct kt_error *read_checks(const struct kt_reader *reader, const cJSON *item, void *ret)
{
	struct kt_scenario *scenario = ret;
	struct kt_check *checks;
	size_t count;

	KT_TRY(kt_reader_array(reader, item, 1, KT_SCENARIO_MAX_CHECKS, &count));
	checks = kt_arena_alloc(reader->arena, count, sizeof(*checks));
	if (!checks)
		return kt_error_no_memory();
	scenario->checks = checks;
	for (const cJSON *element = item->child; element; element = element->next) {
		struct kt_check *check = &checks[scenario->check_count];

		KT_TRY(kt_check_parse(reader->json, element, scenario, check));
		for (size_t i = 0; i < scenario->check_count; i++) {
			if (!strcmp(checks[i].id, check->id))
				return kt_json_error_at(reader->json, element,
							"the check id \"%s\" is taken; "
							"give this one another \"id\"",
							check->id);
		}
		scenario->check_count++;
	}
	return NULL;
}

/* ---- the whole ---- */

/* In this order they are read: checks lean on probes, and those on workers. */
const struct kt_key kt_scenario_keys[] = {
	{ .name = "schema", .kind = KT_KEY_CUSTOM, .required = true, .read = read_schema },
	{ PLACE(kt_scenario, "name", name), .kind = KT_KEY_NAME, .required = true },
	{ PLACE(kt_scenario, "description", description), .kind = KT_KEY_TEXT,
	  .max = KT_SCENARIO_MAX_TEXT_BYTES },
	{ .name = "guest", .kind = KT_KEY_CUSTOM, .read = read_guest },
	{ .name = "workers", .kind = KT_KEY_CUSTOM, .read = kt_scenario_read_workers },
	{ .name = "probes", .kind = KT_KEY_CUSTOM, .required = true, .read = read_probes },
	{ .name = "checks", .kind = KT_KEY_CUSTOM, .required = true, .read = read_checks },
	{ 0 },
};

static void fill_memory(struct kt_scenario *scenario)
{
	if (scenario->memory_mib)
		return;
	scenario->memory_mib = kt_topology_cpu_count(&scenario->topology) * MEMORY_MIB_PER_CPU;
	if (scenario->memory_mib < MEMORY_MIB_LEAST)
		scenario->memory_mib = MEMORY_MIB_LEAST;
}

/* Each CPU makes the boot longer, which must not use up the time of what comes behind it. */
static void fill_timeout(struct kt_scenario *scenario)
{
	uint32_t more_cpus = kt_topology_cpu_count(&scenario->topology) - 1;

	if (!scenario->timeout_s)
		scenario->timeout_s =
			KT_SCENARIO_DEFAULT_TIMEOUT_S + more_cpus * KT_SCENARIO_TIMEOUT_S_PER_CPU;
}

struct kt_error *kt_scenario_parse(const char *text, size_t len, const char *file,
				   struct kt_scenario **ret)
{
	kt_autojson struct kt_json *json = NULL;
	kt_autoscenario struct kt_scenario *scenario = calloc(1, sizeof(*scenario));

	if (!scenario)
		return kt_error_no_memory();
	KT_TRY(kt_json_parse(text, len, file, KT_JSON_STRICT, &json));
	scenario->topology = (struct kt_topology){ 1, 1, 1, 1 };
	scenario->description = "";
	scenario->file = kt_arena_copy(&scenario->arena, file, strlen(file));
	if (!scenario->file)
		return kt_error_no_memory();
	const struct kt_reader reader = {
		.json = json,
		.arena = &scenario->arena,
		.context = scenario,
	};
	/* Before all else: the keys of another schema are not ours to complain about. */
	const cJSON *schema = cJSON_GetObjectItemCaseSensitive(json->root, "schema");
	if (schema)
		KT_TRY(read_schema(&reader, schema, NULL));
	KT_TRY(kt_reader_object(&reader, json->root, "a scenario", kt_scenario_keys, KT_KEYS_ALL,
				scenario, NULL));
	fill_memory(scenario);
	fill_timeout(scenario);
	*ret = KT_TAKE(scenario);
	return NULL;
}

struct kt_error *kt_scenario_load(const char *path, struct kt_scenario **ret)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	kt_autoerr struct kt_error *err = kt_file_read(path, KT_SCENARIO_MAX_FILE_BYTES, &text);

	if (err && kt_error_class(err) != KT_ERROR_NO_MEMORY)
		return kt_error_create(KT_ERROR_USAGE, 0, "%s", kt_error_message(err));
	if (err)
		return KT_TAKE(err);
	return kt_scenario_parse(kt_buf_text(&text), text.len, path, ret);
}

struct kt_error *kt_scenario_rename(struct kt_scenario *scenario, const char *name)
{
	const char *copy = kt_arena_copy(&scenario->arena, name, strlen(name));

	if (!copy)
		return kt_error_no_memory();
	scenario->name = copy;
	return NULL;
}

struct kt_error *kt_scenario_copy(const struct kt_scenario *from, const char *name,
				  struct kt_scenario **ret)
{
	kt_autoscenario struct kt_scenario *copy = calloc(1, sizeof(*copy));

	if (!copy)
		return kt_error_no_memory();
	*copy = *from;
	copy->arena = (struct kt_arena){ 0 };
	KT_TRY(kt_scenario_rename(copy, name));
	*ret = KT_TAKE(copy);
	return NULL;
}

void kt_scenario_destroy(struct kt_scenario *scenario)
{
	if (!scenario)
		return;
	kt_arena_deinit(&scenario->arena);
	free(scenario);
}
