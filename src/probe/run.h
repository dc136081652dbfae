/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * One run of the probe: take hold of the target, resolve, take the snapshots.
 *
 * A run that has data keeps it: a target that exits or becomes another program ends the
 * run with what was read before, and says so.  Snapshots go to a sink, one by one: what is not kept
 * there is not kept at all, so a run may be without end.
 */
#ifndef KT_PROBE_RUN_H
#define KT_PROBE_RUN_H

#include <signal.h>

#include "probe/engine_use.h"
#include "probe/options.h"
#include "probe/process.h"
#include "probe/resolve/layout.h"
#include "probe/target.h"

enum kt_probe_run_end {
	KT_PROBE_RUN_COMPLETED,
	KT_PROBE_RUN_INTERRUPTED,     /* by a signal or the deadline */
	KT_PROBE_RUN_TARGET_EXITED,   /* after at least one good row */
	KT_PROBE_RUN_TARGET_REPLACED, /* likewise; the snapshots before the exec are kept */
	KT_PROBE_RUN_FAILED,	      /* by an error */
};

struct kt_probe_snapshot {
	uint64_t timestamp_unix_sec;
	uint64_t elapsed_since_start_ns;
	uint64_t duration_ns;
	struct kt_sweep sweep;
	struct kt_process_extras process; /* if they were asked for */
};

struct kt_probe_run {
	const struct kt_probe_settings *settings; /* borrowed */
	uint64_t started_at_unix_sec;
	uint64_t start_mono_ns;
	uint64_t resolve_ns;
	uint64_t resolve_stop_count; /* threads that were stopped to find the layout */
	struct kt_target target;
	struct kt_layout layout;
	struct kt_engine_use engine;
	enum kt_probe_run_end end;
	uint64_t snapshot_count; /* that went to the sink */
	uint64_t row_count;	 /* of threads in them, */
	uint64_t ok_count;	 /* and of these with counters */
	bool is_output_lost;	 /* the sink failed: an error that is not about the target */
};

/* Where the snapshots of a run go. */
struct kt_probe_sink {
	void *ctx;
	int out_fd; /* its reader is waited for no longer once it is gone; -1: nobody reads yet */

	/*
	 * The target is resolved and the engine is there; the first snapshot comes next.  May be
	 * NULL.  Errors: io, no memory; they end the run.
	 */
	struct kt_error *(*begin)(void *ctx, const struct kt_probe_run *run);

	/*
	 * The next snapshot, number run->snapshot_count from 0.  The sink may take the sweep and
	 * leave a zeroed one.  Errors: io, no memory; they end the run.
	 */
	struct kt_error *(*snapshot)(void *ctx, const struct kt_probe_run *run,
				     struct kt_probe_snapshot *snapshot);
};

/* What a run is to do; everything is borrowed. */
struct kt_probe_job {
	const struct kt_probe_settings *settings;
	const struct kt_layout_entry *entry; /* what --layout gave, or NULL */
	const struct kt_probe_sink *sink;
	const volatile sig_atomic_t *stop; /* the flag that ends it early */
};

/**
 * Runs.
 * Errors: probe (@ret_fatal says which kind), io, usage (the layout cannot be kept), no memory,
 * those of the sink.
 * Owner: the caller calls kt_probe_run_deinit() in any case; the job's settings must outlive @ret.
 */
struct kt_error *kt_probe_execute(const struct kt_probe_job *job, struct kt_probe_run *ret,
				  enum kt_fatal *ret_fatal) KT_MUST_CHECK;

/** Frees everything the run holds. */
void kt_probe_run_deinit(struct kt_probe_run *run);

/**
 * Whether the run read nothing although it tried: there are snapshots, none has a good row,
 * and it was not merely interrupted before the first row.
 */
bool kt_probe_run_all_failed(const struct kt_probe_run *run);

/** The word for how the run ended ("completed"). */
const char *kt_probe_run_end_word(enum kt_probe_run_end end);

#endif
