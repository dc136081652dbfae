/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The events of a run, kept so that what is on the screen can be saved as a run file.  A recording that
 * is made anyway, or is replayed, is that file already; any other run gets one without a
 * name, of at most KT_SPOOL_MAX_BYTES: when it is full, saving says that.
 *
 * Events come in the order of their times, so what was known at a moment is the first part of the
 * file: saving copies whole lines up to the first that is later.
 */
#ifndef KT_TOP_SPOOL_H
#define KT_TOP_SPOOL_H

#include "run/run_file.h"

#define KT_SPOOL_MAX_BYTES (1ULL << 30)

struct kt_spool {
	int fd; /* -1: there is no file */
	bool is_own;
	bool is_full;
	bool has_failed;
	struct kt_run_writer writer; /* of a file of our own */
};

#define KT_SPOOL_INIT ((struct kt_spool){ .fd = -1 })

/** The directory of temporary files: $TMPDIR or /var/tmp.  Owner: borrowed from the environment. */
const char *kt_spool_directory(void);

/**
 * Makes a file of our own in $TMPDIR or /var/tmp.  Where that cannot be, nothing can be saved, which
 * kt_spool_save() tells.
 */
void kt_spool_open(struct kt_spool *spool);

/**
 * Uses the run file @path, which somebody else writes or wrote; if that is no regular file, one of
 * our own.
 */
void kt_spool_use(struct kt_spool *spool, const char *path);

/** Keeps @event, in a file of our own. */
void kt_spool_event(struct kt_spool *spool, const struct kt_event *event);

/**
 * Writes the events up to @moment_ns of the run's clock to @path, which must not be there.
 * May be called on another thread than kt_spool_event().  Blocks.
 * Errors: io (also: there is nothing to save from, or something at @path), no memory.
 */
struct kt_error *kt_spool_save(const struct kt_spool *spool, uint64_t moment_ns,
			       const char *path) KT_MUST_CHECK;

/** Closes the file. */
void kt_spool_close(struct kt_spool *spool);

#endif
