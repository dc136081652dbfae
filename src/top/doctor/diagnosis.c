/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/doctor/diagnosis.h"

#include <assert.h>
#include <string.h>

#include "base/json_write.h"
#include "base/text.h"

enum {
	COLUMN_COUNT = 80,
	FOUND_COLUMN = 20,   /* where what was found begins */
	ADVICE_COLUMN = 11,  /* where what to do begins, behind the arrow */
	SHOWN_BYTES = 60 * 6 /* of one text; JSON has all of it */
};

static const struct {
	const char *text;
	const char *colour;
} healths[] = {
	[KT_HEALTH_OK] = { "ok", "\033[32m" },
	[KT_HEALTH_WARN] = { "warn", "\033[33m" },
	[KT_HEALTH_BAD] = { "bad", "\033[31m" },
	[KT_HEALTH_UNKNOWN] = { "unknown", "\033[35m" },
};

void kt_diagnosis_deinit(struct kt_diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->count; i++) {
		kt_buf_deinit(&diagnosis->findings[i].found);
		kt_buf_deinit(&diagnosis->findings[i].advice);
	}
	diagnosis->count = 0;
}

struct kt_finding *kt_diagnosis_add(struct kt_diagnosis *diagnosis, const char *id)
{
	assert(diagnosis->count < KT_DIAGNOSIS_MAX);
	struct kt_finding *finding = &diagnosis->findings[diagnosis->count++];

	*finding = (struct kt_finding){ .id = id };
	return finding;
}

void kt_finding_advise(struct kt_finding *finding, enum kt_health health, const char *advice)
{
	finding->health = health;
	if (finding->advice.len)
		kt_buf_puts(&finding->advice, "; ");
	kt_buf_puts(&finding->advice, advice);
}

const char *kt_health_text(enum kt_health health)
{
	return healths[health].text;
}

/* ---- for people ---- */

/* Characters, not bytes: close enough to columns for paths and words. */
static size_t count_columns(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t at = 0; at < len; count++) {
		size_t step = kt_text_utf8_length(text + at, len - at);
		at += step ? step : 1;
	}
	return count;
}

/*
 * Puts the words of @text from column @indent on, further lines below the first.  A word that is
 * wider than a line stays whole: a path that is broken cannot be copied.
 */
static void put_wrapped(const char *text, size_t indent, struct kt_buf *out)
{
	size_t column = indent;

	while (*text) {
		size_t len = strcspn(text, " ");
		size_t width = count_columns(text, len);

		if (column > indent && column + 1 + width > COLUMN_COUNT) {
			kt_buf_printf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			kt_buf_putc(out, ' ');
			column++;
		}
		kt_buf_append(out, text, len);
		column += width;
		text += len;
		text += *text == ' ';
	}
	kt_buf_putc(out, '\n');
}

/* Foreign text: cleaned, and cut where it would fill the screen. */
static void put_text(const struct kt_buf *text, size_t indent, struct kt_buf *out)
{
	kt_autobuf struct kt_buf clean = KT_BUF_INIT;

	kt_text_sanitize(&clean, kt_buf_text(text), text->len, SHOWN_BYTES, false);
	if (text->len > SHOWN_BYTES)
		kt_buf_puts(&clean, " ...");
	put_wrapped(kt_buf_text(&clean), indent, out);
}

static void put_finding(const struct kt_finding *finding, bool is_colourful, struct kt_buf *out)
{
	const char *word = kt_health_text(finding->health);

	kt_buf_printf(out, "%s%s%s%*s%-11s ", is_colourful ? healths[finding->health].colour : "",
		      word, is_colourful ? "\033[0m" : "", 8 - (int)strlen(word), "", finding->id);
	put_text(&finding->found, FOUND_COLUMN, out);
	if (!finding->advice.len)
		return;
	kt_buf_puts(out, "        -> ");
	put_text(&finding->advice, ADVICE_COLUMN, out);
}

void kt_diagnosis_put_plain(const struct kt_diagnosis *diagnosis, bool is_colourful,
			    struct kt_buf *out)
{
	for (size_t i = 0; i < diagnosis->count; i++)
		put_finding(&diagnosis->findings[i], is_colourful, out);
	if (diagnosis->exit_code)
		kt_buf_printf(out, "%s cannot run here (exit code %d)\n", diagnosis->what,
			      diagnosis->exit_code);
	else
		kt_buf_printf(out, "%s can run here\n", diagnosis->what);
}

/* ---- for programs ---- */

static void put_finding_json(const struct kt_finding *finding, struct kt_json_writer *json)
{
	kt_json_object_begin(json);
	kt_json_member_string(json, "id", finding->id);
	kt_json_member_string(json, "state", kt_health_text(finding->health));
	kt_json_member_string(json, "found", kt_buf_text(&finding->found));
	if (finding->advice.len)
		kt_json_member_string(json, "advice", kt_buf_text(&finding->advice));
	kt_json_object_end(json);
}

void kt_diagnosis_put_json(const struct kt_diagnosis *diagnosis, struct kt_buf *out)
{
	struct kt_json_writer json;

	kt_json_writer_init(&json, out, 0);
	kt_json_object_begin(&json);
	kt_json_member_u64(&json, "schema", KT_DIAGNOSIS_SCHEMA);
	kt_json_member_bool(&json, "can_run", !diagnosis->exit_code);
	kt_json_member_u64(&json, "exit_code", (uint64_t)diagnosis->exit_code);
	kt_json_key(&json, "checks");
	kt_json_array_begin(&json);
	for (size_t i = 0; i < diagnosis->count; i++)
		put_finding_json(&diagnosis->findings[i], &json);
	kt_json_array_end(&json);
	kt_json_object_end(&json);
	kt_buf_putc(out, '\n');
}
