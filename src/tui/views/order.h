/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The order of a list's rows: by rank, and as it was while somebody moves the cursor.
 */
#ifndef KT_TUI_ORDER_H
#define KT_TUI_ORDER_H

#include "tui/views/view.h"

/* What each row begins with.  Rows of the same rank go by identity. */
struct kt_row_head {
	uint64_t identity;
	uint64_t rank;
};

/* What a gathering was made of, and what came out; all zero: none was. */
struct kt_order {
	struct kt_row_head *places; /* by identity; the rank is the place in the list */
	size_t count;
	size_t cap;
	const struct kt_run *run;
	uint64_t event_count;
	uint64_t moment_ns;
	bool was_frozen;
	struct kt_buf filter;
};

/** Frees what the order holds. */
void kt_order_deinit(struct kt_order *order);

/** Whether rows gathered now would be those of the last time; takes note of what is looked at. */
bool kt_order_is_current(struct kt_order *order, const struct kt_look_at *look);

/**
 * Sorts @count rows of @row_size bytes, which begin with a struct kt_row_head.  While the order
 * is frozen, rows stay where they are and new ones come last.  Errors: no memory.
 */
struct kt_error *kt_order_sort(struct kt_order *order, bool is_frozen, void *rows, size_t count,
			       size_t row_size) KT_MUST_CHECK;

/** Makes room for @count rows.  Errors: no memory; then nothing changed.  Owner: the caller frees *@rows. */
struct kt_error *kt_order_reserve(void **rows, size_t *cap, size_t count,
				  size_t row_size) KT_MUST_CHECK;

/** Whether the row with @text is to be shown. */
bool kt_filter_takes(const struct kt_look_at *look, const struct kt_buf *text);

#endif
