/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the dashboard wants of the threads view besides a list: which columns, which order, and
 * what the snapshots that are shown cost.
 */
#ifndef KT_TUI_THREADS_H
#define KT_TUI_THREADS_H

#include "tui/views/columns.h"

/* Of all guests' frames at the moment. */
struct kt_threads_cost {
	size_t frame_count;	     /* guests that have a snapshot */
	size_t live_count;	     /* of those, the ones that more snapshots come from */
	struct kt_rows_frame latest; /* the one that arrived last; only with a frame_count */
	const char *guest;	     /* whose that is */
	struct kt_opt_u64 most_spread_ns;
	struct kt_opt_u64 stopped_threads;
	struct kt_opt_u64 longest_stop_ns;
	uint64_t missed_count;
	uint64_t skipped_count;
	bool is_partial;
	uint64_t stale_ns;   /* age of the oldest that is too old, otherwise 0 */
	uint64_t kept_count; /* snapshots that there are, and that there were */
	uint64_t all_count;
	uint64_t history_coarse_ns; /* up to when some are missing; 0: nowhere */
};

/** Chooses the columns, as kt_columns_parse() reads them.  Errors: usage. */
struct kt_error *kt_threads_set_columns(void *view, const char *words) KT_MUST_CHECK;

/** Sorts by the column called @word, descending with "-" before it; NULL: the default.  Errors: usage. */
struct kt_error *kt_threads_set_sort(void *view, const char *word) KT_MUST_CHECK;

/** Appends what kt_threads_set_columns() takes. */
void kt_threads_columns(const void *view, struct kt_buf *out);

/** Appends what kt_threads_set_sort() takes. */
void kt_threads_sort(const void *view, struct kt_buf *out);

/** What the snapshots at the last update cost. */
struct kt_threads_cost kt_threads_cost(const void *view, const struct kt_look_at *look);

#endif
