/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the user asked for.  All texts are borrowed from argv.
 */
#ifndef KT_TOP_COMMAND_LINE_H
#define KT_TOP_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "report/report.h"
#include "vmm/accel.h"

enum kt_top_action {
	KT_ACTION_CHECK,
	KT_ACTION_LIST,
	KT_ACTION_DRY_RUN,
	KT_ACTION_HELP,
	KT_ACTION_VERSION,
};

enum kt_color_when {
	KT_COLOR_AUTO,
	KT_COLOR_ALWAYS,
	KT_COLOR_NEVER,
};

struct kt_command_line {
	enum kt_top_action action;
	bool batch;
	bool check;
	uint32_t jobs; /* 0: auto */
	bool fail_fast;
	uint32_t timeout_s; /* 0: the scenario's own */
	enum kt_report_format format;
	enum kt_color_when color;
	bool verbose;
	bool quiet;
	bool skip_missing;
	const char *record; /* NULL: none */
	const char *kernel; /* NULL: search */
	enum kt_accel_mode accel;
	const char *cpu;	/* NULL: what suits the accelerator */
	const char **scenarios; /* names and files; none means all built-ins */
	size_t scenario_count;
};

/**
 * Reads the command line.
 * Errors: usage (one line that says what to do), no memory.
 * Owner: the caller calls kt_command_line_deinit().
 */
struct kt_error *kt_command_line_parse(int argc, char *const *argv,
				       struct kt_command_line *ret) KT_MUST_CHECK;

/** Frees the list of scenarios. */
void kt_command_line_deinit(struct kt_command_line *line);

/** Appends what --help prints. */
void kt_command_line_help(struct kt_buf *out);

#endif
