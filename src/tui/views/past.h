/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The snapshots of a probe's run by place, wherever the model keeps them: in a series, or as
 * they came.
 */
#ifndef KT_TUI_PAST_H
#define KT_TUI_PAST_H

#include "run/run.h"

/* One snapshot; zero-initialise it once, it is used again from one reading to the next. */
struct kt_past_frame {
	struct kt_series_frame frame;
	const struct kt_snapshot *snapshot;
	uint64_t host_mono_ns;
	uint32_t index;
};

/** How many snapshots there are. */
size_t kt_past_count(const struct kt_run_probe_run *run);

/** When the one at @place came, and its index. */
uint64_t kt_past_time(const struct kt_run_probe_run *run, size_t place, uint32_t *ret_index);

/** The place of the last one that came at or before @mono_ns; false if there is none. */
bool kt_past_find(const struct kt_run_probe_run *run, uint64_t mono_ns, size_t *ret_place);

/** The place of the snapshot with this index; false if it is not there (any more). */
bool kt_past_find_index(const struct kt_run_probe_run *run, uint64_t index, size_t *ret_place);

/** How many snapshots the run had taken at @mono_ns, thinned ones too. */
uint64_t kt_past_taken(const struct kt_run_probe_run *run, uint64_t mono_ns);

/**
 * Reads the snapshot at @place.  Errors: no memory.  Owner: the caller calls kt_past_frame_deinit();
 * rows and texts last until then, or until @frame is read again.
 */
struct kt_error *kt_past_read(const struct kt_run_probe_run *run, size_t place,
			      struct kt_past_frame *frame) KT_MUST_CHECK;

/** Frees what the frame holds. */
void kt_past_frame_deinit(struct kt_past_frame *frame);

/** Whether the run had ended at @mono_ns. */
bool kt_past_has_ended(const struct kt_run_probe_run *run, uint64_t mono_ns);

#define kt_autopast __attribute__((cleanup(kt_past_frame_deinit)))

#endif
