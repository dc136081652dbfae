/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Command lines from one table, which also makes --help and the man page's list.
 * Long options are never abbreviated; "--name value" and "--name=value" both work; a
 * value that starts with '-' must use the second form; "--" ends the options.
 */
#ifndef KT_BASE_OPTIONS_H
#define KT_BASE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum kt_option_kind {
	KT_OPTION_SWITCH, /* no value */
	KT_OPTION_TEXT,	  /* any non-empty text */
	KT_OPTION_NUMBER, /* unsigned decimal within [min, max] */
};

struct kt_option {
	int id;		  /* the program's own number for it; 0 ends the table */
	const char *name; /* without the dashes */
	char letter;	  /* short form, or 0 */
	enum kt_option_kind kind;
	bool repeatable;
	bool hidden;		/* for tests; not in --help */
	const char *value_name; /* "FILE", "N"; NULL for a switch */
	const char *help;	/* one sentence, no full stop */
	const char *words; /* the values there are, by blanks; a list's with a ',' in front; NULL */
	uint64_t min;
	uint64_t max;
};

/** What was given for an option, or a positional argument. */
struct kt_option_value {
	const struct kt_option *option; /* NULL for a positional argument */
	const char *text;		/* NULL for a switch; borrowed from argv */
	uint64_t number;		/* for KT_OPTION_NUMBER */
};

/**
 * Called once for each option and positional argument, in order.
 * Errors: its own; the first one ends the parsing.  Owner: borrows everything.
 */
typedef struct kt_error *(*kt_option_fn)(void *ctx, const struct kt_option_value *value);

/**
 * Parses a command line against @table, calling @on_value with @ctx.
 * Errors: usage (unknown option, missing, unwanted or bad value, given twice), or @on_value's.
 * Owner: nothing changes hands.
 */
struct kt_error *kt_options_parse(const struct kt_option *table, int argc, char *const *argv,
				  kt_option_fn on_value, void *ctx) KT_MUST_CHECK;

/** Appends the aligned list of options for --help. */
void kt_options_help(const struct kt_option *table, struct kt_buf *out);

/** Appends the list of options as scdoc source for the man page. */
void kt_options_scdoc(const struct kt_option *table, struct kt_buf *out);

#endif
