/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The evaluators of the check kinds.  Each walks over what judge->probe has seen and tells
 * the judge; none decides.  They are called once the probe has a run.
 */
#ifndef KT_CHECK_EVALUATE_H
#define KT_CHECK_EVALUATE_H

#include "check/judge.h"

/** The exit code of each run of the probe; a signal violates. */
void kt_evaluate_exit_code(struct kt_judge *judge);

/** The word that each run has for its fatal end; a run without one violates. */
void kt_evaluate_fatal_kind(struct kt_judge *judge);

/** How many numbers stand in the output of each run (contract section 7). */
void kt_evaluate_metric_count(struct kt_judge *judge);

/** How many snapshots each run took. */
void kt_evaluate_snapshot_count(struct kt_judge *judge);

/** How many threads each snapshot lists, readable or not. */
void kt_evaluate_thread_count(struct kt_judge *judge);

/** Whether the thread is in each snapshot, with counters. */
void kt_evaluate_thread_present(struct kt_judge *judge);

/** A counter of one or all threads in each snapshot. */
void kt_evaluate_counter(struct kt_judge *judge);

/** A series against its own past, within each run. */
void kt_evaluate_monotone(struct kt_judge *judge);

/** The start of each run against its first snapshot. */
void kt_evaluate_started_before(struct kt_judge *judge);

/** How many thread rows of all runs together have an error. */
void kt_evaluate_failed_threads(struct kt_judge *judge);

#endif
