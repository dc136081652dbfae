/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a user wants to have each time: an ini file in the user's configuration directory, read before
 * a screen is shown and written by a key.  A line that cannot be used is told and left out; no
 * content of the file ends the program.
 */
#ifndef KT_TOP_PREFERENCES_H
#define KT_TOP_PREFERENCES_H

#include <stdint.h>

#include "base/buf.h"

#define KT_HISTORY_MIB 32 /* for looking back, if nothing else is said */

enum kt_preference_switch {
	KT_SWITCH_DEFAULT,
	KT_SWITCH_ON,
	KT_SWITCH_OFF,
};

/* NULL and 0: the default. */
struct kt_preferences {
	char *view;
	char *columns;
	char *sort;
	char *theme;
	char *units;
	char *graph;
	enum kt_preference_switch mouse;
	uint32_t interval_ms;
	uint32_t history_mib;
};

/** Frees the texts. */
void kt_preferences_deinit(struct kt_preferences *preferences);

/**
 * The path of the file: ktstr-top/config.ini in $XDG_CONFIG_HOME or ~/.config, whether or not it is there.
 * Errors: environment (neither variable is an absolute path), no memory.
 * Owner: the caller frees @ret_path.
 */
struct kt_error *kt_preferences_locate(char **ret_path) KT_MUST_CHECK;

/**
 * Reads the file @path.  A line "FILE:LINE: what" for each one that cannot be used is appended to
 * @warnings, up to some.
 * Errors: io (the file cannot be read, or is too long; also: it is not there), no memory.
 * Owner: the caller calls kt_preferences_deinit() on @ret.
 */
struct kt_error *kt_preferences_read(const char *path, struct kt_preferences *ret,
				     struct kt_buf *warnings) KT_MUST_CHECK;

/** Appends the file's content for @preferences, with an explanation of each. */
void kt_preferences_put(const struct kt_preferences *preferences, struct kt_buf *out);

/**
 * Writes the file @path, and makes its directory; nobody sees half of it.  Blocks.
 * Errors: io, no memory.  Owner: borrows both.
 */
struct kt_error *kt_preferences_write(const char *path, const char *content) KT_MUST_CHECK;

#endif
