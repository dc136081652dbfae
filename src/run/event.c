/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/event.h"

#include <string.h>

#include "base/cleanup.h"
#include "run/event_fields.h"
#include "run/fields_plain.h"

/* What every line has; scenario only where it belongs to one. */
struct envelope {
	uint32_t schema;
	const char *event;
	uint64_t host_mono_ns;
	const char *scenario;
};

static const struct kt_field envelope_fields[] = {
	{ .name = "schema", .kind = KT_FIELD_U32, .offset = offsetof(struct envelope, schema) },
	{ .name = "event", .kind = KT_FIELD_TEXT, .offset = offsetof(struct envelope, event) },
	{ .name = "host_mono_ns",
	  .kind = KT_FIELD_U64,
	  .offset = offsetof(struct envelope, host_mono_ns) },
	{ .name = "scenario",
	  .kind = KT_FIELD_OPT_TEXT,
	  .offset = offsetof(struct envelope, scenario) },
	{ 0 },
};

static const struct kt_record envelope_record = {
	.size = sizeof(struct envelope),
	.fields = envelope_fields,
};

void kt_event_deinit(struct kt_event *event)
{
	kt_arena_deinit(&event->arena);
	*event = (struct kt_event){ 0 };
}

void kt_event_encode(const struct kt_event *event, struct kt_buf *out)
{
	const struct envelope envelope = {
		.schema = KT_EVENT_SCHEMA,
		.event = kt_event_type_name(event->type),
		.host_mono_ns = event->host_mono_ns,
		.scenario = event->scenario,
	};
	const struct kt_record *record = kt_event_record(event->type);
	struct kt_json_writer writer;

	kt_json_writer_init(&writer, out, 0);
	kt_json_object_begin(&writer);
	kt_fields_encode(&envelope_record, &envelope, &writer);
	if (record)
		kt_fields_encode(record, kt_event_payload(event), &writer);
	kt_json_object_end(&writer);
	kt_buf_putc(out, '\n');
}

static enum kt_event_type find_type(const char *name)
{
	for (int type = KT_EVENT_NONE + 1; type < KT_EVENT_TYPE_COUNT; type++) {
		if (!strcmp(kt_event_descriptions[type].name, name))
			return (enum kt_event_type)type;
	}
	return KT_EVENT_NONE;
}

/* The schema is looked at before anything else: a newer line may have none of the rest. */
static struct kt_error *check_schema(const struct kt_json_tokens *tokens)
{
	uint64_t schema;
	size_t index;

	if (tokens->tokens[0].type != KT_JSON_OBJECT)
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "an event must be a JSON object");
	index = kt_json_find(tokens, 0, "schema");
	if (!index || !kt_json_token_u64(tokens, index, &schema) || !schema)
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "an event must have \"schema\": %d",
				       KT_EVENT_SCHEMA);
	if (schema > KT_EVENT_SCHEMA)
		return kt_error_create(
			KT_ERROR_PROTOCOL, 0,
			"schema %llu was written by a newer version; this one reads %d",
			(unsigned long long)schema, KT_EVENT_SCHEMA);
	return NULL;
}

static struct kt_error *decode_tokens(const struct kt_json_tokens *tokens, struct kt_event *event)
{
	struct envelope envelope = { 0 };

	KT_TRY(check_schema(tokens));
	KT_TRY(kt_fields_decode(&envelope_record, tokens, 0, &event->arena, &envelope));
	event->type = find_type(envelope.event);
	event->host_mono_ns = envelope.host_mono_ns;
	event->scenario = envelope.scenario;
	if (event->type == KT_EVENT_NONE)
		return NULL;
	const struct kt_event_description *type = &kt_event_descriptions[event->type];
	return kt_error_wrap(kt_fields_decode(type->record, tokens, 0, &event->arena,
					      (char *)event + type->payload_offset),
			     "event %s", type->name);
}

/* The same error in class protocol: a line is not the user's configuration. */
static struct kt_error *as_protocol(struct kt_error *err)
{
	if (!err || kt_error_class(err) != KT_ERROR_USAGE)
		return err;
	struct kt_error *same = kt_error_create(KT_ERROR_PROTOCOL, 0, "%s", kt_error_message(err));
	kt_error_destroy(err);
	return same;
}

/* The members of the envelope stand first; those of the payload are known once the event is. */
static bool read_members(struct kt_plain *plain, struct kt_event *event)
{
	struct envelope envelope = { 0 };
	struct kt_plain_members common = { .type = &envelope_record, .ret = &envelope };
	struct kt_plain_members payload = { 0 };

	do {
		if (!kt_plain_take(plain, '"'))
			return false;
		if (kt_plain_find(plain, &common)) {
			if (!kt_plain_value(plain, &common))
				return false;
		} else if (!payload.type || !kt_plain_find(plain, &payload) ||
			   !kt_plain_value(plain, &payload)) {
			return false;
		}
		if (!envelope.event || payload.type)
			continue;
		event->type = find_type(envelope.event);
		payload.type = kt_event_descriptions[event->type].record;
		payload.ret = (char *)event + kt_event_descriptions[event->type].payload_offset;
	} while (kt_plain_take(plain, ','));
	event->host_mono_ns = envelope.host_mono_ns;
	event->scenario = envelope.scenario;
	return payload.type && envelope.schema == KT_EVENT_SCHEMA &&
	       kt_plain_is_complete(&common) && kt_plain_is_complete(&payload);
}

/* The shortcut for lines that are written as kt_event_encode() does; false: see for yourself. */
static bool read_plain(const char *line, size_t len, struct kt_event *event)
{
	struct kt_plain plain = { .at = line, .end = line + len, .arena = &event->arena };

	if (kt_plain_take(&plain, '{') && read_members(&plain, event) &&
	    kt_plain_take(&plain, '}') && plain.at == plain.end)
		return true;
	kt_event_deinit(event);
	return false;
}

struct kt_error *kt_event_decode(const char *line, size_t len, struct kt_event *ret)
{
	struct kt_json_tokens tokens = { 0 };
	struct kt_event event = { 0 };

	if (len > KT_EVENT_MAX_LINE_BYTES)
		return kt_error_create(KT_ERROR_PROTOCOL, 0,
				       "an event line of %zu bytes is too long", len);
	if (read_plain(line, len, &event)) {
		*ret = event;
		return NULL;
	}
	struct kt_error *err =
		as_protocol(kt_json_scan(line, len, "event", KT_JSON_STRICT, &tokens));
	if (!err)
		err = decode_tokens(&tokens, &event);
	kt_json_tokens_deinit(&tokens);
	if (err) {
		kt_event_deinit(&event);
		return err;
	}
	*ret = event;
	return NULL;
}

const struct kt_record *kt_event_record(enum kt_event_type type)
{
	return kt_event_descriptions[type].record;
}

const void *kt_event_payload(const struct kt_event *event)
{
	return (const char *)event + kt_event_descriptions[event->type].payload_offset;
}

const char *kt_event_type_name(enum kt_event_type type)
{
	return kt_event_descriptions[type].name;
}

const char *kt_accel_name(enum kt_accel accel)
{
	return accel == KT_ACCEL_NONE ? "unknown" : kt_accel_words[accel];
}

const char *kt_guest_state_name(enum kt_guest_state state)
{
	return kt_guest_state_words[state];
}

const char *kt_guest_reason_name(enum kt_guest_reason reason)
{
	return reason == KT_REASON_NONE ? "" : kt_guest_reason_words[reason];
}

const char *kt_verdict_name(enum kt_verdict verdict)
{
	return kt_verdict_words[verdict];
}

const char *kt_result_name(enum kt_result result)
{
	return kt_result_words[result];
}
