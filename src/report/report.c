/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/format.h"

static void json_event(struct kt_report *report, const struct kt_run *run,
		       const struct kt_event *event)
{
	(void)run;
	if (event->type != KT_EVENT_NONE)
		kt_event_encode(event, &report->out);
}

/* The event stream itself is the report. */
static const struct kt_report_kind report_json = {
	.name = "json",
	.event = json_event,
};

static const struct kt_report_kind *const kinds[KT_REPORT_FORMAT_COUNT] = {
	[KT_REPORT_PLAIN] = &kt_report_plain,
	[KT_REPORT_TAP] = &kt_report_tap,
	[KT_REPORT_JSON] = &report_json,
};

struct kt_error *kt_report_create(enum kt_report_format format,
				  const struct kt_report_options *options, kt_report_write_fn write,
				  void *ctx, struct kt_report **ret)
{
	struct kt_report *report = calloc(1, sizeof(*report));

	if (!report)
		return kt_error_no_memory();
	report->kind = kinds[format];
	report->options = *options;
	report->write = write;
	report->ctx = ctx;
	*ret = report;
	return NULL;
}

void kt_report_destroy(struct kt_report *report)
{
	if (!report)
		return;
	kt_buf_deinit(&report->out);
	free(report);
}

/* Hands on what the format wrote. */
static struct kt_error *flush(struct kt_report *report)
{
	KT_TRY(kt_buf_error(&report->out));
	if (!report->out.len)
		return NULL;
	struct kt_error *err =
		report->write(report->ctx, kt_buf_text(&report->out), report->out.len);
	kt_buf_reset(&report->out);
	return err;
}

struct kt_error *kt_report_begin(struct kt_report *report)
{
	if (report->kind->begin)
		report->kind->begin(report);
	return flush(report);
}

struct kt_error *kt_report_event(struct kt_report *report, const struct kt_run *run,
				 const struct kt_event *event)
{
	if (report->kind->event)
		report->kind->event(report, run, event);
	return flush(report);
}

struct kt_error *kt_report_end(struct kt_report *report, const struct kt_run *run,
			       const char *fatal)
{
	if (report->kind->end)
		report->kind->end(report, run, fatal);
	return flush(report);
}

bool kt_report_format_find(const char *name, enum kt_report_format *ret)
{
	for (int i = 0; i < KT_REPORT_FORMAT_COUNT; i++) {
		if (!strcmp(kinds[i]->name, name)) {
			*ret = (enum kt_report_format)i;
			return true;
		}
	}
	return false;
}

void kt_report_text(struct kt_buf *out, const char *text)
{
	kt_text_sanitize(out, text, strlen(text), KT_REPORT_MAX_TEXT_BYTES, false);
}

void kt_report_place(struct kt_buf *out, const struct kt_event_check *check)
{
	const char *separator = "";

	if (check->probe && (check->run.known || check->tid.known)) {
		kt_buf_puts(out, "probe ");
		kt_report_text(out, check->probe);
		separator = ", ";
	}
	if (check->run.known) {
		kt_buf_printf(out, "%srun %" PRIu64, separator, check->run.value);
		separator = ", ";
	}
	if (check->snapshot.known) {
		kt_buf_printf(out, "%ssnapshot %" PRIu64, separator, check->snapshot.value);
		separator = ", ";
	}
	if (check->tid.known)
		kt_buf_printf(out, "%sthread %" PRIu64, separator, check->tid.value);
}

const char *kt_report_reason(const struct kt_run_scenario *scenario)
{
	return scenario->end.reason ? scenario->end.reason : "";
}
