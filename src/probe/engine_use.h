/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The engine that reads in a run: the one that was asked for, or the one that fits.
 *
 * Setting up BPF costs some milliseconds and makes each pass several times cheaper, so it is taken
 * for many snapshots or many threads where the kernel allows it.  If it gives up later, readv goes on.
 */
#ifndef KT_PROBE_ENGINE_USE_H
#define KT_PROBE_ENGINE_USE_H

#include "probe/options.h"
#include "probe/read/engine.h"

/* From here on the set-up of BPF pays, of either (tests/bench/probe_bench). */
enum {
	KT_ENGINE_BPF_MIN_SNAPSHOTS = 10,
	KT_ENGINE_BPF_MIN_THREADS = 1000,
};

struct kt_engine_use {
	const struct kt_read_engine *engine;
	void *state;
	struct kt_read_config config;
	bool is_choice;	  /* auto: another engine may take over */
	bool has_changed; /* another engine took over */
	char reason[256]; /* why it is this one; "" if it was asked for */
};

/**
 * Starts the engine for @settings.  @config is copied.
 * Errors: probe (the engine that was asked for cannot be used here), no memory.
 * Owner: the caller calls kt_engine_use_end().
 */
struct kt_error *kt_engine_use_start(const struct kt_probe_settings *settings,
				     const struct kt_read_config *config,
				     struct kt_engine_use *ret) KT_MUST_CHECK;

/** Takes one pass into @sweep, which has no rows.  Errors: as an engine's sweep. */
struct kt_error *kt_engine_use_sweep(struct kt_engine_use *use,
				     struct kt_sweep *sweep) KT_MUST_CHECK;

/** Ends the engine, if there is one; which it was, and why, stays. */
void kt_engine_use_end(struct kt_engine_use *use);

#endif
