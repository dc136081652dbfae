/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the files of the model share: run.c (life, the run as a whole), run_scenario.c,
 * run_history.c and run_probe.c; and what all of them use.
 */
#ifndef KT_RUN_RUN_STATE_H
#define KT_RUN_RUN_STATE_H

#include "run/run.h"

/** The error of an event that contradicts those before it: @what: "@name".  Errors: protocol. */
struct kt_error *kt_run_refuse(const char *what, const char *name) KT_MUST_CHECK;

/**
 * Makes room for one more element of @size bytes; @items is the address of a pointer to elements.
 * Errors: no memory.
 */
struct kt_error *kt_run_grow(void *items, size_t *cap, size_t count, size_t size) KT_MUST_CHECK;

#define KT_RUN_GROW(owner, items, count, cap) \
	kt_run_grow(&(owner)->items, &(owner)->cap, (owner)->count, sizeof(*(owner)->items))

/** Copies @name.  Errors: no memory.  Owner: @arena. */
struct kt_error *kt_run_copy_name(struct kt_arena *arena, const char *name,
				  const char **ret) KT_MUST_CHECK;

/** Copies the payload of @event to @ret.  Errors: no memory.  Owner: @arena. */
struct kt_error *kt_run_copy_payload(const struct kt_event *event, struct kt_arena *arena,
				     void *ret) KT_MUST_CHECK;

/**
 * Copies the payload of @event, whose only pointers are texts, to @ret, and all texts into one
 * piece of memory.  Errors: no memory.  Owner: the caller frees @ret_memory.
 */
struct kt_error *kt_run_copy_texts(const struct kt_event *event, void *ret,
				   void **ret_memory) KT_MUST_CHECK;

/** A scenario called @name, of which nothing is known; NULL when memory is out.  Owner: the caller. */
struct kt_run_scenario *kt_run_scenario_create(const char *name);

/** Frees everything in @scenario, which ended, but its name, its times and how it ended. */
void kt_run_scenario_drop(struct kt_run_scenario *scenario);

/** Frees @scenario and everything in it. */
void kt_run_scenario_destroy(struct kt_run_scenario *scenario);

/** Starts the history of a check that has only been announced.  Errors: no memory. */
struct kt_error *kt_run_check_begin(struct kt_run_check *check,
				    uint64_t host_mono_ns) KT_MUST_CHECK;

/** Frees the history of a check. */
void kt_run_check_deinit(struct kt_run_check *check);

/** Frees the history of a worker. */
void kt_run_worker_deinit(struct kt_run_worker *worker);

/** Frees the runs of a probe. */
void kt_run_probe_deinit(struct kt_run_probe *probe);

/*
 * One function per kind of event: checks first, then changes.
 */

/** Takes in a `scenario_start` event.  Errors: protocol, no memory; then nothing changed. */
struct kt_error *kt_run_apply_scenario_start(struct kt_run *run, struct kt_run_scenario *scenario,
					     const struct kt_event *event) KT_MUST_CHECK;

/** Takes in a `accel` event.  Errors: protocol, no memory; then nothing changed. */
struct kt_error *kt_run_apply_scenario_accel(struct kt_run *run, struct kt_run_scenario *scenario,
					     const struct kt_event *event) KT_MUST_CHECK;

/** Takes in a `guest_state` event.  Errors: protocol, no memory; then nothing changed. */
struct kt_error *kt_run_apply_guest_state(struct kt_run *run, struct kt_run_scenario *scenario,
					  const struct kt_event *event) KT_MUST_CHECK;

/** Takes in a `worker` event.  Errors: protocol, no memory; then nothing changed. */
struct kt_error *kt_run_apply_worker(struct kt_run *run, struct kt_run_scenario *scenario,
				     const struct kt_event *event) KT_MUST_CHECK;

/** Takes in a `console` event.  Errors: protocol, no memory; then nothing changed. */
struct kt_error *kt_run_apply_console(struct kt_run *run, struct kt_run_scenario *scenario,
				      const struct kt_event *event) KT_MUST_CHECK;

/** Takes in a `scenario_end` event.  Errors: protocol, no memory; then nothing changed. */
struct kt_error *kt_run_apply_scenario_end(struct kt_run *run, struct kt_run_scenario *scenario,
					   const struct kt_event *event) KT_MUST_CHECK;

/** Takes in a `check` event.  Errors: protocol, no memory; then nothing changed. */
struct kt_error *kt_run_apply_check(struct kt_run *run, struct kt_run_scenario *scenario,
				    const struct kt_event *event) KT_MUST_CHECK;

/** Takes in a `probe_start` event.  Errors: protocol, no memory; then nothing changed. */
struct kt_error *kt_run_apply_probe_start(struct kt_run *run, struct kt_run_scenario *scenario,
					  const struct kt_event *event) KT_MUST_CHECK;

/** Takes in a `snapshot` event.  Errors: protocol, no memory; then nothing changed. */
struct kt_error *kt_run_apply_snapshot(struct kt_run *run, struct kt_run_scenario *scenario,
				       const struct kt_event *event) KT_MUST_CHECK;

/** Takes in a `probe_end` event.  Errors: protocol, no memory; then nothing changed. */
struct kt_error *kt_run_apply_probe_end(struct kt_run *run, struct kt_run_scenario *scenario,
					const struct kt_event *event) KT_MUST_CHECK;

#endif
