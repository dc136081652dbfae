/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Runs the scenarios of a session: as many at once as the machine carries, in the order of
 * engine/schedule.h, until all are over or the run is cancelled.  Loop thread only.
 */
#ifndef KT_ENGINE_ENGINE_H
#define KT_ENGINE_ENGINE_H

#include "engine/runner.h"

struct kt_engine_options {
	uint32_t jobs;		  /* guests at once; at least 1 */
	uint64_t memory_mib;	  /* of guests at once, QEMU included; UINT64_MAX: no limit */
	bool fail_fast;		  /* the first scenario that does not pass cancels the others */
	bool templates;		  /* guests are woken from templates; else each is booted */
	const char *template_dir; /* where they are kept between runs; NULL: nowhere */
	uint64_t template_limit_bytes;
	bool skip_missing; /* a scenario without an image is skipped instead of an error */
};

struct kt_engine;

/** Every scenario is over. */
typedef void (*kt_engine_done_fn)(void *ctx);

/**
 * Makes an engine for the scenarios of @shared->session; @images has one per scenario, in the
 * same order (they may share descriptors).  @shared and @images are borrowed.
 * Errors: no memory.
 * Owner: the caller, who destroys it before the start or after @on_done.
 */
struct kt_error *kt_engine_create(struct kt_runner_shared *shared,
				  const struct kt_runner_image *images,
				  const struct kt_engine_options *options,
				  kt_engine_done_fn on_done, void *ctx,
				  struct kt_engine **ret) KT_MUST_CHECK;

/** Starts the first scenarios. */
void kt_engine_start(struct kt_engine *engine);

/**
 * Cancels what runs and what has not run yet, for the reason @text; once is enough.  Who waits is
 * told at once, who runs when its guest is gone.
 */
void kt_engine_cancel(struct kt_engine *engine, const char *text);

/** Frees the engine; NULL is allowed. */
void kt_engine_destroy(struct kt_engine *engine);

#endif
