/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * From bytes in pieces of any size to events: a splitter that keeps what is not a whole line yet,
 * and batches of whole lines, which may be decoded on any thread.
 *
 * Each line gives one event of a batch, also one that this version does not know (KT_EVENT_NONE), so
 * the number of an event is that of its line.
 */
#ifndef KT_ENGINE_EVENT_LINES_H
#define KT_ENGINE_EVENT_LINES_H

#include "run/event.h"

/** What was fed and not taken out yet.  Zero-initialise it. */
struct kt_event_lines {
	struct kt_buf bytes;
	size_t whole_bytes; /* of these are whole lines, newlines included */
};

struct kt_event_batch {
	struct kt_buf text;
	struct kt_event *events;
	size_t count;
	size_t cap;
	struct kt_error *error; /* of the line behind the last event; the rest was not looked at */
	bool is_error_cut;	/* that line has no newline */
};

/** Adds @len bytes.  A failed allocation sticks, and shows when lines are taken. */
void kt_event_lines_feed(struct kt_event_lines *lines, const char *bytes, size_t len);

/** Whether what is not a whole line yet is longer than a line may be. */
bool kt_event_lines_is_overlong(const struct kt_event_lines *lines);

/**
 * Moves all whole lines into the empty @batch; at the @is_end of the bytes also what is left of a
 * last one.
 * Errors: no memory.
 */
struct kt_error *kt_event_lines_take(struct kt_event_lines *lines, bool is_end,
				     struct kt_event_batch *batch) KT_MUST_CHECK;

/** Frees the bytes. */
void kt_event_lines_deinit(struct kt_event_lines *lines);

/** Decodes the lines of @batch, up to the first that is none.  Touches nothing else. */
void kt_event_batch_decode(struct kt_event_batch *batch);

/** Frees text, events and error, and makes the batch empty again. */
void kt_event_batch_deinit(struct kt_event_batch *batch);

#endif
