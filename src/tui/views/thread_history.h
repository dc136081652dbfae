/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a thread did around a moment, read out of a series: a bounded window of its snapshots, and the rows of
 * the thread that a page is about.  Rates are between two readings of the same thread; where there are no
 * two, or a counter went back, they are unknown.
 */
#ifndef KT_TUI_THREAD_HISTORY_H
#define KT_TUI_THREAD_HISTORY_H

#include "run/run.h"
#include "tui/views/glyphs.h"

#define KT_HISTORY_MAX 480

/* One reading.  Only `last` has texts; they stand in the history. */
struct kt_thread_reading {
	bool is_there;
	uint32_t index; /* of the snapshot */
	uint64_t host_mono_ns;
	uint64_t elapsed_ns; /* on the probe's clock */
	struct kt_thread thread;
	bool has_extras;
	struct kt_thread_extras extras; /* thread.extras is NULL: this is it */
};

/* Zero-initialise it once; it keeps what it was read with for the next time. */
struct kt_thread_history {
	struct kt_thread_history_window {
		const struct kt_series *series;
		uint32_t number; /* of the thread */
		uint64_t dropped_count;
		size_t first; /* places in the series */
		size_t end;
		size_t moment;
	} window; /* that was read */
	struct kt_series_frame frame;

	size_t count;
	size_t moment; /* which of them is looked at */
	uint64_t at_ns[KT_HISTORY_MAX];
	struct kt_graph_value allocated[KT_HISTORY_MAX]; /* bytes per second */
	struct kt_graph_value deallocated[KT_HISTORY_MAX];
	struct kt_thread_reading now;	 /* of the moment's snapshot */
	struct kt_thread_reading before; /* of the one before that */
	struct kt_thread_reading last;	 /* the last at or before the moment that has the thread */
	struct kt_thread_reading gone;	 /* the one behind that; is_there is false */
	struct {
		char comm[64];
		char error[256];
		char error_kind[64];
		char state[8];
	} texts;
};

/** Frees what @history holds and makes it empty again. */
void kt_thread_history_deinit(struct kt_thread_history *history);

/**
 * Reads up to @wanted snapshots (cut to what is quick to read) around @mono_ns; most of them are before it.
 * Does nothing when they are those that @history has.
 * Returns false in @ret_found if there is none at or before it.  Errors: no memory.
 * Owner: @history is the caller's, and is not copied or moved.
 */
struct kt_error *kt_thread_history_read(const struct kt_series *series, uint32_t number,
					uint64_t mono_ns, size_t wanted,
					struct kt_thread_history *history,
					bool *ret_found) KT_MUST_CHECK;

#endif
