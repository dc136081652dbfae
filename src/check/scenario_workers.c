/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The workers of a scenario. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "check/scenario_keys.h"
#include "check/scenario_parts.h"

static struct kt_error *read_command(const struct kt_reader *reader, const cJSON *item, void *ret)
{
	struct kt_scenario_worker *worker = ret;
	const char **command;
	size_t count;
	size_t i = 0;

	KT_TRY(kt_reader_array(reader, item, 1, KT_SCENARIO_MAX_ARGUMENTS, &count));
	command = kt_arena_alloc(reader->arena, count + 1, sizeof(*command));
	if (!command)
		return kt_error_no_memory();
	for (const cJSON *argument = item->child; argument; argument = argument->next)
		KT_TRY(kt_reader_text(reader, argument, KT_SCENARIO_MAX_TEXT_BYTES, &command[i++]));
	worker->command = command;
	worker->argument_count = count;
	worker->place = kt_scenario_place_of(reader, item->child);
	return NULL;
}

static struct kt_error *read_ready(const struct kt_reader *reader, const cJSON *item, void *ret)
{
	static const char *const words[] = { "none", "marker", NULL };
	int word;

	KT_TRY(kt_reader_word(reader, item, words, &word));
	((struct kt_scenario_worker *)ret)->ready_marker = word == 1;
	return NULL;
}

static struct kt_error *read_exit_codes(const struct kt_reader *reader, const cJSON *item,
					void *ret)
{
	struct kt_scenario_worker *worker = ret;
	struct kt_exit_legend *legend;
	size_t count = 0;

	if (!cJSON_IsObject(item))
		return kt_json_error_at(reader->json, item, "exit_codes must be an object");
	for (const cJSON *member = item->child; member; member = member->next)
		count++;
	legend = kt_arena_alloc(reader->arena, count, sizeof(*legend));
	if (!legend)
		return kt_error_no_memory();
	for (const cJSON *member = item->child; member; member = member->next) {
		struct kt_exit_legend *entry = &legend[worker->exit_code_count];
		uint64_t code;

		if (!kt_text_parse_u64(member->string, &code) || code > 255)
			return kt_json_error_at_key(reader->json, member,
						    "an exit code is a number from 0 to 255");
		entry->exit_code = (uint32_t)code;
		KT_TRY(kt_reader_text(reader, member, KT_SCENARIO_MAX_TEXT_BYTES, &entry->text));
		worker->exit_code_count++;
	}
	worker->exit_codes = legend;
	return NULL;
}

enum {
	WORKER_READY = 2,
	WORKER_READY_TIMEOUT = 3
}; /* places in the table */

const struct kt_key kt_worker_keys[] = {
	{ PLACE(kt_scenario_worker, "name", name), .kind = KT_KEY_NAME, .required = true },
	{ .name = "command", .kind = KT_KEY_CUSTOM, .required = true, .read = read_command },
	[WORKER_READY] = { .name = "ready", .kind = KT_KEY_CUSTOM, .read = read_ready },
	[WORKER_READY_TIMEOUT] = { PLACE(kt_scenario_worker, "ready_timeout_ms", ready_timeout_ms),
				   .kind = KT_KEY_U32, .min = 1, .max = KT_SCENARIO_MAX_MS },
	{ .name = "exit_codes", .kind = KT_KEY_CUSTOM, .read = read_exit_codes },
	{ .name = "files", .kind = KT_KEY_CUSTOM, .read = kt_scenario_read_files },
	{ .name = "environment", .kind = KT_KEY_CUSTOM, .read = kt_scenario_read_environment },
	{ 0 },
};

const struct kt_scenario_worker *kt_scenario_find_worker(const struct kt_scenario *scenario,
							 const char *name)
{
	for (size_t i = 0; i < scenario->worker_count; i++) {
		if (!strcmp(scenario->workers[i].name, name))
			return &scenario->workers[i];
	}
	return NULL;
}

static struct kt_error *read_worker(const struct kt_reader *reader, const cJSON *item,
				    const struct kt_scenario *scenario,
				    struct kt_scenario_worker *worker)
{
	kt_key_mask given;

	worker->ready_timeout_ms = KT_SCENARIO_DEFAULT_READY_MS;
	KT_TRY(kt_reader_object(reader, item, "a worker", kt_worker_keys, KT_KEYS_ALL, worker,
				&given));
	if ((given & KT_KEY_BIT(WORKER_READY_TIMEOUT)) && !worker->ready_marker)
		return kt_json_error_at(reader->json, item,
					"\"ready_timeout_ms\" needs \"ready\": \"marker\"");
	if (kt_scenario_find_worker(scenario, worker->name))
		return kt_json_error_at(reader->json, item, "the worker name \"%s\" is taken",
					worker->name);
	return NULL;
}

struct kt_error *kt_scenario_read_workers(const struct kt_reader *reader, const cJSON *item,
					  void *ret)
{
	struct kt_scenario *scenario = ret;
	struct kt_scenario_worker *workers;
	size_t count;

	KT_TRY(kt_reader_array(reader, item, 0, KT_SCENARIO_MAX_WORKERS, &count));
	workers = kt_arena_alloc(reader->arena, count, sizeof(*workers));
	if (!workers)
		return kt_error_no_memory();
	scenario->workers = workers;
	for (const cJSON *worker = item->child; worker; worker = worker->next) {
		KT_TRY(read_worker(reader, worker, scenario, &workers[scenario->worker_count]));
		scenario->worker_count++;
	}
	return NULL;
}
