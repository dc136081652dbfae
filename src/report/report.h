/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Reports: what a run says to people and to other programs, as it happens.
 *
 * A report reads the model after each event and writes through the caller's function.
 * No control byte of foreign text reaches the stream; escape sequences are written only
 * when told that the stream is a terminal or that colour is wanted.  A report knows no
 * clock, no descriptor, no signal.
 */
#ifndef KT_REPORT_REPORT_H
#define KT_REPORT_REPORT_H

#include "base/error.h"
#include "run/run.h"

enum kt_report_format {
	KT_REPORT_PLAIN,
	KT_REPORT_TAP,
	KT_REPORT_JSON,
	KT_REPORT_FORMAT_COUNT,
};

struct kt_report_options {
	bool terminal;	  /* plain: keep one status line at the bottom up to date */
	bool colour;	  /* plain: colour the verdicts */
	bool quiet;	  /* plain: nothing about what passed, but the summary */
	bool verbose;	  /* plain: every check, every note, what guests cost, the accelerator */
	uint32_t columns; /* width of the terminal; 0 means 80 */
};

/**
 * Takes bytes to write.
 * Errors: io.  Owner: borrows @bytes.
 */
typedef struct kt_error *(*kt_report_write_fn)(void *ctx, const char *bytes, size_t len);

struct kt_report;

/**
 * Makes a report of @format that writes with @write and @ctx.
 * Errors: no memory.  Owner: the caller calls kt_report_destroy(); @options is copied.
 */
struct kt_error *kt_report_create(enum kt_report_format format,
				  const struct kt_report_options *options, kt_report_write_fn write,
				  void *ctx, struct kt_report **ret) KT_MUST_CHECK;

/** Frees a report; NULL is allowed.  Nothing more is written. */
void kt_report_destroy(struct kt_report *report);

/**
 * Tells what is known before the first event (the TAP header).
 * Errors: the writer's, no memory.
 */
struct kt_error *kt_report_begin(struct kt_report *report) KT_MUST_CHECK;

/**
 * Tells about @event, which @run has taken in already.
 * Errors: the writer's, no memory.  Owner: borrows both.
 */
struct kt_error *kt_report_event(struct kt_report *report, const struct kt_run *run,
				 const struct kt_event *event) KT_MUST_CHECK;

/**
 * Ends the report: summary or plan.  @fatal is the one-line reason why the run could not go
 * on ("Bail out!"), or NULL.
 * Errors: the writer's, no memory.  Owner: borrows all.
 */
struct kt_error *kt_report_end(struct kt_report *report, const struct kt_run *run,
			       const char *fatal) KT_MUST_CHECK;

/** The format called @name ("plain", "tap", "json"); false for none. */
bool kt_report_format_find(const char *name, enum kt_report_format *ret);

static inline void kt_report_destroy_cleanup(struct kt_report **slot)
{
	kt_report_destroy(*slot);
}

#define kt_autoreport __attribute__((cleanup(kt_report_destroy_cleanup)))

#endif
