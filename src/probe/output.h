/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * JSON on its way out, in pieces: however large a document or a line is, the memory for it stays
 * small.
 */
#ifndef KT_PROBE_OUTPUT_H
#define KT_PROBE_OUTPUT_H

#include "base/json_write.h"

enum {
	KT_OUTPUT_PIECE_BYTES = 64 * 1024 /* output goes out in writes of about this size */
};

struct kt_output {
	int fd;		     /* -1: nowhere; borrowed */
	struct kt_buf *copy; /* gets everything too, or NULL; borrowed */
	/*
	 * A reader that takes nothing is waited for until the run is told to stop, and then for a
	 * moment only.  Otherwise it is waited for without end.
	 */
	bool yields_to_stop;
	struct kt_buf pending;
	struct kt_json_writer json;
};

/**
 * Starts output to @fd with @indent blanks a level (0: all on one line).
 * Owner: the caller calls kt_output_deinit(), and not move @output before; @copy may be NULL.
 */
void kt_output_init(struct kt_output *output, int fd, struct kt_buf *copy, int indent);

/** Writes what is pending, if that is at least @at_least bytes.  Errors: io, no memory. */
struct kt_error *kt_output_flush(struct kt_output *output, size_t at_least) KT_MUST_CHECK;

/** Frees what is pending. */
void kt_output_deinit(struct kt_output *output);

#endif
