/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A run file as a source: its events go into the session with the times that they were
 * recorded with; nothing is judged anew, for the verdicts are in the file.
 *
 * The file is read and decoded on libuv's pool, piece by piece, and taken in on the loop in slices
 * of at most some milliseconds, so that a screen stays alive while gigabytes come in.  What is whole
 * is shown: a last line that was cut is left out and told; a line that is none ends the
 * reading there, and the problem says where and why.  So does an event that the session refuses: the
 * session's error becomes the problem, and what it holds so far stays good.  The memory for what was
 * read and not taken in yet is some megabytes, or one line if that is longer.  Loop thread only.
 */
#ifndef KT_ENGINE_REPLAY_H
#define KT_ENGINE_REPLAY_H

#include <uv.h>

#include "engine/session.h"

struct kt_replay;

/** All was read, or the reading came to its end early: kt_replay_state() says which. */
typedef void (*kt_replay_done_fn)(void *ctx);

struct kt_replay_state {
	uint64_t read_bytes;
	uint64_t file_bytes;
	uint64_t event_count;
	bool is_done;
	bool was_cut;	     /* the last line was not whole */
	const char *problem; /* NULL, or "FILE:LINE: what": the rest is not read.  Borrowed */
};

/**
 * Opens @path for @session, which must outlive it.
 * Errors: usage (it cannot be read, is no regular file, or its first line shows that it is no run
 * file, or one of a newer schema), no memory.
 * Owner: the caller, who destroys it before the start or after @on_done.
 */
struct kt_error *kt_replay_create(uv_loop_t *loop, struct kt_session *session, const char *path,
				  kt_replay_done_fn on_done, void *ctx,
				  struct kt_replay **ret) KT_MUST_CHECK;

/** Begins to read. */
void kt_replay_start(struct kt_replay *replay);

/** How far it has come. */
struct kt_replay_state kt_replay_state(const struct kt_replay *replay);

/** Ends the reading where it is; @on_done comes. */
void kt_replay_stop(struct kt_replay *replay);

/** Frees the source; NULL is allowed. */
void kt_replay_destroy(struct kt_replay *replay);

#endif
