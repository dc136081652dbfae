/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the user asked for.  All texts are borrowed from argv.
 *
 * A command line says what is done (the mode) and where the events come from (the source); which
 * options go with which stands in one table.
 */
#ifndef KT_TOP_COMMAND_LINE_H
#define KT_TOP_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/fault.h"
#include "report/report.h"
#include "vmm/accel/accel.h"

/* What runs where somebody looks and has not said what. */
#define KT_TOP_DEMO "demo"

enum kt_top_mode {
	KT_MODE_DASHBOARD,
	KT_MODE_DUMP,	/* one frame as text */
	KT_MODE_CHECK,	/* run guests, report the verdicts */
	KT_MODE_SAMPLE, /* every event on stdout, nothing is reported */
	KT_MODE_REPORT, /* of a recording */
	KT_MODE_LIST,
	KT_MODE_DRY_RUN,
	KT_MODE_DOCTOR,
	KT_MODE_SHELL,
	KT_MODE_CLEAR, /* kept templates */
	KT_MODE_COMPLETION,
	KT_MODE_VERSION,
	KT_MODE_HELP,
};

enum kt_top_source {
	KT_SOURCE_GUESTS,
	KT_SOURCE_LOCAL, /* a process of this machine */
	KT_SOURCE_REPLAY,
};

enum kt_tcg_threads {
	KT_TCG_THREADS_AUTO, /* as QEMU's version bears it */
	KT_TCG_THREADS_SINGLE,
	KT_TCG_THREADS_MULTI,
};

enum kt_color_when {
	KT_COLOR_AUTO,
	KT_COLOR_ALWAYS,
	KT_COLOR_NEVER,
};

/* How the screen is to be; NULL and 0: not said. */
struct kt_screen_wishes {
	unsigned columns; /* of --screen-dump */
	unsigned rows;
	const char *keys;
	const char *view;
	const char *sort;
	const char *column_list;
	const char *units;
	const char *graph;
	const char *theme;
	bool ascii;
	bool mouse;
	bool is_mouse_given;
	const char *config;
	bool no_config;
	const char *at; /* a time as kt_format_parse_moment() reads it */
	double speed;
};

struct kt_command_line {
	enum kt_top_mode mode;
	enum kt_top_source source;
	bool batch;
	bool check;
	uint32_t repeat; /* 0: not said; scenarios keep their names */
	uint32_t jobs;	 /* 0: auto */
	bool fail_fast;
	uint32_t timeout_s; /* 0: the scenario's own */
	enum kt_report_format format;
	enum kt_color_when color;
	bool verbose;
	bool quiet;
	bool no_template;
	uint32_t template_cache_mib; /* 0: templates are not kept */
	bool skip_missing;
	const char *record;   /* NULL: none */
	const char **kernels; /* files; none: search */
	size_t kernel_count;
	enum kt_accel_mode accel;
	const char *cpu; /* NULL: what suits the accelerator */
	enum kt_tcg_threads tcg_threads;
	struct kt_faults faults;

	uint32_t pid;
	uint32_t interval_ms; /* 0: not said */
	uint32_t snapshots;   /* 0: until the process ends */
	const char *with;     /* NULL: none */
	const char *engine;   /* NULL: the probe's choice */
	const char *replay;
	struct kt_screen_wishes screen;
	const char *completion;

	const char **scenarios; /* names and files; none means the default ones */
	size_t scenario_count;
	uint64_t given; /* options that were there: 1 << id of options.h */
	int argc;
	char *const *argv; /* borrowed */
};

/**
 * Reads the command line.
 * Errors: usage (one line that says what to do), no memory.
 * Owner: the caller calls kt_command_line_deinit().
 */
struct kt_error *kt_command_line_parse(int argc, char *const *argv,
				       struct kt_command_line *ret) KT_MUST_CHECK;

/** Frees the lists of scenarios and kernels. */
void kt_command_line_deinit(struct kt_command_line *line);

/** Whether the option with this id of options.h was given. */
bool kt_command_line_has(const struct kt_command_line *line, int id);

/** Whether scenarios were left open by somebody who wants to see something, not to judge. */
bool kt_command_line_wants_demo(const struct kt_command_line *line);

/** Appends what --help prints. */
void kt_command_line_help(struct kt_buf *out);

/** Appends @word, in single quotes where a shell would see more than a word. */
void kt_command_line_put_word(const char *word, struct kt_buf *out);

/**
 * Whether the option with this id of options.h means something with --batch: it is not about the
 * screen.
 */
bool kt_command_line_is_for_batch(int id);

/**
 * Appends the command that does the same without a screen, ready for a shell.  Errors: no memory.
 */
struct kt_error *kt_command_line_batch(const struct kt_command_line *line,
				       struct kt_buf *out) KT_MUST_CHECK;

#endif
