/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "run/run_state.h"

enum {
	/* What is read again at most for each snapshot that is beyond the limit. */
	THIN_ROWS = 4096,
	THIN_ROWS_PER_ROW = 4,
};

void kt_run_probe_deinit(struct kt_run_probe *probe)
{
	for (size_t i = 0; i < probe->run_count; i++) {
		struct kt_run_probe_run *run = &probe->runs[i];

		free(run->snapshots);
		kt_arena_deinit(&run->latest);
		kt_series_destroy(run->series);
	}
	free(probe->runs);
}

static struct kt_error *probe_add(struct kt_run_scenario *scenario, const char *name,
				  struct kt_run_probe **ret)
{
	struct kt_run_probe probe = { 0 };

	if (scenario->probe_count >= KT_RUN_MAX_PROBES)
		return kt_run_refuse("one probe too many", name);
	KT_TRY(KT_RUN_GROW(scenario, probes, probe_count, probe_cap));
	KT_TRY(kt_run_copy_name(&scenario->arena, name, &probe.name));
	scenario->probes[scenario->probe_count] = probe;
	*ret = &scenario->probes[scenario->probe_count++];
	return NULL;
}

struct kt_error *kt_run_apply_probe_start(struct kt_run *run, struct kt_run_scenario *scenario,
					  const struct kt_event *event)
{
	const struct kt_event_probe_start *start = &event->probe_start;
	struct kt_run_probe_run entry = {
		.target_pid = start->target_pid,
		.started_mono_ns = event->host_mono_ns,
	};
	struct kt_run_probe *probe =
		(struct kt_run_probe *)kt_run_find_probe(scenario, start->probe);

	(void)run;
	if (start->run != (probe ? probe->run_count : 0) || start->run >= KT_RUN_MAX_PROBE_RUNS)
		return kt_run_refuse("a run of a probe is out of order", start->probe);
	KT_TRY(kt_run_copy_payload(event, &scenario->arena, &entry.start));
	if (!probe)
		KT_TRY(probe_add(scenario, start->probe, &probe));
	KT_TRY(KT_RUN_GROW(probe, runs, run_count, run_cap));
	probe->runs[probe->run_count++] = entry;
	return NULL;
}

/* The run of a probe that an event is about; it must have started and not ended. */
static struct kt_error *find_open_run(struct kt_run_scenario *scenario, const char *name,
				      uint32_t run, struct kt_run_probe_run **ret)
{
	const struct kt_run_probe *probe = kt_run_find_probe(scenario, name);

	if (!probe || run >= probe->run_count)
		return kt_run_refuse("a run of a probe that did not start", name);
	if (probe->runs[run].ended)
		return kt_run_refuse("a run of a probe goes on after its end", name);
	*ret = &probe->runs[run];
	return NULL;
}

/* ---- series ---- */

/* The series with the most memory; NULL for none. */
static struct kt_series *largest_series(const struct kt_run *run)
{
	struct kt_series *largest = NULL;
	size_t most = 0;

	for (size_t s = 0; s < run->scenario_count; s++) {
		const struct kt_run_scenario *scenario = run->scenarios[s];

		for (size_t p = 0; p < scenario->probe_count; p++) {
			const struct kt_run_probe *probe = &scenario->probes[p];

			for (size_t r = 0; r < probe->run_count; r++) {
				struct kt_series *series = probe->runs[r].series;
				size_t bytes = series ? kt_series_stats(series).bytes : 0;

				if (bytes > most) {
					most = bytes;
					largest = series;
				}
			}
		}
	}
	return largest;
}

/*
 * Thins what is beyond the limit, some rows for each that @added_rows brought: more than it takes to make
 * room for them, and no more than nobody notices.  So the limit is exceeded by some frames at most.
 */
static void limit_series(struct kt_run *run, size_t added_rows)
{
	size_t limit = run->limits.series_bytes;
	size_t budget = THIN_ROWS + added_rows * THIN_ROWS_PER_ROW;

	while (run->series_bytes > limit && run->series_bytes > run->thin_again_bytes && budget) {
		struct kt_series *largest = largest_series(run);
		size_t before = largest ? kt_series_stats(largest).bytes : 0;

		if (!largest || !kt_series_thin_step(largest, &budget)) {
			/* Not again for every snapshot: looking for the largest takes time. */
			run->thin_again_bytes = run->series_bytes + limit / 16;
			return;
		}
		run->series_bytes += kt_series_stats(largest).bytes - before;
	}
}

static struct kt_error *append_to_series(struct kt_run *run, struct kt_run_probe_run *probe_run,
					 const struct kt_event *event)
{
	size_t before = 0;

	if (!run->limits.series_bytes)
		return NULL;
	if (probe_run->series)
		before = kt_series_stats(probe_run->series).bytes;
	else
		KT_TRY(kt_series_create(&probe_run->series));
	struct kt_error *err = kt_series_append(probe_run->series, event->host_mono_ns,
						event->snapshot.index, &event->snapshot.snapshot);
	run->series_bytes += kt_series_stats(probe_run->series).bytes - before;
	return err;
}

/* ---- snapshots ---- */

/* The copy of a snapshot takes the place of the one before, or stands behind it. */
static struct kt_error *keep_snapshot(struct kt_run *run, struct kt_run_scenario *scenario,
				      struct kt_run_probe_run *probe_run,
				      const struct kt_event *event)
{
	struct kt_run_snapshot entry = { .host_mono_ns = event->host_mono_ns };
	size_t kept_count = probe_run->snapshot_count - probe_run->kept_from;
	struct kt_arena latest = KT_ARENA_INIT;
	bool latest_only = run->limits.latest_only;

	if (!latest_only || !kept_count)
		KT_TRY(kt_run_grow(&probe_run->snapshots, &probe_run->snapshot_cap, kept_count,
				   sizeof(*probe_run->snapshots)));
	struct kt_error *err = kt_fields_copy(&kt_snapshot_record, &event->snapshot.snapshot,
					      latest_only ? &latest : &scenario->snapshots,
					      &entry.snapshot);
	if (!err)
		err = append_to_series(run, probe_run, event);
	if (err) {
		kt_arena_deinit(&latest);
		return err;
	}
	if (latest_only) {
		kt_arena_deinit(&probe_run->latest);
		probe_run->latest = latest;
		probe_run->kept_from = probe_run->snapshot_count;
		kept_count = 0;
	}
	probe_run->snapshots[kept_count] = entry;
	probe_run->snapshot_count++;
	return NULL;
}

struct kt_error *kt_run_apply_snapshot(struct kt_run *run, struct kt_run_scenario *scenario,
				       const struct kt_event *event)
{
	const struct kt_event_snapshot *snapshot = &event->snapshot;
	struct kt_run_probe_run *probe_run;

	KT_TRY(find_open_run(scenario, snapshot->probe, snapshot->run, &probe_run));
	if (snapshot->index != probe_run->snapshot_count ||
	    (!run->limits.latest_only && snapshot->index >= KT_RUN_MAX_SNAPSHOTS))
		return kt_run_refuse("a snapshot is out of order", snapshot->probe);
	KT_TRY(keep_snapshot(run, scenario, probe_run, event));
	limit_series(run, snapshot->snapshot.thread_count);
	return NULL;
}

struct kt_error *kt_run_apply_probe_end(struct kt_run *run, struct kt_run_scenario *scenario,
					const struct kt_event *event)
{
	struct kt_run_probe_run *probe_run;

	KT_TRY(find_open_run(scenario, event->probe_end.probe, event->probe_end.run, &probe_run));
	KT_TRY(kt_run_copy_payload(event, &scenario->arena, &probe_run->end));
	probe_run->ended = true;
	if (probe_run->series) {
		size_t before = kt_series_stats(probe_run->series).bytes;

		kt_series_finish(probe_run->series);
		run->series_bytes += kt_series_stats(probe_run->series).bytes - before;
	}
	return NULL;
}
