/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/run/crowd.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/random.h"

void crowd_init(struct crowd *crowd, size_t count)
{
	*crowd = (struct crowd){
		.random = KT_RANDOM_SEED,
		.threads = calloc(count, sizeof(*crowd->threads)),
		.extras = calloc(count, sizeof(*crowd->extras)),
		.names = calloc(count, sizeof(*crowd->names)),
	};
	if (!crowd->threads || !crowd->extras || !crowd->names)
		abort();
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(crowd->names[i], sizeof(crowd->names[i]), "worker-%u",
			       (unsigned)i % 1000000);
		crowd->extras[i] = (struct kt_thread_extras){
			.state = "S",
			.cpu = KT_KNOWN(i % 64),
			.run_ns = KT_KNOWN(50000 + i),
			.run_delay_ns = KT_KNOWN(7000 + i),
			.voluntary_switches = KT_KNOWN(3),
			.involuntary_switches = KT_KNOWN(0),
		};
		crowd->threads[i] = (struct kt_thread){
			.tid = (uint32_t)(20000 + i),
			.comm = crowd->names[i],
			.start_time_jiffies = KT_KNOWN(8000000 + i / 10),
			.allocated_bytes = KT_KNOWN(40000000 + i * 1000),
			.deallocated_bytes = KT_KNOWN(30000000 + i * 1000),
			.extras = &crowd->extras[i],
		};
	}
	crowd->snapshot = (struct kt_snapshot){
		.timestamp_unix_sec = 1700000000,
		.threads = crowd->threads,
		.thread_count = count,
		.extras = &crowd->process,
	};
}

static void work(struct crowd *crowd, size_t i)
{
	struct kt_thread_extras *extras = &crowd->extras[i];
	uint64_t random = kt_random_next(&crowd->random);

	crowd->threads[i].allocated_bytes.value += random % 4000000;
	crowd->threads[i].deallocated_bytes.value += (random >> 8) % 4000000;
	extras->cpu.value = (random >> 16) % 64;
	extras->run_ns.value += (random >> 24) % 900000000;
	extras->run_delay_ns.value += (random >> 32) % 90000000;
	extras->voluntary_switches.value += (random >> 40) % 1000;
	extras->involuntary_switches.value += (random >> 48) % 100;
	extras->state = random & 1 ? "R" : "S";
}

void crowd_next(struct crowd *crowd)
{
	uint64_t random = kt_random_next(&crowd->random);

	crowd->snapshot.timestamp_unix_sec++;
	crowd->snapshot.elapsed_since_start_ns += 1000000000 + random % 100000;
	crowd->process.duration_ns = KT_KNOWN(300000 + random % 100000);
	crowd->process.read_calls = KT_KNOWN(crowd->snapshot.thread_count);
	crowd->process.stopped_threads = KT_KNOWN(0);
	crowd->process.rss_bytes = KT_KNOWN(900000000 + random % 4096);
	for (size_t i = 0; i < crowd->snapshot.thread_count / 10; i++)
		work(crowd, kt_random_next(&crowd->random) % crowd->snapshot.thread_count);
}

void crowd_deinit(struct crowd *crowd)
{
	free(crowd->threads);
	free(crowd->extras);
	free(crowd->names);
}
