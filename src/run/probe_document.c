/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/probe_document.h"

#include <string.h>

#include "base/json_flat.h"
#include "run/event_fields.h"

static const char *refuse_document(const void *record)
{
	const struct kt_probe_document *document = record;

	if (document->schema_version != KT_PROBE_DOCUMENT_SCHEMA)
		return "schema_version: only 2 is read by this version";
	if (document->snapshot_count > KT_PROBE_DOCUMENT_MAX_SNAPSHOTS)
		return "snapshots: more than 100000";
	return NULL;
}

#define PLACE(name_, member) .name = (name_), .offset = offsetof(struct kt_probe_document, member)

static const struct kt_field document_fields[] = {
	{ PLACE("schema_version", schema_version), .kind = KT_FIELD_U32 },
	{ PLACE("pid", pid), .kind = KT_FIELD_U32 },
	{ PLACE("tool_version", tool_version), .kind = KT_FIELD_TEXT },
	{ PLACE("started_at_unix_sec", started_at_unix_sec), .kind = KT_FIELD_U64 },
	{ PLACE("interval_ms", interval_ms), .kind = KT_FIELD_OPT_U64 },
	{ PLACE("interrupted", interrupted), .kind = KT_FIELD_BOOL },
	{ PLACE("snapshots", snapshots), .kind = KT_FIELD_RECORDS,
	  .count_offset = offsetof(struct kt_probe_document, snapshot_count),
	  .record = &kt_snapshot_record },
	{ PLACE("layout", layout), .kind = KT_FIELD_OPT_RECORD, .record = &kt_probe_layout_record },
	{ 0 },
};

static const struct kt_record document_record = {
	.size = sizeof(struct kt_probe_document),
	.fields = document_fields,
	.refuse = refuse_document,
};

/* Whatever is wrong with the text: the probe did not do what it must. */
static struct kt_error *as_probe(struct kt_error *err)
{
	if (!err || kt_error_class(err) == KT_ERROR_NO_MEMORY)
		return err;
	struct kt_error *same = kt_error_create(KT_ERROR_PROBE, 0, "%s", kt_error_message(err));
	kt_error_destroy(err);
	return same;
}

static struct kt_error *check_values(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += text[i] == ',' || text[i] == '[' || text[i] == '{';
	if (count <= KT_PROBE_DOCUMENT_MAX_VALUES)
		return NULL;
	return kt_error_create(KT_ERROR_PROBE, 0, "probe output: more than %d values",
			       KT_PROBE_DOCUMENT_MAX_VALUES);
}

struct kt_error *kt_probe_document_parse(const char *text, size_t len,
					 struct kt_probe_document *ret)
{
	struct kt_json_tokens tokens = { 0 };
	struct kt_probe_document document = { 0 };

	KT_TRY(check_values(text, len));
	struct kt_error *err = kt_json_scan(text, len, "probe output", KT_JSON_STRICT, &tokens);
	if (!err)
		err = kt_error_wrap(kt_fields_decode(&document_record, &tokens, 0, &document.arena,
						     &document),
				    "probe output");
	kt_json_tokens_deinit(&tokens);
	if (err) {
		kt_arena_deinit(&document.arena);
		return as_probe(err);
	}
	*ret = document;
	return NULL;
}

void kt_probe_document_deinit(struct kt_probe_document *document)
{
	kt_arena_deinit(&document->arena);
	*document = (struct kt_probe_document){ 0 };
}

struct kt_error *kt_probe_metric_count(const char *out, size_t out_len, const char *err,
				       size_t err_len, uint64_t *ret)
{
	struct kt_flat_metrics metrics = { 0 };

	KT_TRY(check_values(out, out_len));
	KT_TRY(check_values(err, err_len));
	KT_TRY(kt_json_flatten(out, out_len, &metrics));
	if (!metrics.count && err_len) {
		kt_flat_metrics_deinit(&metrics);
		metrics = (struct kt_flat_metrics){ 0 };
		KT_TRY(kt_json_flatten(err, err_len, &metrics));
	}
	*ret = metrics.count;
	kt_flat_metrics_deinit(&metrics);
	return NULL;
}

/* The kind in one line of stderr, without its newline; 0 bytes if it is not such a line. */
static size_t fatal_kind_length(const char *line, size_t len, const char **ret)
{
	static const char tag[] = "ktstr-probe-fatal: ";
	size_t tag_len = sizeof(tag) - 1;

	if (len <= tag_len || len - tag_len >= KT_PROBE_FATAL_KIND_SIZE ||
	    memcmp(line, tag, tag_len))
		return 0;
	*ret = line + tag_len;
	for (size_t i = tag_len; i < len; i++)
		if (line[i] != '-' && !(line[i] >= 'a' && line[i] <= 'z') &&
		    !(line[i] >= '0' && line[i] <= '9'))
			return 0;
	return len - tag_len;
}

bool kt_probe_fatal_kind(const char *err, size_t len, char ret[KT_PROBE_FATAL_KIND_SIZE])
{
	const char *end = err + len;

	while (err < end) {
		const char *newline = memchr(err, '\n', (size_t)(end - err));
		const char *kind;
		size_t kind_len = newline ? fatal_kind_length(err, (size_t)(newline - err), &kind)
					  : 0;
		if (kind_len) {
			memcpy(ret, kind, kind_len);
			ret[kind_len] = '\0';
			return true;
		}
		err = newline ? newline + 1 : end;
	}
	return false;
}
