/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The threads of one guest (or local process) as rows: a fold over the frames of the series of its latest
 * probe run.
 *
 * A row is a thread: tid and start time, which the identity is made of.  A new frame costs one pass over
 * its threads; any other moment is folded anew from the few frames before it that matter to all rows, and
 * what was before these is read for the rows that are shown.  What a row says is of the frame that is
 * looked at and the one before; what a counter did between them is a difference of two readings of the same
 * thread, or unknown.
 */
#ifndef KT_TUI_THREAD_ROWS_H
#define KT_TUI_THREAD_ROWS_H

#include "run/moment.h"
#include "tui/views/glyphs.h"

enum {
	KT_ROWS_NAME_SIZE = 48,	 /* a name of 15 bytes, each of which became three, and a NUL */
	KT_ROWS_HISTORY = 32,	 /* rates that are kept per thread; bits of a mask */
	KT_ROWS_GONE_FRAMES = 3, /* for which a thread that is gone stays */
	/* Frames before the one that is wanted from which on all rows are folded. */
	KT_ROWS_NEAR_FRAMES = KT_ROWS_GONE_FRAMES + 1,
};

/* What there is to say about a thread, besides its numbers. */
enum kt_row_status {
	KT_ROW_SAME,
	KT_ROW_NEW,	/* was not there in the frame before */
	KT_ROW_REUSED,	/* the same, and its tid was another thread's */
	KT_ROW_RESET,	/* a counter went backwards */
	KT_ROW_FAILED,	/* no counters; the reason says why */
	KT_ROW_SKIPPED, /* left out on purpose; the reason says why */
	KT_ROW_MISSED,	/* not in a snapshot that was cut short */
	KT_ROW_GONE,
};

struct kt_thread_row {
	uint64_t identity;
	uint64_t start_time_jiffies; /* 0: unknown */
	uint32_t tid;
	uint32_t group;		      /* which guest: place in the model's scenarios */
	char comm[KT_ROWS_NAME_SIZE]; /* "" when unknown; cut if it is longer */
	const char *reason;	      /* "" for none; borrowed from the frame */
	uint32_t number;	      /* in the series */
	uint8_t status;		      /* enum kt_row_status */
	uint8_t gone_count;	      /* frames that it is not in */
	char state;		      /* letter of proc(5), or 0 */
	bool has_number;
	uint32_t seen; /* stamp of the last frame that it was in */
	uint32_t rank; /* for whoever sorts: the place that it had */

	/* Of the frame, or the last that the thread was in. */
	struct kt_opt_u64 allocated_bytes;
	struct kt_opt_u64 deallocated_bytes;
	struct kt_opt_u64 cpu;
	struct kt_opt_u64 run_ns;
	struct kt_opt_u64 run_delay_ns;
	struct kt_opt_u64 switches;

	/* From the reading before to this one, in so much time; 0: unknown, and so is the rest. */
	uint64_t counters_elapsed_ns;
	struct kt_opt_u64 allocated_more_bytes;
	struct kt_opt_u64 deallocated_more_bytes;
	uint64_t extras_elapsed_ns;
	struct kt_opt_u64 run_more_ns;
	struct kt_opt_u64 run_delay_more_ns;
	struct kt_opt_u64 switches_more;

	/* The last reading, which the next one is compared to. */
	struct kt_row_reading {
		uint64_t counters_at_ns; /* of the probe's clock */
		uint64_t extras_at_ns;
		struct kt_opt_u64 allocated_bytes;
		struct kt_opt_u64 deallocated_bytes;
		struct kt_opt_u64 run_ns;
		struct kt_opt_u64 run_delay_ns;
		struct kt_opt_u64 switches;
	} last;

	/* Bytes allocated per second, by frame: that of stamp n at n modulo KT_ROWS_HISTORY. */
	uint64_t history[KT_ROWS_HISTORY];
	uint32_t history_known; /* bits */
	bool has_past;		/* also of the frames before the first that was folded */
};

/* What the frame says of itself. */
struct kt_rows_frame {
	bool has_frame;
	uint64_t host_mono_ns;
	uint32_t index;
	uint64_t timestamp_unix_sec;
	uint64_t elapsed_since_start_ns;
	struct kt_snapshot_extras extras; /* unknown where there were none */
	size_t failed_count;
	size_t skipped_count;
	bool has_ended;	      /* the run: no later frame comes */
	uint64_t interval_ms; /* 0: unknown */
	struct kt_series_stats stats;
	uint64_t history_coarse_ns; /* the time up to which frames were dropped; 0: none */
};

struct kt_thread_rows {
	uint32_t group;
	size_t probe; /* places in the scenario of what is folded */
	size_t run;
	const struct kt_series *series; /* NULL: nothing is */
	struct kt_series_frame frame;
	struct kt_rows_frame about;
	uint32_t stamp; /* of the frame: one more than that of the frame before */

	/* Of the first frame that was folded, and of the frame with stamp 1, which may be before it. */
	uint32_t first_stamp;
	uint32_t first_index;
	uint32_t past_index;
	size_t past_place;
	struct kt_series_frame past; /* for reading what was between them */

	struct kt_thread_row **rows; /* in order of appearance */
	size_t count;
	size_t made; /* those behind count are kept for new rows */
	size_t cap;
	uint32_t *slots; /* place in rows + 1 by identity; open addressing */
	size_t slot_cap; /* a power of two */
	struct kt_buf scratch;
};

/** Frees what the rows take. */
void kt_thread_rows_deinit(struct kt_thread_rows *rows);

/**
 * Folds what @scenario had at @moment_ns.  @ret_changed tells whether anything is not as it was.  Errors:
 * no memory.
 */
struct kt_error *kt_thread_rows_update(struct kt_thread_rows *rows,
				       const struct kt_run_scenario *scenario, uint64_t moment_ns,
				       bool *ret_changed) KT_MUST_CHECK;

/**
 * Completes the histories of the @count rows @wanted, which are some of @rows: those whose past was not
 * read are.  Where thinning has dropped frames since, nothing is known.  Errors: no memory.
 */
struct kt_error *kt_thread_rows_read_past(struct kt_thread_rows *rows,
					  struct kt_thread_row *const *wanted,
					  size_t count) KT_MUST_CHECK;

/** The row with @identity, or NULL.  Owner: borrowed. */
const struct kt_thread_row *kt_thread_rows_find(const struct kt_thread_rows *rows,
						uint64_t identity);

/** "new", "gone" and so on; "" when there is nothing to say. */
const char *kt_row_status_word(const struct kt_thread_row *row);

/** The last rates as a graph wants them, oldest first; returns how many (KT_ROWS_HISTORY at most). */
size_t kt_thread_row_history(const struct kt_thread_rows *rows, const struct kt_thread_row *row,
			     struct kt_graph_value values[KT_ROWS_HISTORY]);

/** @more in @elapsed_ns as so many per second; exact as far as 64 bits go, then the largest. */
uint64_t kt_per_second(uint64_t more, uint64_t elapsed_ns);

#endif
