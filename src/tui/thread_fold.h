/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Private to thread_rows: what one frame does to the rows.
 */
#ifndef KT_TUI_THREAD_FOLD_H
#define KT_TUI_THREAD_FOLD_H

#include "tui/thread_rows.h"

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

/**
 * Takes in rows->frame, which comes behind the one before.  @is_distant: more than KT_ROWS_GONE_FRAMES before
 * the one that is wanted, of which only the counters matter then.
 * Errors: no memory; then only clearing helps.
 */
struct kt_error *kt_thread_rows_fold(struct kt_thread_rows *rows, uint32_t target_pid,
				     bool is_distant) KT_MUST_CHECK;

#endif
