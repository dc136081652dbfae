/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a run says while it goes on: the events probe_start, snapshot and probe_end of
 * docs/events.md, one line each, in constant memory however many there are.
 */
#ifndef KT_PROBE_STREAM_H
#define KT_PROBE_STREAM_H

#include "probe/output.h"
#include "probe/run.h"

struct kt_stream {
	struct kt_output output;
	bool is_begun; /* there is a first line, so there must be a last one */
};

/* How a run ended, for the last line. */
struct kt_stream_end {
	int exit_code;
	const char *fatal;  /* word of its kind, or NULL; borrowed */
	const char *detail; /* what is behind it, or NULL; borrowed */
};

/** Starts a stream to @fd.  Owner: the caller calls kt_stream_deinit(); not to be moved. */
void kt_stream_init(struct kt_stream *stream, int fd);

/** The sink that writes to @stream.  Owner: @stream is borrowed. */
struct kt_probe_sink kt_stream_sink(struct kt_stream *stream);

/** Writes the last line.  Errors: io, no memory. */
struct kt_error *kt_stream_finish(struct kt_stream *stream, const struct kt_probe_run *run,
				  const struct kt_stream_end *end) KT_MUST_CHECK;

/** Frees what the stream holds. */
void kt_stream_deinit(struct kt_stream *stream);

#endif
