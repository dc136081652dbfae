/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/recording.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "run/event.h"
#include "tests/bench/bench.h"

enum {
	ACTIVE_EVERY = 10, /* one thread in so many allocates */
	FIRST_TID = 4711,
};

static void write_event(FILE *file, struct kt_event *event)
{
	struct kt_buf line = KT_BUF_INIT;

	kt_event_encode(event, &line);
	if (fwrite(line.data, 1, line.len, file) != line.len)
		bench_die("the recording");
	kt_buf_deinit(&line);
}

/* A thread as a probe tells of it with sched and cpu. */
static void make_thread(size_t index, uint64_t snapshot, struct kt_thread *thread,
			struct kt_thread_extras *extras)
{
	uint64_t worked = index % ACTIVE_EVERY ? 0 : snapshot * (100 + index);

	*extras = (struct kt_thread_extras){
		.state = worked ? "R" : "S",
		.cpu = KT_KNOWN(index % 2),
		.utime_ns = KT_KNOWN(worked / 100 * 10000000),
		.stime_ns = KT_KNOWN(0),
		.run_ns = KT_KNOWN(100000 + worked * 12345),
		.run_delay_ns = KT_KNOWN(20000 + worked * 777),
		.voluntary_switches = KT_KNOWN(1 + worked),
		.involuntary_switches = KT_KNOWN(worked / 3),
	};
	*thread = (struct kt_thread){
		.tid = FIRST_TID + (uint32_t)index,
		.comm = index % 7 ? "worker" : "io",
		.start_time_jiffies = KT_KNOWN(100000 + index),
		.allocated_bytes = KT_KNOWN(5424 + worked * 4096),
		.deallocated_bytes = KT_KNOWN(304 + worked * 4000),
		.extras = extras,
	};
}

static void write_snapshots(FILE *file, size_t count, size_t snapshots)
{
	struct kt_thread *threads = calloc(count, sizeof(*threads));
	struct kt_thread_extras *extras = calloc(count, sizeof(*extras));
	const struct kt_snapshot_extras how = { .duration_ns = KT_KNOWN(640000) };

	if (!threads || !extras)
		bench_die("memory");
	for (size_t at = 0; at < snapshots; at++) {
		for (size_t i = 0; i < count; i++)
			make_thread(i, at, &threads[i], &extras[i]);
		struct kt_event event = {
			.type = KT_EVENT_SNAPSHOT,
			.scenario = "target",
			.host_mono_ns = (at + 1) * KT_NS_PER_SEC,
			.snapshot = { .probe = "jemalloc",
				      .index = (uint32_t)at,
				      .target_pid = FIRST_TID,
				      .snapshot = { .timestamp_unix_sec = 1700000000 + at,
						    .elapsed_since_start_ns = at * KT_NS_PER_SEC,
						    .threads = threads,
						    .thread_count = count,
						    .extras = &how } },
		};
		write_event(file, &event);
	}
	free(threads);
	free(extras);
}

void bench_record(const char *path, size_t threads, size_t snapshots)
{
	static const char *const names[] = { "target" };
	struct kt_event start = {
		.type = KT_EVENT_RUN_START,
		.run_start = { .tool_version = PACKAGE_VERSION,
			       .started_at_unix_sec = 1700000000,
			       .jobs = 1,
			       .scenarios = names,
			       .scenario_count = 1 },
	};
	struct kt_event probe = {
		.type = KT_EVENT_PROBE_START,
		.scenario = "target",
		.probe_start = { .probe = "jemalloc", .target_pid = FIRST_TID },
	};
	FILE *file = fopen(path, "w");

	if (!file)
		bench_die(path);
	write_event(file, &start);
	write_event(file, &probe);
	write_snapshots(file, threads, snapshots);
	if (fclose(file))
		bench_die(path);
}
