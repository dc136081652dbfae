/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Quantities as people read them, in a few columns, always with their unit.  What is unknown is "-".
 */
#ifndef KT_TUI_FORMAT_H
#define KT_TUI_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum kt_unit_style {
	KT_UNITS_IEC,	/* 16.0MiB */
	KT_UNITS_SI,	/* 16.8MB */
	KT_UNITS_BYTES, /* 16777216B */
	KT_UNIT_STYLE_COUNT,
};

struct kt_units {
	enum kt_unit_style style;
};

/** Appends @bytes, at most 8 columns but in style bytes: "0B", "1023B", "16.0MiB", "16.0EiB". */
void kt_format_bytes(const struct kt_units *units, uint64_t bytes, struct kt_buf *out);

/** Appends a signed difference: "+1.2MiB", "-40KiB", "0B".  @is_negative says the sign. */
void kt_format_flow(const struct kt_units *units, uint64_t magnitude, bool is_negative,
		    struct kt_buf *out);

/** Appends "1.2MiB/s": @bytes in @elapsed_ns (not 0). */
void kt_format_rate(const struct kt_units *units, uint64_t bytes, uint64_t elapsed_ns,
		    struct kt_buf *out);

/** Appends a duration, at most 7 columns: "950ns", "4.2us", "18ms", "1.52s", "12m04s", "3h05m". */
void kt_format_duration(uint64_t duration_ns, struct kt_buf *out);

/** Appends a count: "950", "12.3k", "4.5M". */
void kt_format_count(uint64_t count, struct kt_buf *out);

/** Appends the time of day "12:03:04" in UTC or local time as TZ says. */
void kt_format_clock(uint64_t real_ns, struct kt_buf *out);

/** Appends a time of the run: "0:12.250" (minutes, seconds, milliseconds), "1:02:03.000". */
void kt_format_moment(uint64_t mono_ns, struct kt_buf *out);

/**
 * Appends the name of a scenario.  Of one that is repeated ("name#12") and longer than @width columns the
 * middle is left out, with @ellipsis (one column) in its place: its number is what tells it from the others.
 * Anything else stays as it is, for whoever paints it to cut.
 */
void kt_format_name(const char *name, size_t width, const char *ellipsis, struct kt_buf *out);

/**
 * Reads a time that a user typed: "12.5" or "12.5s" (seconds of the run), "1:02.5", "50%"; "begin", "end".
 * False for anything else.
 */
bool kt_format_parse_moment(const char *text, uint64_t end_ns, uint64_t *ret);

/** The style called @word; false for none. */
bool kt_unit_style_find(const char *word, enum kt_unit_style *ret);
/** The word of @style.  Owner: static. */
const char *kt_unit_style_word(enum kt_unit_style style);

#endif
