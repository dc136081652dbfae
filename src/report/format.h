/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the formats of a report share.  A format fills the report's buffer; report.c hands
 * the bytes on.  It is one entry of a table: name and three functions.
 */
#ifndef KT_REPORT_FORMAT_H
#define KT_REPORT_FORMAT_H

#include "report/report.h"

struct kt_report_kind {
	const char *name;
	void (*begin)(struct kt_report *report); /* each may be NULL */
	void (*event)(struct kt_report *report, const struct kt_run *run,
		      const struct kt_event *event);
	void (*end)(struct kt_report *report, const struct kt_run *run, const char *fatal);
};

struct kt_report {
	const struct kt_report_kind *kind;
	struct kt_report_options options;
	kt_report_write_fn write;
	void *ctx;
	struct kt_buf out;   /* not yet written */
	size_t point_count;  /* tap: test points so far */
	bool status_visible; /* plain: the status line is on the screen */
};

extern const struct kt_report_kind kt_report_plain;
extern const struct kt_report_kind kt_report_tap;

/* Longest foreign text in a report; the tails are shorter. */
#define KT_REPORT_MAX_TEXT_BYTES 65536

/** Appends foreign text in one line: control characters and newlines become U+FFFD. */
void kt_report_text(struct kt_buf *out, const char *text);

/** Appends "probe p, run 0, snapshot 2, thread 7": what is known of where @check was decided. */
void kt_report_place(struct kt_buf *out, const struct kt_event_check *check);

/**
 * One line on why @scenario came to no verdict: its reason, or "".  Owner: borrowed from
 * @scenario.
 */
const char *kt_report_reason(const struct kt_run_scenario *scenario);

#endif
