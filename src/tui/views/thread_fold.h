/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Private to thread_rows: what one frame does to the rows.
 */
#ifndef KT_TUI_THREAD_FOLD_H
#define KT_TUI_THREAD_FOLD_H

#include "tui/views/thread_rows.h"

/** What a thread is known by for ever; never 0.  An unknown start time counts as 0. */
uint64_t kt_thread_identity(uint32_t group, uint32_t target_pid, uint32_t tid,
			    uint64_t start_time_jiffies);

/** The row with @identity, or NULL.  Owner: borrowed. */
struct kt_thread_row *kt_thread_rows_lookup(const struct kt_thread_rows *rows, uint64_t identity);

/** Adds a row, which must not be there yet.  Errors: no memory.  Owner: borrowed. */
struct kt_error *kt_thread_rows_add(struct kt_thread_rows *rows, uint64_t identity,
				    struct kt_thread_row **ret) KT_MUST_CHECK;

/** Drops the rows that are gone for long enough. */
void kt_thread_rows_drop_gone(struct kt_thread_rows *rows);

/** What the counters of a thread did from one reading to the next. */
struct kt_counter_changes {
	uint64_t elapsed_ns; /* 0: unknown, and so is the rest */
	struct kt_opt_u64 allocated_bytes;
	struct kt_opt_u64 deallocated_bytes;
	bool was_reset; /* one of them went backwards */
};

/** Compares the reading @thread, taken at @now_ns on the probe's clock, to the last one. */
struct kt_counter_changes kt_counter_changes(const struct kt_row_reading *last,
					     const struct kt_thread *thread, uint64_t now_ns);

/** Puts the counters of @thread into @last, if any of them is known. */
void kt_counters_keep(struct kt_row_reading *last, const struct kt_thread *thread, uint64_t now_ns);

/** The rate of the frame with @stamp goes into the history of @row, if it is known. */
void kt_thread_row_keep_rate(struct kt_thread_row *row, const struct kt_counter_changes *changes,
			     uint32_t stamp);

/**
 * Takes in rows->frame, which comes behind the one before.
 * Errors: no memory; then only clearing helps.
 */
struct kt_error *kt_thread_rows_fold(struct kt_thread_rows *rows,
				     uint32_t target_pid) KT_MUST_CHECK;

#endif
