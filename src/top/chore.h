/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Files that the screen writes at a user's wish, on libuv's pool: a slow disk never holds up the
 * screen.  One at a time.  Loop thread only.
 */
#ifndef KT_TOP_CHORE_H
#define KT_TOP_CHORE_H

#include <stdbool.h>
#include <uv.h>

#include "top/spool.h"

/** It is done: @text is the line that tells how it went, borrowed. */
typedef void (*kt_chore_done_fn)(void *ctx, const char *text);

struct kt_chore {
	uv_work_t request;
	kt_chore_done_fn on_done;
	void *ctx;
	bool is_running;
	struct kt_spool *spool; /* saving: from here */
	uint64_t moment_ns;
	char *path;
	char *content; /* keeping preferences: what */
	struct kt_error *error;
};

/**
 * Saves the events of @spool up to @moment_ns to @path; @spool must last until @on_done.  Says
 * through @on_done at once that it cannot, while another chore runs.
 */
void kt_chore_save(struct kt_chore *chore, uv_loop_t *loop, struct kt_spool *spool,
		   uint64_t moment_ns, const char *path);

/** Writes @content to the file of preferences @path. */
void kt_chore_keep(struct kt_chore *chore, uv_loop_t *loop, const char *path, const char *content);

#endif
