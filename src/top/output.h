/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Where the events of a run go: the report on stdout and the recording.  A reader of
 * stdout who went away ends the run; a recording that cannot be written is told once on
 * stderr, and the run goes on.
 */
#ifndef KT_TOP_OUTPUT_H
#define KT_TOP_OUTPUT_H

#include "report/report.h"
#include "top/command_line.h"
#include "top/recording.h"

struct kt_output {
	struct kt_report *report;
	struct kt_recording recording;
	bool stdout_broken; /* its reader went away */
};

/** Whether text on stdout is coloured, if the user wants that @when. */
bool kt_output_is_colourful(enum kt_color_when when);

/**
 * Opens the recording and makes the report that @line asks for.
 * Errors: usage (the recording cannot be opened), io, no memory.
 * Owner: the caller calls kt_output_deinit(); @line must outlive @output.
 */
struct kt_error *kt_output_init(struct kt_output *output,
				const struct kt_command_line *line) KT_MUST_CHECK;

/** The session's sink; @ctx is the struct kt_output.  Errors: io, no memory.  Owner: borrows. */
struct kt_error *kt_output_event(void *ctx, const struct kt_run *run,
				 const struct kt_event *event) KT_MUST_CHECK;

/** Ends the report; @fatal as for kt_report_end().  Errors: io, no memory.  Owner: borrows. */
struct kt_error *kt_output_end(struct kt_output *output, const struct kt_run *run,
			       const char *fatal) KT_MUST_CHECK;

/** Closes the recording and frees the report. */
void kt_output_deinit(struct kt_output *output);

#endif
