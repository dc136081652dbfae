/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/evaluate.h"

#include <inttypes.h>
#include <string.h>

#include "check/kinds.h"

/* ---- walking over the model ---- */

static struct kt_place place_of_run(size_t run)
{
	return (struct kt_place){ .run = KT_KNOWN(run) };
}

static struct kt_place place_of_snapshot(size_t run, size_t snapshot)
{
	return (struct kt_place){ .run = KT_KNOWN(run), .snapshot = KT_KNOWN(snapshot) };
}

/*
 * How many snapshots of a run count.  While it is watched live they come before it is known whether
 * the run will have a report; if in the end there is none they never counted, as when nobody looks.
 */
static size_t count_snapshots(const struct kt_judge *judge, const struct kt_run_probe_run *run)
{
	bool has_no_report = run->ended ? run->end.document_error != NULL : judge->final;

	return has_no_report ? 0 : run->snapshot_count;
}

typedef void (*run_fn)(struct kt_judge *judge, const struct kt_run_probe_run *run, size_t index);
typedef void (*snapshot_fn)(struct kt_judge *judge, const struct kt_run_probe_run *run,
			    const struct kt_snapshot *snapshot, const struct kt_place *place);

static void each_ended_run(struct kt_judge *judge, run_fn look)
{
	for (size_t i = 0; i < judge->probe->run_count; i++) {
		if (judge->probe->runs[i].ended)
			look(judge, &judge->probe->runs[i], i);
	}
}

/* Says why a run that ended has no snapshot. */
static void explain_no_snapshot(struct kt_judge *judge, const struct kt_run_probe_run *run,
				size_t index)
{
	const struct kt_event_probe_end *end = &run->end;
	struct kt_place place = place_of_run(index);
	bool has_ended = end->exit_code.known || end->signal.known;
	const char *reason = end->document_error ? end->document_error
			     : has_ended	 ? "its output has none"
						 : "the probe did not run";

	if (end->exit_code.known)
		kt_judge_unknown(judge, &place,
				 "no snapshot: the probe exited with %" PRIu64 "; %s",
				 end->exit_code.value, reason);
	else if (end->signal.known)
		kt_judge_unknown(judge, &place,
				 "no snapshot: signal %" PRIu64 " ended the probe; %s",
				 end->signal.value, reason);
	else
		kt_judge_unknown(judge, &place, "no snapshot: %s", reason);
}

/* The snapshots of each run that the check is about. */
static void each_snapshot(struct kt_judge *judge, snapshot_fn look)
{
	enum kt_check_where where = judge->check->snapshots;

	for (size_t r = 0; r < judge->probe->run_count; r++) {
		const struct kt_run_probe_run *run = &judge->probe->runs[r];
		size_t count = count_snapshots(judge, run);
		size_t from = where == KT_CHECK_LAST && count ? count - 1 : 0;
		size_t to = where == KT_CHECK_FIRST && count ? 1 : count;

		if (run->ended && !count)
			explain_no_snapshot(judge, run, r);
		if (where == KT_CHECK_LAST && !run->ended)
			continue;
		for (size_t i = from; i < to; i++) {
			struct kt_place place = place_of_snapshot(r, i);

			look(judge, run, &run->snapshots[i].snapshot, &place);
		}
	}
}

static uint32_t wanted_tid(const struct kt_check *check, const struct kt_run_probe_run *run)
{
	return check->thread == KT_CHECK_LEADER ? run->target_pid : check->tid;
}

static const struct kt_opt_u64 *counter_of(const struct kt_thread *thread, enum kt_check_of of)
{
	return of == KT_OF_ALLOCATED ? &thread->allocated_bytes : &thread->deallocated_bytes;
}

/* ---- exit_code, fatal_kind, metric_count, snapshot_count: one value per run ---- */

static void look_at_exit_code(struct kt_judge *judge, const struct kt_run_probe_run *run,
			      size_t index)
{
	struct kt_place place = place_of_run(index);

	if (run->end.exit_code.known) {
		kt_judge_value(judge, run->end.exit_code.value, &place);
	} else if (run->end.signal.known) {
		const char *worst =
			kt_arena_printf(judge->arena, "signal %" PRIu64, run->end.signal.value);

		judge->no_memory = judge->no_memory || !worst;
		kt_judge_observation(judge, false, UINT64_MAX, worst, &place);
	} else {
		kt_judge_unknown(judge, &place, "no exit code: %s",
				 run->end.document_error ? run->end.document_error
							 : "the probe did not run");
	}
}

static void look_at_fatal_kind(struct kt_judge *judge, const struct kt_run_probe_run *run,
			       size_t index)
{
	struct kt_place place = place_of_run(index);
	const char *kind = run->end.fatal_kind;
	bool holds = kind && !strcmp(kind, judge->check->word);

	if (kind || run->end.exit_code.known || run->end.signal.known)
		kt_judge_observation(judge, holds, 0, kind ? kind : "none", &place);
	else
		kt_judge_unknown(judge, &place, "no fatal kind: %s",
				 run->end.document_error ? run->end.document_error
							 : "the probe did not run");
}

static void look_at_metric_count(struct kt_judge *judge, const struct kt_run_probe_run *run,
				 size_t index)
{
	struct kt_place place = place_of_run(index);

	if (run->end.metric_count.known)
		kt_judge_value(judge, run->end.metric_count.value, &place);
	else
		kt_judge_unknown(judge, &place, "the numbers in its output were not counted");
}

static void look_at_snapshot_count(struct kt_judge *judge, const struct kt_run_probe_run *run,
				   size_t index)
{
	struct kt_place place = place_of_run(index);

	if (!run->end.snapshot_count.known)
		explain_no_snapshot(judge, run, index);
	else if (run->end.snapshot_count.value != run->snapshot_count)
		kt_judge_unknown(judge, &place, "%zu of %" PRIu64 " snapshots arrived",
				 run->snapshot_count, run->end.snapshot_count.value);
	else
		kt_judge_value(judge, run->snapshot_count, &place);
}

void kt_evaluate_exit_code(struct kt_judge *judge)
{
	each_ended_run(judge, look_at_exit_code);
}

void kt_evaluate_fatal_kind(struct kt_judge *judge)
{
	each_ended_run(judge, look_at_fatal_kind);
}

void kt_evaluate_metric_count(struct kt_judge *judge)
{
	each_ended_run(judge, look_at_metric_count);
}

void kt_evaluate_snapshot_count(struct kt_judge *judge)
{
	each_ended_run(judge, look_at_snapshot_count);
}

/* ---- thread_count, thread_present, counter: values per snapshot ---- */

static void look_at_thread_count(struct kt_judge *judge, const struct kt_run_probe_run *run,
				 const struct kt_snapshot *snapshot, const struct kt_place *place)
{
	(void)run;
	kt_judge_value(judge, snapshot->thread_count, place);
}

void kt_evaluate_thread_count(struct kt_judge *judge)
{
	each_snapshot(judge, look_at_thread_count);
}

static void look_for_thread(struct kt_judge *judge, const struct kt_run_probe_run *run,
			    const struct kt_snapshot *snapshot, const struct kt_place *place)
{
	struct kt_place here = *place;
	const struct kt_thread *thread;
	uint32_t tid = wanted_tid(judge->check, run);

	here.tid = KT_KNOWN(tid);
	switch (kt_snapshot_find_thread(snapshot, tid, &thread)) {
	case KT_THREAD_FOUND:
		kt_judge_observation(judge, true, 0, "present", &here);
		break;
	case KT_THREAD_NO_COUNTERS:
		kt_judge_unknown(judge, &here, "thread %" PRIu32 " has no counters: %s", tid,
				 thread->error);
		break;
	case KT_THREAD_ABSENT:
		kt_judge_observation(judge, false, 0, "absent", &here);
		break;
	}
}

void kt_evaluate_thread_present(struct kt_judge *judge)
{
	each_snapshot(judge, look_for_thread);
}

static void look_at_one_counter(struct kt_judge *judge, const struct kt_thread *thread,
				const struct kt_place *place)
{
	const struct kt_opt_u64 *counter = counter_of(thread, judge->check->of);
	struct kt_place here = *place;

	here.tid = KT_KNOWN(thread->tid);
	if (counter->known)
		kt_judge_value(judge, counter->value, &here);
	else if (thread->error)
		kt_judge_unknown(judge, &here, "thread %" PRIu32 " has no counters: %s",
				 thread->tid, thread->error);
	else if (judge->check->if_present)
		judge->absent = true;
	else
		kt_judge_unknown(judge, &here, "thread %" PRIu32 " has no %s", thread->tid,
				 kt_check_of_words[judge->check->of]);
}

static void look_at_counters(struct kt_judge *judge, const struct kt_run_probe_run *run,
			     const struct kt_snapshot *snapshot, const struct kt_place *place)
{
	struct kt_place here = *place;
	const struct kt_thread *thread;
	uint32_t tid = wanted_tid(judge->check, run);

	if (judge->check->thread == KT_CHECK_ALL_THREADS) {
		for (size_t i = 0; i < snapshot->thread_count; i++)
			look_at_one_counter(judge, &snapshot->threads[i], place);
		if (!snapshot->thread_count)
			kt_judge_unknown(judge, place, "the snapshot has no threads");
		return;
	}
	here.tid = KT_KNOWN(tid);
	if (kt_snapshot_find_thread(snapshot, tid, &thread) == KT_THREAD_ABSENT)
		kt_judge_unknown(judge, &here, "thread %" PRIu32 " is not in the snapshot", tid);
	else
		look_at_one_counter(judge, thread, place);
}

void kt_evaluate_counter(struct kt_judge *judge)
{
	each_snapshot(judge, look_at_counters);
}

/* ---- monotone: each snapshot against the one before ---- */

struct series_value {
	bool known;
	uint64_t value;
	struct kt_opt_u64 start_time_jiffies; /* who the thread is */
};

static struct series_value series_value_at(struct kt_judge *judge,
					   const struct kt_run_probe_run *run, size_t index,
					   struct kt_place *place)
{
	const struct kt_snapshot *snapshot = &run->snapshots[index].snapshot;
	const struct kt_thread *thread;
	uint32_t tid = wanted_tid(judge->check, run);

	if (judge->check->of == KT_OF_TIMESTAMP)
		return (struct series_value){ .known = true,
					      .value = snapshot->timestamp_unix_sec };
	if (judge->check->of == KT_OF_ELAPSED)
		return (struct series_value){ .known = true,
					      .value = snapshot->elapsed_since_start_ns };
	place->tid = KT_KNOWN(tid);
	if (kt_snapshot_find_thread(snapshot, tid, &thread) == KT_THREAD_ABSENT) {
		kt_judge_unknown(judge, place, "thread %" PRIu32 " is not in the snapshot", tid);
		return (struct series_value){ 0 };
	}
	const struct kt_opt_u64 *counter = counter_of(thread, judge->check->of);
	if (!counter->known)
		kt_judge_unknown(judge, place, "thread %" PRIu32 " has no %s%s%s", tid,
				 kt_check_of_words[judge->check->of], thread->error ? ": " : "",
				 thread->error ? thread->error : "");
	return (struct series_value){
		.known = counter->known,
		.value = counter->value,
		.start_time_jiffies = thread->start_time_jiffies,
	};
}

static bool same_thread(const struct series_value *before, const struct series_value *now)
{
	return !before->start_time_jiffies.known || !now->start_time_jiffies.known ||
	       before->start_time_jiffies.value == now->start_time_jiffies.value;
}

static void look_at_step(struct kt_judge *judge, const struct series_value *before,
			 const struct series_value *now, const struct kt_place *place)
{
	const char *worst;

	if (!same_thread(before, now)) {
		kt_judge_unknown(judge, place, "its tid was reused by another thread");
		return;
	}
	if (now->value >= before->value) {
		kt_judge_observation(judge, true, now->value - before->value, NULL, place);
		return;
	}
	worst = kt_arena_printf(judge->arena, "%" PRIu64 " after %" PRIu64, now->value,
				before->value);
	judge->no_memory = judge->no_memory || !worst;
	kt_judge_observation(judge, false, before->value - now->value, worst, place);
}

static void look_at_series(struct kt_judge *judge, const struct kt_run_probe_run *run, size_t index)
{
	struct series_value before = { 0 };

	for (size_t i = 0; i < count_snapshots(judge, run); i++) {
		struct kt_place place = place_of_snapshot(index, i);
		struct series_value now = series_value_at(judge, run, i, &place);

		if (before.known && now.known)
			look_at_step(judge, &before, &now, &place);
		before = now;
	}
}

void kt_evaluate_monotone(struct kt_judge *judge)
{
	for (size_t i = 0; i < judge->probe->run_count; i++) {
		const struct kt_run_probe_run *run = &judge->probe->runs[i];
		struct kt_place place = place_of_run(i);

		size_t count = count_snapshots(judge, run);

		if (run->ended && !count)
			explain_no_snapshot(judge, run, i);
		else if (run->ended && count < 2)
			kt_judge_unknown(judge, &place, "one snapshot says nothing about order");
		look_at_series(judge, run, i);
	}
	if (judge->holds && !judge->violated) {
		judge->worst = NULL;
		judge->place = (struct kt_place){ 0 };
	}
}

/* ---- started_before_first_snapshot ---- */

static void look_at_start(struct kt_judge *judge, const struct kt_run_probe_run *run, size_t index)
{
	struct kt_place place = place_of_snapshot(index, 0);
	const char *worst;

	if (!count_snapshots(judge, run)) {
		explain_no_snapshot(judge, run, index);
		return;
	}
	if (!run->end.started_at_unix_sec.known) {
		kt_judge_unknown(judge, &place, "started_at_unix_sec is not known");
		return;
	}
	uint64_t started = run->end.started_at_unix_sec.value;
	uint64_t first = run->snapshots[0].snapshot.timestamp_unix_sec;
	worst = kt_arena_printf(judge->arena, "started %" PRIu64 ", first snapshot %" PRIu64,
				started, first);
	judge->no_memory = judge->no_memory || !worst;
	kt_judge_observation(judge, started <= first,
			     started <= first ? first - started : started - first, worst, &place);
}

void kt_evaluate_started_before(struct kt_judge *judge)
{
	each_ended_run(judge, look_at_start);
}

/* ---- failed_threads: over all runs together ---- */

void kt_evaluate_failed_threads(struct kt_judge *judge)
{
	size_t failed_runs = 0;
	size_t ended_runs = 0;
	uint64_t total = 0;
	struct kt_place place = { 0 };

	for (size_t r = 0; r < judge->probe->run_count; r++) {
		const struct kt_run_probe_run *run = &judge->probe->runs[r];
		size_t count = count_snapshots(judge, run);
		uint64_t failed = 0;

		for (size_t i = 0; i < count; i++) {
			size_t here = kt_snapshot_failed_count(&run->snapshots[i].snapshot);

			if (here)
				place = place_of_snapshot(r, i);
			failed += here;
		}
		if (run->ended && !count)
			explain_no_snapshot(judge, run, r);
		failed_runs += failed > 0;
		ended_runs += run->ended;
		total += failed;
	}
	if (ended_runs || total)
		kt_judge_value(judge, total, &place);
	kt_judge_detail(judge, "%" PRIu64 " threads could not be read, in %zu of %zu runs", total,
			failed_runs, ended_runs);
}
