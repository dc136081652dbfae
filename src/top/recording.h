/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The recording of a run, as --record wants it.  One that cannot be written any more says so once, and
 * the run goes on; what it holds stays good.
 */
#ifndef KT_TOP_RECORDING_H
#define KT_TOP_RECORDING_H

#include "run/run_file.h"

struct kt_recording {
	int fd; /* -1: not recording */
	struct kt_run_writer writer;
	struct kt_buf problem; /* one line, once it failed */
	bool has_failed;
};

#define KT_RECORDING_INIT ((struct kt_recording){ .fd = -1 })

/**
 * Makes or empties the file @path, which must last.
 * Errors: usage (it cannot be opened).  Owner: the caller calls kt_recording_close().
 */
struct kt_error *kt_recording_open(struct kt_recording *recording, const char *path) KT_MUST_CHECK;

/** Keeps @event, if there is a recording.  Returns true if this was what made it fail. */
bool kt_recording_event(struct kt_recording *recording, const struct kt_event *event);

/** Closes the file. */
void kt_recording_close(struct kt_recording *recording);

#endif
