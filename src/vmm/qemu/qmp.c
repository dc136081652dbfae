/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/qemu/qmp.h"

#include <string.h>

#include "base/json.h"

void kt_qmp_init(struct kt_qmp *qmp,
		 void (*on_message)(void *ctx, const struct kt_qmp_message *message), void *ctx)
{
	*qmp = (struct kt_qmp){ .on_message = on_message, .ctx = ctx };
}

void kt_qmp_deinit(struct kt_qmp *qmp)
{
	kt_buf_deinit(&qmp->line);
}

static const char *string_in(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	return cJSON_IsString(item) ? item->valuestring : "";
}

static struct kt_qmp_message read_event(const cJSON *root, const char *name)
{
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(root, "data");

	if (!strcmp(name, "SHUTDOWN"))
		return (struct kt_qmp_message){ KT_QMP_SHUTDOWN, string_in(data, "reason") };
	if (!strcmp(name, "MIGRATION") && !strcmp(string_in(data, "status"), "completed"))
		return (struct kt_qmp_message){ KT_QMP_SAVED, "" };
	if (!strcmp(name, "MIGRATION") && !strcmp(string_in(data, "status"), "failed"))
		return (struct kt_qmp_message){ KT_QMP_NOT_SAVED, "the migration failed" };
	if (!strcmp(name, "STOP"))
		return (struct kt_qmp_message){ KT_QMP_STOP, "" };
	return (struct kt_qmp_message){ KT_QMP_OTHER, name };
}

static struct kt_qmp_message read_message(const cJSON *root)
{
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(root, "error");
	const cJSON *answer = cJSON_GetObjectItemCaseSensitive(root, "return");
	const char *event = string_in(root, "event");

	if (cJSON_GetObjectItemCaseSensitive(root, "QMP"))
		return (struct kt_qmp_message){ KT_QMP_GREETING, "" };
	if (*event)
		return read_event(root, event);
	if (error)
		return (struct kt_qmp_message){ KT_QMP_ERROR, string_in(error, "desc") };
	if (!strcmp(string_in(answer, "status"), "internal-error"))
		return (struct kt_qmp_message){ KT_QMP_INTERNAL_ERROR, "internal-error" };
	return (struct kt_qmp_message){ KT_QMP_OTHER, string_in(root, "return") };
}

static struct kt_error *take_line(struct kt_qmp *qmp)
{
	kt_autojson struct kt_json *json = NULL;

	struct kt_error *err = kt_json_parse(qmp->line.data, qmp->line.len, "QMP",
					     KT_JSON_ALLOW_DUPLICATES, &json);
	if (err) {
		kt_error_destroy(err);
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "QEMU's monitor sent no JSON");
	}
	if (!cJSON_IsObject(json->root))
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "QEMU's monitor sent no object");
	struct kt_qmp_message message = read_message(json->root);
	qmp->on_message(qmp->ctx, &message);
	return NULL;
}

struct kt_error *kt_qmp_feed(struct kt_qmp *qmp, const char *bytes, size_t len)
{
	while (len) {
		const char *newline = memchr(bytes, '\n', len);
		size_t part = newline ? (size_t)(newline - bytes) : len;

		if (qmp->line.len + part > KT_QMP_MAX_LINE_BYTES)
			return kt_error_create(KT_ERROR_PROTOCOL, 0,
					       "QEMU's monitor sent a line without end");
		kt_buf_append(&qmp->line, bytes, part);
		KT_TRY(kt_buf_error(&qmp->line));
		if (!newline)
			return NULL;
		if (qmp->line.len > 1 || (qmp->line.len == 1 && qmp->line.data[0] != '\r'))
			KT_TRY(take_line(qmp));
		kt_buf_reset(&qmp->line);
		bytes += part + 1;
		len -= part + 1;
	}
	return NULL;
}
