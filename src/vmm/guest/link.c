/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/link.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/json_write.h"
#include "base/text.h"

enum {
	/* The longest text of a message that is kept. */
	LINK_MAX_TEXT_BYTES = 1024,
	/* An agent's own are far shorter, and reading JSON takes many times its size. */
	LINK_MAX_MESSAGE_BYTES = 16 * 1024,
};

/* A message being read: its JSON, and room for one cleaned text. */
struct reading {
	const struct kt_json *json;
	struct kt_link_message *message;
	struct kt_buf *text;
};

void kt_link_init(struct kt_link *link,
		  void (*on_message)(void *ctx, const struct kt_link_message *message), void *ctx)
{
	*link = (struct kt_link){ .on_message = on_message, .ctx = ctx };
}

void kt_link_deinit(struct kt_link *link)
{
	kt_buf_deinit(&link->in);
}

static struct kt_error *read_u64(const struct reading *reading, const char *key, uint64_t *ret)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(reading->json->root, key);

	if (!item || !kt_json_item_u64(reading->json, item, ret))
		return kt_error_create(KT_ERROR_PROTOCOL, 0,
				       "the agent's message lacks the number '%s'", key);
	return NULL;
}

static struct kt_error *read_id(const struct reading *reading)
{
	uint64_t id;

	KT_TRY(read_u64(reading, "id", &id));
	if (id > UINT32_MAX)
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "the agent named a wild id");
	reading->message->id = (uint32_t)id;
	return NULL;
}

/* A text member, cleaned; "" when it is missing and not @required. */
static struct kt_error *read_text(const struct reading *reading, const char *key, bool required)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(reading->json->root, key);

	if (!cJSON_IsString(item)) {
		if (!required)
			return NULL;
		return kt_error_create(KT_ERROR_PROTOCOL, 0,
				       "the agent's message lacks the text '%s'", key);
	}
	kt_text_sanitize(reading->text, item->valuestring, strlen(item->valuestring),
			 LINK_MAX_TEXT_BYTES, false);
	reading->message->text = kt_buf_text(reading->text);
	return kt_buf_error(reading->text);
}

static struct kt_error *read_hello(const struct reading *reading)
{
	uint64_t protocol;

	KT_TRY(read_u64(reading, "protocol", &protocol));
	if (protocol != KT_PROTOCOL_VERSION)
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "the agent speaks another version");
	KT_TRY(read_u64(reading, "mono_ns", &reading->message->mono_ns));
	KT_TRY(read_u64(reading, "real_ns", &reading->message->real_ns));
	return read_text(reading, "release", true);
}

/* A number from 1 to 2^32 - 1 that may be missing. */
static struct kt_error *read_count(const struct reading *reading, const char *key,
				   struct kt_opt_u64 *ret)
{
	if (!cJSON_HasObjectItem(reading->json->root, key))
		return NULL;
	KT_TRY(read_u64(reading, key, &ret->value));
	if (!ret->value || ret->value > UINT32_MAX)
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "the agent named a wild number '%s'",
				       key);
	ret->known = true;
	return NULL;
}

static struct kt_error *read_ready(const struct reading *reading)
{
	struct kt_topology_seen *seen = &reading->message->seen;

	KT_TRY(read_count(reading, "cpus", &seen->cpus));
	KT_TRY(read_count(reading, "numa_nodes", &seen->numa_nodes));
	KT_TRY(read_count(reading, "llcs", &seen->llcs));
	KT_TRY(read_count(reading, "cores", &seen->cores));
	KT_TRY(read_count(reading, "threads", &seen->threads));
	KT_TRY(read_u64(reading, "mono_ns", &reading->message->mono_ns));
	KT_TRY(read_u64(reading, "real_ns", &reading->message->real_ns));
	return read_text(reading, "problem", false);
}

static struct kt_error *read_started(const struct reading *reading)
{
	KT_TRY(read_id(reading));
	KT_TRY(read_u64(reading, "pid", &reading->message->pid));
	if (!reading->message->pid || reading->message->pid > INT32_MAX)
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "the agent named a wild pid");
	return NULL;
}

static struct kt_error *read_failed(const struct reading *reading)
{
	KT_TRY(read_id(reading));
	return read_text(reading, "why", true);
}

static struct kt_error *read_awaited(const struct reading *reading)
{
	KT_TRY(read_id(reading));
	return read_text(reading, "outcome", true);
}

static struct kt_error *read_ended(const struct reading *reading)
{
	struct kt_link_message *message = reading->message;

	KT_TRY(read_id(reading));
	message->is_signal = cJSON_HasObjectItem(reading->json->root, "signal");
	KT_TRY(read_u64(reading, message->is_signal ? "signal" : "exit_code", &message->status));
	if (message->status > 255 || (message->is_signal && message->status >= NSIG))
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "the agent named a wild exit status");
	KT_TRY(read_u64(reading, "stdout_dropped_bytes",
			&message->dropped_bytes[KT_STREAM_STDOUT]));
	return read_u64(reading, "stderr_dropped_bytes", &message->dropped_bytes[KT_STREAM_STDERR]);
}

static struct kt_error *read_beat(const struct reading *reading)
{
	return read_u64(reading, "mono_ns", &reading->message->mono_ns);
}

static struct kt_error *read_frozen(const struct reading *reading)
{
	return read_text(reading, "problem", false);
}

static struct kt_error *read_taken(const struct reading *reading)
{
	uint64_t len;

	KT_TRY(read_id(reading));
	KT_TRY(read_u64(reading, "bytes", &len));
	if (len > KT_WINDOW_BYTES)
		return kt_error_create(KT_ERROR_PROTOCOL, 0,
				       "the agent took more input than it was sent");
	reading->message->len = len;
	return NULL;
}

static struct kt_error *read_bye(const struct reading *reading)
{
	(void)reading;
	return NULL;
}

static const struct {
	const char *name;
	enum kt_link_kind kind;
	struct kt_error *(*read)(const struct reading *reading);
} messages[] = {
	{ "hello", KT_LINK_HELLO, read_hello },	      { "ready", KT_LINK_READY, read_ready },
	{ "started", KT_LINK_STARTED, read_started }, { "failed", KT_LINK_FAILED, read_failed },
	{ "awaited", KT_LINK_AWAITED, read_awaited }, { "ended", KT_LINK_ENDED, read_ended },
	{ "beat", KT_LINK_BEAT, read_beat },	      { "frozen", KT_LINK_FROZEN, read_frozen },
	{ "taken", KT_LINK_TAKEN, read_taken },	      { "bye", KT_LINK_BYE, read_bye },
};

static struct kt_error *read_message(const struct kt_json *json, struct kt_buf *text,
				     struct kt_link_message *message)
{
	struct reading reading = { .json = json, .message = message, .text = text };
	const cJSON *say = cJSON_GetObjectItemCaseSensitive(json->root, "say");

	for (size_t i = 0; cJSON_IsString(say) && i < sizeof(messages) / sizeof(*messages); i++)
		if (!strcmp(messages[i].name, say->valuestring)) {
			message->kind = messages[i].kind;
			return messages[i].read(&reading);
		}
	return kt_error_create(KT_ERROR_PROTOCOL, 0, "the agent sent an unknown message");
}

static struct kt_error *take_message(struct kt_link *link, const struct kt_frame *frame)
{
	kt_autojson struct kt_json *json = NULL;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct kt_link_message message = { .text = "" };

	if (frame->len > LINK_MAX_MESSAGE_BYTES)
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "a message of %zu bytes is too large",
				       frame->len);
	struct kt_error *err =
		kt_json_parse(frame->payload, frame->len, "agent", KT_JSON_STRICT, &json);
	if (err) {
		kt_error_destroy(err);
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "the agent sent no JSON");
	}
	KT_TRY(read_message(json, &text, &message));
	link->on_message(link->ctx, &message);
	return NULL;
}

static void take_output(struct kt_link *link, const struct kt_frame *frame)
{
	struct kt_link_message message = {
		.kind = KT_LINK_OUTPUT,
		.id = frame->process_id,
		.text = "",
		.stream = frame->stream,
		.bytes = frame->payload,
		.len = frame->len,
	};

	link->on_message(link->ctx, &message);
}

struct kt_error *kt_link_feed(struct kt_link *link, const char *bytes, size_t len)
{
	size_t done = 0;
	struct kt_error *err = NULL;

	kt_buf_append(&link->in, bytes, len);
	KT_TRY(kt_buf_error(&link->in));
	while (!err && !link->ended) {
		struct kt_frame frame;
		size_t used;
		KT_TRY(kt_frame_decode(kt_buf_text(&link->in) + done, link->in.len - done, &frame,
				       &used));
		if (!used)
			break;
		done += used;
		if (frame.type == KT_FRAME_MESSAGE)
			err = take_message(link, &frame);
		else if (frame.type == KT_FRAME_OUTPUT)
			take_output(link, &frame);
		else
			err = kt_error_create(KT_ERROR_PROTOCOL, 0,
					      "the agent sent an input frame");
	}
	kt_buf_consume(&link->in, done);
	return err;
}

/* A request being written: {"do": WHAT, ...}. */
struct request {
	struct kt_buf text;
	struct kt_json_writer json;
};

static void request_begin(struct request *request, const char *what)
{
	request->text = KT_BUF_INIT;
	kt_json_writer_init(&request->json, &request->text, 0);
	kt_json_object_begin(&request->json);
	kt_json_key(&request->json, "do");
	kt_json_string(&request->json, what);
}

static void put_u64(struct request *request, const char *key, uint64_t value)
{
	kt_json_key(&request->json, key);
	kt_json_u64(&request->json, value);
}

static void request_end(struct request *request, struct kt_buf *out)
{
	kt_json_object_end(&request->json);
	if (request->text.failed)
		out->failed = true;
	else
		kt_frame_put_message(out, request->text.data, request->text.len);
	kt_buf_deinit(&request->text);
}

void kt_link_put_hello(struct kt_buf *out, const unsigned char *seed, uint64_t real_ns)
{
	struct request request;
	char hex[2 * KT_SEED_BYTES + 1];

	for (size_t i = 0; i < KT_SEED_BYTES; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", seed[i]);
	request_begin(&request, "hello");
	put_u64(&request, "protocol", KT_PROTOCOL_VERSION);
	put_u64(&request, "real_ns", real_ns);
	kt_json_key(&request.json, "seed");
	kt_json_string(&request.json, hex);
	request_end(&request, out);
}

static void spawn_begin(struct request *request, uint32_t id, char *const *argv,
			uint64_t limit_bytes)
{
	request_begin(request, "spawn");
	put_u64(request, "id", id);
	put_u64(request, "limit_bytes", limit_bytes);
	kt_json_key(&request->json, "argv");
	kt_json_array_begin(&request->json);
	for (; *argv; argv++)
		kt_json_string(&request->json, *argv);
	kt_json_array_end(&request->json);
}

static void put_environment(struct request *request, const char *const *environment)
{
	kt_json_key(&request->json, "environment");
	kt_json_array_begin(&request->json);
	for (; *environment; environment++)
		kt_json_string(&request->json, *environment);
	kt_json_array_end(&request->json);
}

void kt_link_put_spawn(struct kt_buf *out, uint32_t id, char *const *argv,
		       const char *const *environment, uint64_t limit_bytes)
{
	struct request request;

	spawn_begin(&request, id, argv, limit_bytes);
	if (environment)
		put_environment(&request, environment);
	request_end(&request, out);
}

static void put_size(struct request *request, unsigned rows, unsigned columns)
{
	put_u64(request, "rows", rows);
	put_u64(request, "columns", columns);
}

void kt_link_put_spawn_with_input(struct kt_buf *out, uint32_t id, char *const *argv,
				  const struct kt_terminal *terminal)
{
	struct request request;

	spawn_begin(&request, id, argv, UINT64_MAX);
	if (terminal) {
		kt_json_key(&request.json, "terminal");
		kt_json_object_begin(&request.json);
		put_size(&request, terminal->rows, terminal->columns);
		kt_json_key(&request.json, "type");
		kt_json_string(&request.json, terminal->type);
		kt_json_object_end(&request.json);
	} else {
		kt_json_key(&request.json, "input");
		kt_json_bool(&request.json, true);
	}
	request_end(&request, out);
}

void kt_link_put_resize(struct kt_buf *out, uint32_t id, unsigned rows, unsigned columns)
{
	struct request request;

	request_begin(&request, "resize");
	put_u64(&request, "id", id);
	put_size(&request, rows, columns);
	request_end(&request, out);
}

void kt_link_put_taken(struct kt_buf *out, uint32_t id, enum kt_stream stream, size_t len)
{
	struct request request;

	request_begin(&request, "taken");
	put_u64(&request, "id", id);
	put_u64(&request, "stream", stream);
	put_u64(&request, "bytes", len);
	request_end(&request, out);
}

void kt_link_put_await(struct kt_buf *out, uint32_t id, const char *path, uint64_t timeout_ms)
{
	struct request request;

	request_begin(&request, "await");
	put_u64(&request, "id", id);
	put_u64(&request, "timeout_ms", timeout_ms);
	kt_json_key(&request.json, "path");
	kt_json_string(&request.json, path);
	request_end(&request, out);
}

void kt_link_put_kill(struct kt_buf *out, uint32_t id, int signal)
{
	struct request request;

	request_begin(&request, "kill");
	put_u64(&request, "id", id);
	put_u64(&request, "signal", (uint64_t)signal);
	request_end(&request, out);
}

/* A request without members. */
static void put_word(struct kt_buf *out, const char *what)
{
	struct request request;

	request_begin(&request, what);
	request_end(&request, out);
}

void kt_link_put_freeze(struct kt_buf *out)
{
	put_word(out, "freeze");
}

void kt_link_put_wake(struct kt_buf *out)
{
	put_word(out, "wake");
}

void kt_link_put_exit(struct kt_buf *out)
{
	put_word(out, "exit");
}
