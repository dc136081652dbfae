/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/agent_state.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "guest/ends.h"

/* A request being handled: its JSON and the agent. */
struct request {
	struct kt_agent *agent;
	const struct kt_json *json;
	const cJSON *root;
};

/* The process called @id, or NULL. */
static struct kt_process *find_process(struct kt_agent *agent, uint32_t id)
{
	struct kt_process *process = agent->processes;

	while (process && process->id != id)
		process = process->next;
	return process;
}

static struct kt_error *bad_request(const char *what)
{
	return kt_error_create(KT_ERROR_PROTOCOL, 0, "a request of the host: %s", what);
}

static struct kt_error *get_u64(const struct request *request, const char *key, uint64_t *ret)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(request->root, key);

	if (!item || !kt_json_item_u64(request->json, item, ret))
		return kt_error_wrap(bad_request("a number is missing"), "%s", key);
	return NULL;
}

static struct kt_error *get_string(const struct request *request, const char *key, const char **ret)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(request->root, key);

	if (!cJSON_IsString(item))
		return kt_error_wrap(bad_request("a string is missing"), "%s", key);
	*ret = item->valuestring;
	return NULL;
}

/* The strings of array @key as a NULL-terminated vector; the strings stay the document's. */
static struct kt_error *get_strings(const struct request *request, const char *key, char ***ret)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(request->root, key);
	const cJSON *item;
	size_t count = 0;

	if (!cJSON_IsArray(array))
		return kt_error_wrap(bad_request("a list is missing"), "%s", key);
	kt_autofree char **list = calloc((size_t)cJSON_GetArraySize(array) + 1, sizeof(*list));
	if (!list)
		return kt_error_no_memory();
	cJSON_ArrayForEach(item, array)
	{
		if (!cJSON_IsString(item))
			return kt_error_wrap(bad_request("not a string"), "%s", key);
		list[count++] = item->valuestring;
	}
	*ret = KT_TAKE(list);
	return NULL;
}

static int hex_digit(char byte)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = byte ? strchr(digits, byte) : NULL;

	return found ? (int)(found - digits) : -1;
}

static struct kt_error *get_seed(const struct request *request, unsigned char seed[KT_SEED_BYTES])
{
	const char *text;

	KT_TRY(get_string(request, "seed", &text));
	if (strlen(text) != 2 * KT_SEED_BYTES)
		return bad_request("the seed has another length");
	for (size_t i = 0; i < KT_SEED_BYTES; i++) {
		int high = hex_digit(text[2 * i]);
		int low = hex_digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return bad_request("the seed is not hexadecimal");
		seed[i] = (unsigned char)(high << 4 | low);
	}
	return NULL;
}

static struct kt_error *handle_hello(const struct request *request)
{
	unsigned char seed[KT_SEED_BYTES];
	uint64_t real_ns;
	uint64_t protocol;

	KT_TRY(get_u64(request, "protocol", &protocol));
	if (protocol != KT_PROTOCOL_VERSION)
		return bad_request("another protocol version");
	KT_TRY(get_u64(request, "real_ns", &real_ns));
	KT_TRY(get_seed(request, seed));

	kt_autoerr struct kt_error *problem = request->agent->hooks->set_clock(real_ns);
	if (!problem)
		problem = request->agent->hooks->add_entropy(seed, sizeof(seed));
	if (!problem)
		problem = request->agent->hooks->scatter_pids();
	kt_agent_say_ready(request->agent, problem ? kt_error_message(problem) : NULL);
	return NULL;
}

/* Whether @entry, "NAME=value", has the name of one of @list. */
static bool is_replaced(char *const *list, const char *entry)
{
	size_t len = strcspn(entry, "=") + 1;

	while (*list && strncmp(*list, entry, len) != 0)
		list++;
	return *list != NULL;
}

/* Our environment, in which what the request gives is set or replaced. */
static struct kt_error *get_environment(const struct request *request, char ***ret)
{
	kt_autofree char **given = NULL;
	size_t count = 0;

	if (cJSON_HasObjectItem(request->root, "environment"))
		KT_TRY(get_strings(request, "environment", &given));
	for (char **entry = given; entry && *entry; entry++, count++)
		if ((*entry)[0] == '=' || !strchr(*entry, '='))
			return bad_request("spawn: no variable");
	size_t own_count = 0;
	while (environ[own_count])
		own_count++;
	kt_autofree char **list = calloc(count + own_count + 1, sizeof(*list));
	if (!list)
		return kt_error_no_memory();
	for (size_t i = 0; i < count; i++)
		list[i] = given[i];
	for (size_t i = 0; i < own_count; i++)
		if (!given || !is_replaced(given, environ[i]))
			list[count++] = environ[i];
	*ret = KT_TAKE(list);
	return NULL;
}

static struct kt_error *get_size(const struct request *request, unsigned *ret_rows,
				 unsigned *ret_columns)
{
	uint64_t rows;
	uint64_t columns;

	KT_TRY(get_u64(request, "rows", &rows));
	KT_TRY(get_u64(request, "columns", &columns));
	if (!rows || !columns || rows > UINT16_MAX || columns > UINT16_MAX)
		return bad_request("no size of a terminal");
	*ret_rows = (unsigned)rows;
	*ret_columns = (unsigned)columns;
	return NULL;
}

/* What a spawn may have besides: "input", or a "terminal", put into @room. */
static struct kt_error *get_attachment(const struct request *request, struct kt_terminal *room,
				       struct kt_process_plan *plan)
{
	struct request inner = *request;

	plan->has_input = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(request->root, "input"));
	inner.root = cJSON_GetObjectItemCaseSensitive(request->root, "terminal");
	if (!inner.root)
		return NULL;
	KT_TRY(get_size(&inner, &room->rows, &room->columns));
	KT_TRY(get_string(&inner, "type", &room->type));
	if (strlen(room->type) > KT_TERMINAL_TYPE_MAX_BYTES)
		return bad_request("a long type of a terminal");
	plan->terminal = room;
	return NULL;
}

static struct kt_error *spawn(struct kt_agent *agent, const struct kt_process_plan *plan)
{
	struct kt_process *process;
	kt_autoerr struct kt_error *err = kt_process_spawn(plan, &process);

	if (err) {
		kt_agent_say_failed(agent, plan->id, kt_error_message(err));
		return NULL;
	}
	process->next = agent->processes;
	agent->processes = process;
	agent->process_count++;
	kt_agent_say_started(agent, process);
	return NULL;
}

static struct kt_error *handle_spawn(const struct request *request)
{
	struct kt_agent *agent = request->agent;
	struct kt_process_plan plan = { 0 };
	struct kt_terminal terminal;
	kt_autofree char **argv = NULL;
	kt_autofree char **environment = NULL;
	uint64_t id;

	KT_TRY(get_u64(request, "id", &id));
	KT_TRY(get_u64(request, "limit_bytes", &plan.limit_bytes));
	KT_TRY(get_strings(request, "argv", &argv));
	KT_TRY(get_environment(request, &environment));
	KT_TRY(get_attachment(request, &terminal, &plan));
	if (!argv[0] || id > UINT32_MAX || find_process(agent, (uint32_t)id))
		return bad_request("spawn: no program, or an id in use");
	if (agent->process_count >= KT_AGENT_MAX_PROCESSES)
		return bad_request("spawn: too many processes");
	plan.id = (uint32_t)id;
	plan.argv = argv;
	plan.environment = environment;
	return spawn(agent, &plan);
}

/* The process called "id", or NULL: it may have ended while the request was on its way. */
static struct kt_error *get_process(const struct request *request, struct kt_process **ret)
{
	uint64_t id;

	KT_TRY(get_u64(request, "id", &id));
	*ret = id <= UINT32_MAX ? find_process(request->agent, (uint32_t)id) : NULL;
	return NULL;
}

static struct kt_error *handle_resize(const struct request *request)
{
	struct kt_process *process;
	unsigned rows;
	unsigned columns;

	KT_TRY(get_process(request, &process));
	KT_TRY(get_size(request, &rows, &columns));
	if (process && process->is_terminal && process->input_fd >= 0)
		kt_ends_resize(process->input_fd, rows, columns);
	return NULL;
}

static struct kt_error *handle_taken(const struct request *request)
{
	struct kt_process *process;
	uint64_t stream;
	uint64_t len;

	KT_TRY(get_process(request, &process));
	KT_TRY(get_u64(request, "stream", &stream));
	KT_TRY(get_u64(request, "bytes", &len));
	if (stream >= KT_STREAM_COUNT || len > KT_WINDOW_BYTES)
		return bad_request("taken: no such stream, or more than a window");
	if (process)
		kt_process_open_window(process, (enum kt_stream)stream, len, kt_clock_mono_ns());
	return NULL;
}

struct kt_error *kt_agent_take_input(struct kt_agent *agent, const struct kt_frame *frame)
{
	struct kt_process *process = find_process(agent, frame->process_id);

	if (!process)
		return NULL;
	return kt_process_take_input(process, frame->payload, frame->len);
}

/* Every "%p" of @pattern replaced by @pid. */
static struct kt_error *expand_pid(const char *pattern, pid_t pid, char **ret)
{
	kt_autobuf struct kt_buf path = KT_BUF_INIT;

	for (; *pattern; pattern++) {
		if (pattern[0] == '%' && pattern[1] == 'p') {
			kt_buf_printf(&path, "%d", (int)pid);
			pattern++;
		} else {
			kt_buf_putc(&path, *pattern);
		}
	}
	char *text = kt_buf_steal(&path);
	if (!text)
		return kt_error_no_memory();
	*ret = text;
	return NULL;
}

static struct kt_error *handle_await(const struct request *request)
{
	const char *pattern;
	uint64_t id;
	uint64_t timeout_ms;

	KT_TRY(get_u64(request, "id", &id));
	KT_TRY(get_u64(request, "timeout_ms", &timeout_ms));
	KT_TRY(get_string(request, "path", &pattern));
	struct kt_process *process = id <= UINT32_MAX ? find_process(request->agent, (uint32_t)id)
						      : NULL;
	if (!process) {
		/* It may have ended while the request was on its way: no fault of the host. */
		kt_agent_say_awaited(request->agent, (uint32_t)id, "ended");
		return NULL;
	}
	free(KT_TAKE(process->awaited_path));
	KT_TRY(expand_pid(pattern, process->pid, &process->awaited_path));
	if (timeout_ms > UINT32_MAX)
		timeout_ms = UINT32_MAX;
	process->await_until_ns = kt_clock_mono_ns() + timeout_ms * KT_NS_PER_MS;
	return NULL;
}

static struct kt_error *handle_kill(const struct request *request)
{
	uint64_t id;
	uint64_t signal;

	KT_TRY(get_u64(request, "id", &id));
	KT_TRY(get_u64(request, "signal", &signal));
	if (!signal || signal >= NSIG)
		return bad_request("kill: no such signal");
	const struct kt_process *process =
		id <= UINT32_MAX ? find_process(request->agent, (uint32_t)id) : NULL;
	if (process)
		kt_process_kill(process, (int)signal);
	return NULL;
}

static struct kt_error *handle_freeze(const struct request *request)
{
	struct kt_agent *agent = request->agent;

	if (agent->processes || agent->is_frozen)
		return bad_request("freeze: a process is left, or it is frozen already");
	kt_autoerr struct kt_error *problem = agent->hooks->sweep();
	kt_agent_say_frozen(agent, problem ? kt_error_message(problem) : NULL);
	agent->is_frozen = !problem;
	return NULL;
}

static struct kt_error *handle_wake(const struct request *request)
{
	struct kt_agent *agent = request->agent;

	if (!agent->is_frozen)
		return bad_request("wake: it is not frozen");
	agent->is_frozen = false;
	kt_agent_say_hello(agent);
	return NULL;
}

static struct kt_error *handle_exit(const struct request *request)
{
	request->agent->exit_asked = true;
	return NULL;
}

static const struct {
	const char *name;
	struct kt_error *(*handle)(const struct request *request);
} requests[] = {
	{ "hello", handle_hello }, { "spawn", handle_spawn },	{ "await", handle_await },
	{ "kill", handle_kill },   { "freeze", handle_freeze }, { "wake", handle_wake },
	{ "kill", handle_kill },   { "resize", handle_resize }, { "taken", handle_taken },
	{ "exit", handle_exit },
};

struct kt_error *kt_agent_handle(struct kt_agent *agent, const char *json, size_t len)
{
	kt_autojson struct kt_json *parsed = NULL;
	const char *name;

	struct kt_error *err = kt_json_parse(json, len, "request", KT_JSON_STRICT, &parsed);
	if (err)
		return err;
	struct request request = { .agent = agent, .json = parsed, .root = parsed->root };
	KT_TRY(get_string(&request, "do", &name));
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		if (!strcmp(requests[i].name, name))
			return requests[i].handle(&request);
	return bad_request("an unknown request");
}
