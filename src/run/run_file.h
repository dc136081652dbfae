/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Run files: the events of a run, one line each, as they happened.
 *
 * The writer appends whole lines.  When that fails (a full disk) it cuts the half
 * line off again where the file allows it, tells the error once, and only counts from
 * then on: what was recorded stays readable.  The reader takes a file whose last line
 * was cut, and says so.
 */
#ifndef KT_RUN_RUN_FILE_H
#define KT_RUN_RUN_FILE_H

#include "run/event.h"

struct kt_run_writer {
	int fd;		  /* borrowed */
	const char *name; /* borrowed; for error texts */
	struct kt_buf line;
	int64_t good_bytes; /* file offset behind the last whole line; -1: not a file */
	bool failed;
	uint64_t lost_event_count;
};

/** Starts a writer at the present end of @fd.  Owner: @fd and @name stay the caller's. */
void kt_run_writer_init(struct kt_run_writer *writer, int fd, const char *name);

/** Frees the writer's memory; the descriptor stays open. */
void kt_run_writer_deinit(struct kt_run_writer *writer);

/**
 * Appends one event.  After an error it records nothing more and returns NULL; the events
 * that are missing are counted in lost_event_count.
 * Errors: io, no memory; once.
 */
struct kt_error *kt_run_writer_event(struct kt_run_writer *writer,
				     const struct kt_event *event) KT_MUST_CHECK;

/**
 * Takes one event of a file.
 * Errors: its own; the first ends the reading.  Owner: borrows @event.
 */
typedef struct kt_error *(*kt_run_event_fn)(void *ctx, const struct kt_event *event);

struct kt_run_file_info {
	uint64_t event_count;	/* handed out */
	uint64_t unknown_count; /* of types that this version does not know */
	bool cut;		/* the last line was not whole and was left out */
};

/**
 * Hands each event of the @len bytes of a run file to @on_event.  The first must be run_start.
 * Errors: usage (not a run file, newer schema, a bad line; "name:line: reason"), no memory,
 * or @on_event's.  @ret_info is filled as far as the reading came, on failure too.
 * Owner: nothing changes hands.
 */
struct kt_error *kt_run_file_read(const char *bytes, size_t len, const char *name,
				  kt_run_event_fn on_event, void *ctx,
				  struct kt_run_file_info *ret_info) KT_MUST_CHECK;

#endif
