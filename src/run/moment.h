/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The model as it was at a time: what each guest, worker, check and probe had come to when the
 * run's clock (host_mono_ns of the events) stood there.  Pure lookups in what the model keeps; all
 * results are borrowed from it, and last until the next kt_run_apply().
 */
#ifndef KT_RUN_MOMENT_H
#define KT_RUN_MOMENT_H

#include "run/run.h"

/** Whether the scenario had begun at @mono_ns. */
bool kt_moment_has_begun(const struct kt_run_scenario *scenario, uint64_t mono_ns);

/** Whether the scenario had ended at @mono_ns. */
bool kt_moment_has_ended(const struct kt_run_scenario *scenario, uint64_t mono_ns);

/** The guest's last change of state at or before @mono_ns; NULL for none. */
const struct kt_run_state *kt_moment_guest(const struct kt_run_scenario *scenario,
					   uint64_t mono_ns);

/** The worker's last event at or before @mono_ns; NULL for none. */
const struct kt_event_worker *kt_moment_worker(const struct kt_run_worker *worker,
					       uint64_t mono_ns);

/**
 * What the check said at @mono_ns: its last verdict at or before, or the check as announced
 * (pending).  Never NULL.
 */
const struct kt_event_check *kt_moment_check(const struct kt_run_check *check, uint64_t mono_ns);

/**
 * What is kept of the console's text up to @mono_ns, whole lines; @ret_len tells its length in bytes,
 * @ret_is_whole whether nothing before it was dropped.  Owner: borrowed.
 */
const char *kt_moment_console(const struct kt_run_scenario *scenario, uint64_t mono_ns,
			      size_t *ret_len, bool *ret_is_whole);

/** How many of the first notes of the run came at or before @mono_ns. */
size_t kt_moment_note_count(const struct kt_run *run, uint64_t mono_ns);

/** The last run of the probe that had begun at or before @mono_ns; NULL for none. */
const struct kt_run_probe_run *kt_moment_probe_run(const struct kt_run_probe *probe,
						   uint64_t mono_ns);

#endif
