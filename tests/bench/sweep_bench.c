/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a sweep costs once an engine knows the threads, beside one bare batched read of the
 * same counters: both in turn, in one process, on one parked target.
 *
 * sweep_bench [THREADS...] (default 1 100 1000 10000) prints medians in milliseconds: hot, and with
 * 50 ms between the rounds.  The target's path comes from the build: KT_TARGET.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/error.h"
#include "probe/read/batch.h"
#include "probe/read/engine.h"
#include "probe/read/robust.h"
#include "tests/bench/bench.h"

enum {
	ROUNDS = 31,
	COLD_MS = 50,
	COUNTER_BYTES = 24,
};

/* What is measured: an engine with what it is asked for, or the bare reads. */
struct contender {
	const char *name;
	const struct kt_read_engine *engine; /* NULL: the bare reads */
	uint32_t extras;
	void *state;
	struct kt_sweep sweep;
	struct bench_series series;
};

static struct contender contenders[] = {
	{ .name = "bare" },
	{ .name = "readv", .engine = &kt_readv_engine },
	{ .name = "readv+cpu,sched",
	  .engine = &kt_readv_engine,
	  .extras = KT_EXTRA_CPU | KT_EXTRA_SCHED },
	{ .name = "bpf", .engine = &kt_bpf_engine },
	{ .name = "bpf+cpu,sched",
	  .engine = &kt_bpf_engine,
	  .extras = KT_EXTRA_CPU | KT_EXTRA_SCHED },
};

enum {
	CONTENDERS = sizeof(contenders) / sizeof(contenders[0])
};

/* The bare reads: the counters' addresses, in batches, and nothing else. */
static void read_bare(const struct bench_target *target)
{
	static char bytes[KT_BATCH_PIECES * COUNTER_BYTES];
	static struct iovec remote[KT_BATCH_PIECES];

	for (size_t at = 0; at < target->count; at += KT_BATCH_PIECES) {
		size_t left = target->count - at;
		size_t count = left < KT_BATCH_PIECES ? left : KT_BATCH_PIECES;
		for (size_t i = 0; i < count; i++)
			remote[i] = (struct iovec){
				(void *)(uintptr_t)target->addresses[at + i],
				COUNTER_BYTES,
			};
		struct iovec local = { bytes, count * COUNTER_BYTES };
		if (process_vm_readv(target->pid, &local, 1, remote, count, 0) !=
		    (ssize_t)(count * COUNTER_BYTES))
			abort();
	}
}

static void run_once(struct contender *contender, const struct bench_target *target)
{
	if (!contender->engine) {
		read_bare(target);
		return;
	}
	kt_sweep_reset(&contender->sweep);
	struct kt_error *err = contender->engine->sweep(contender->state, &contender->sweep);
	if (err || kt_sweep_ok_count(&contender->sweep) != target->count)
		bench_die(err ? kt_error_message(err) : "threads are missing");
}

static void create(struct contender *contender, struct kt_read_config config)
{
	contender->state = NULL;
	if (!contender->engine)
		return;
	config.extras = contender->extras;
	struct kt_error *err = contender->engine->create(&config, &contender->state);
	if (!err)
		return;
	(void)printf("%s: %s\n", contender->name, kt_error_message(err));
	kt_error_destroy(err);
}

static void time_once(struct contender *contender, const struct bench_target *target, int pause_ms)
{
	if (pause_ms)
		(void)poll(NULL, 0, pause_ms);
	double begin_ms = bench_now_ms();
	run_once(contender, target);
	bench_add(&contender->series, bench_now_ms() - begin_ms);
}

/* One contender and the bare reads in turn, without the others: they would cool the caches. */
static void run_pair(struct contender *contender, const struct bench_target *target,
		     const char *how, int pause_ms)
{
	struct contender *bare = &contenders[0];

	bare->series.count = 0;
	contender->series.count = 0;
	for (size_t round = 0; round < ROUNDS; round++) {
		time_once(bare, target, pause_ms);
		time_once(contender, target, pause_ms);
	}
	double bare_ms = bench_median(&bare->series);
	double ms = bench_median(&contender->series);
	(void)printf("%7zu %6s %-16s %9.3f %9.3f %7.2f\n", target->count, how, contender->name,
		     bare_ms, ms, ms / bare_ms);
	(void)fflush(stdout);
}

static struct kt_read_config configure(const struct bench_target *target,
				       const volatile sig_atomic_t *stop)
{
	char path[64];
	uint64_t tp;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", target->pid);
	int task_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* The main thread is the first that is listed, and the first that was published. */
	if (task_fd < 0 || kt_robust_sample(target->pid, task_fd, &tp, 1) != 1)
		bench_die("the target's threads");
	return (struct kt_read_config){
		.pid = target->pid,
		.task_fd = task_fd,
		.is_same_pid_ns = true,
		.is_repeated = true,
		.stop = stop,
		.place = {
			.access = KT_TLS_TP_OFFSET,
			.tp_offset = (int64_t)(target->addresses[0] - tp),
			.span_bytes = COUNTER_BYTES,
		},
	};
}

static void run(size_t threads)
{
	static struct bench_target target;
	volatile sig_atomic_t stop = 0;

	bench_target_open(&target, KT_TARGET, threads, "park");
	struct kt_read_config config = configure(&target, &stop);
	for (size_t i = 1; i < CONTENDERS; i++) {
		struct contender *contender = &contenders[i];
		create(contender, config);
		if (!contender->state)
			continue;
		run_once(contender, &target);
		run_pair(contender, &target, "hot", 0);
		run_pair(contender, &target, "50 ms", COLD_MS);
		contender->engine->destroy(contender->state);
		kt_sweep_deinit(&contender->sweep);
	}
	(void)close(config.task_fd);
	bench_target_close(&target);
}

int main(int argc, char **argv)
{
	static const size_t counts[] = { 1, 100, 1000, 10000 };

	(void)printf("%7s %6s %-16s %9s %9s %7s\n", "threads", "", "", "bare ms", "ms", "ratio");
	for (int i = 1; i < argc; i++)
		run(strtoul(argv[i], NULL, 10));
	for (size_t i = 0; argc < 2 && i < sizeof(counts) / sizeof(counts[0]); i++)
		run(counts[i]);
	return 0;
}
