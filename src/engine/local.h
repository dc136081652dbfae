/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A process of this host as a source: starts ktstr-jemalloc-probe --stream for it, and passes what
 * that says into the session, under the scenario name that the owner gives.
 *
 * The probe is a process of its own: whatever happens to it, or to its target, is an event.  A probe
 * that falls silent is no error here; the owner sees how old the last snapshot is.  Loop thread
 * only; lines are decoded on libuv's pool, in order.
 */
#ifndef KT_ENGINE_LOCAL_H
#define KT_ENGINE_LOCAL_H

#include <uv.h>

#include "engine/session.h"

struct kt_local_config {
	uv_loop_t *loop;	    /* borrowed */
	struct kt_session *session; /* borrowed */
	const char *probe;	    /* path of ktstr-jemalloc-probe; borrowed */
	const char *scenario;	    /* name that its events get; borrowed */
	uint32_t pid;
	uint32_t snapshots; /* 0: until the target ends, or kt_local_stop() */
	uint32_t interval_ms;
	const char *with;   /* words of the probe's --with, or NULL; borrowed */
	const char *engine; /* word of the probe's --engine, or NULL; borrowed */
};

struct kt_local;

/**
 * The probe has ended and its probe_end was emitted (made here if the probe did not say it).
 * @problem is NULL, or the one line why nothing could be seen: what the probe said to stderr when it
 * ended without a report, or why it could not be started.  Borrowed.
 */
typedef void (*kt_local_done_fn)(void *ctx, const char *problem);

/**
 * Makes a source; @config is copied.
 * Errors: no memory.  Owner: the caller, who destroys it before the start or after @on_done.
 */
struct kt_error *kt_local_create(const struct kt_local_config *config, kt_local_done_fn on_done,
				 void *ctx, struct kt_local **ret) KT_MUST_CHECK;

/** Starts the probe. */
void kt_local_start(struct kt_local *local);

/**
 * Asks the probe to end (SIGINT: it tells its last words) and, if it has not within a second, kills
 * it.  @on_done comes; once is enough.
 */
void kt_local_stop(struct kt_local *local);

/** Frees the source; NULL is allowed. */
void kt_local_destroy(struct kt_local *local);

#endif
