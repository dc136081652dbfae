/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The columns of the threads view: one table says word, heading, width, what is compared and how a cell is
 * painted.  The difference between what was allocated and freed is a flow: another thread may free what one
 * allocated, so no column says what a thread uses.
 */
#ifndef KT_TUI_COLUMNS_H
#define KT_TUI_COLUMNS_H

#include "tui/views/thread_rows.h"
#include "tui/views/view.h"

enum {
	KT_COLUMNS_MAX = 24,
};

/* What rows are sorted by: a signed number of 65 bits, a text, or nothing known. */
struct kt_column_value {
	bool is_known;
	bool is_negative;
	uint64_t magnitude;
	const char *text; /* NULL: a number */
};

/* What a cell is painted with. */
struct kt_cell_context {
	const struct kt_look_at *look;
	const struct kt_thread_rows *rows; /* that the row is one of */
	const struct kt_thread_row *row;
	const char *guest;
	uint64_t stale_ns; /* age of what is shown, if it is old; otherwise 0 */
	enum kt_role role;
};

struct kt_column {
	const char *word; /* NULL ends the table */
	const char *heading;
	const char *help; /* one sentence, no full stop */
	unsigned width;
	unsigned bytes_width; /* where bytes are shown to the last; 0: the same */
	unsigned most_width;  /* takes what is left over up to here; 0: the same */
	unsigned priority;    /* the larger, the earlier it is left out */
	bool is_extra;	      /* of what a probe tells only when it is asked for more */
	bool needs_past;      /* of the row */
	bool is_left;	      /* a text, that begins on the left */
	bool is_descending;   /* sorted so at first */
	struct kt_column_value (*value)(const struct kt_cell_context *cell); /* NULL: not sorted */

	/* Appends what the cell says; may change cell->role.  Graphs need the width. */
	void (*format)(struct kt_cell_context *cell, unsigned width, struct kt_buf *out);
};

extern const struct kt_column kt_columns[];

/* Chosen columns, in order. */
struct kt_column_choice {
	const struct kt_column *columns[KT_COLUMNS_MAX];
	size_t count;
	bool is_default; /* all: nobody chose */
};

/* What there is to show. */
struct kt_column_needs {
	bool has_guests; /* several */
	bool has_extras; /* of any thread */
};

/* Where the columns stand that there is room for. */
struct kt_column_layout {
	const struct kt_column *columns[KT_COLUMNS_MAX];
	unsigned offsets[KT_COLUMNS_MAX];
	unsigned widths[KT_COLUMNS_MAX];
	size_t count;
};

/** The column called @word (of @len bytes), or NULL.  Owner: static. */
const struct kt_column *kt_column_find(const char *word, size_t len);

/**
 * Reads words with commas or blanks between them; NULL or "" chooses all.  Errors: usage (a word that
 * is none, or twice; the text lists those that are), and nothing is changed.
 */
struct kt_error *kt_columns_parse(const char *words, struct kt_column_choice *ret) KT_MUST_CHECK;

/** Appends the choice as words. */
void kt_columns_words(const struct kt_column_choice *choice, struct kt_buf *out);

/**
 * Lays out in @width cells: leaves out columns until the rest has room, then widens some.  Columns that
 * @needs says are of no use are left out: that of the guests, and those that nobody chose.
 */
void kt_columns_layout(const struct kt_column_choice *choice, const struct kt_units *units,
		       const struct kt_column_needs *needs, unsigned width,
		       struct kt_column_layout *ret);

/** Less than, equal to, more than 0; what is unknown comes last in either direction. */
int kt_column_compare(const struct kt_column_value *left, const struct kt_column_value *right,
		      bool is_descending);

#endif
