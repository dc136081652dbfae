/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The options of ktstr-top: the one table that the parser, --help, the man page and the shells'
 * completions read.
 */
#ifndef KT_TOP_OPTIONS_H
#define KT_TOP_OPTIONS_H

#include "base/options.h"

enum kt_top_option_id {
	KT_TOP_BATCH = 1,
	KT_TOP_CHECK,
	KT_TOP_LIST,
	KT_TOP_DRY_RUN,
	KT_TOP_DOCTOR,
	KT_TOP_SHELL,
	KT_TOP_PID,
	KT_TOP_INTERVAL,
	KT_TOP_SNAPSHOTS,
	KT_TOP_WITH,
	KT_TOP_ENGINE,
	KT_TOP_REPLAY,
	KT_TOP_SPEED,
	KT_TOP_AT,
	KT_TOP_REPEAT,
	KT_TOP_JOBS,
	KT_TOP_FAIL_FAST,
	KT_TOP_TIMEOUT,
	KT_TOP_FORMAT,
	KT_TOP_RECORD,
	KT_TOP_COLOR,
	KT_TOP_VERBOSE,
	KT_TOP_QUIET,
	KT_TOP_KERNEL,
	KT_TOP_ACCEL,
	KT_TOP_CPU,
	KT_TOP_TCG_THREADS,
	KT_TOP_NO_TEMPLATE,
	KT_TOP_TEMPLATE_CACHE,
	KT_TOP_CLEAR_TEMPLATES,
	KT_TOP_SKIP_MISSING,
	KT_TOP_FAULT,
	KT_TOP_SCREEN_DUMP,
	KT_TOP_SIZE,
	KT_TOP_KEYS,
	KT_TOP_VIEW,
	KT_TOP_SORT,
	KT_TOP_COLUMNS,
	KT_TOP_UNITS,
	KT_TOP_GRAPH,
	KT_TOP_THEME,
	KT_TOP_ASCII,
	KT_TOP_MOUSE,
	KT_TOP_CONFIG,
	KT_TOP_NO_CONFIG,
	KT_TOP_COMPLETION,
	KT_TOP_HELP,
	KT_TOP_VERSION,
};

/** The table, ended by an option with id 0. */
extern const struct kt_option kt_top_options[];

#endif
