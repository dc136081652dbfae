/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/run_state.h"

#include <stdlib.h>
#include <string.h>

struct kt_error *kt_run_refuse(const char *what, const char *name)
{
	return kt_error_create(KT_ERROR_PROTOCOL, 0, "%s: \"%.64s\"", what, name);
}

struct kt_error *kt_run_grow(void *items, size_t *cap, size_t count, size_t size)
{
	void *old;
	void *bigger;

	if (count < *cap)
		return NULL;
	size_t new_cap = *cap ? *cap * 2 : 4;
	memcpy(&old, items, sizeof(old));
	bigger = reallocarray(old, new_cap, size);
	if (!bigger)
		return kt_error_no_memory();
	memcpy(items, &bigger, sizeof(bigger));
	*cap = new_cap;
	return NULL;
}

struct kt_error *kt_run_copy_name(struct kt_arena *arena, const char *name, const char **ret)
{
	*ret = kt_arena_copy(arena, name, strlen(name));
	return *ret ? NULL : kt_error_no_memory();
}

struct kt_error *kt_run_copy_payload(const struct kt_event *event, struct kt_arena *arena,
				     void *ret)
{
	return kt_fields_copy(kt_event_record(event->type), kt_event_payload(event), arena, ret);
}

static const char **text_place(const struct kt_field *field, void *payload)
{
	return field->kind == KT_FIELD_TEXT || field->kind == KT_FIELD_OPT_TEXT
		       ? (const char **)(void *)((char *)payload + field->offset)
		       : NULL;
}

struct kt_error *kt_run_copy_texts(const struct kt_event *event, void *ret, void **ret_memory)
{
	const struct kt_record *record = kt_event_record(event->type);
	size_t bytes = 1;

	memcpy(ret, kt_event_payload(event), record->size);
	for (const struct kt_field *field = record->fields; field->name; field++) {
		const char **text = text_place(field, ret);
		bytes += text && *text ? strlen(*text) + 1 : 0;
	}
	char *memory = malloc(bytes);
	if (!memory)
		return kt_error_no_memory();
	*ret_memory = memory;
	for (const struct kt_field *field = record->fields; field->name; field++) {
		const char **text = text_place(field, ret);

		if (!text || !*text)
			continue;
		size_t len = strlen(*text) + 1;
		memcpy(memory, *text, len);
		*text = memory;
		memory += len;
	}
	return NULL;
}
