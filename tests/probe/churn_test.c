/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads of a jemalloc program that are born and die by the thousand, read by each engine.
 * Every single value is looked up in the program's own log: the thread must have lived at that
 * time, and must have had that value.
 */
#include "tests/unit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "probe/read/engine.h"
#include "probe/resolve/layout.h"
#include "probe/sample.h"
#include "probe/target.h"
#include "tests/probe/churn_log.h"
#include "tests/probe/harness.h"

enum {
	MAKERS = 8,
	RESIDENTS = 12,
	SAMPLES = 200 * 1000,
	SAMPLES_LIGHT = 50 * 1000,
	BIRTHS_LEAST = 5000,
	DEADLINE_S = 240
};

/* A value that was read, and the sweep it was read in. */
struct sample {
	pid_t tid;
	uint64_t begin_ns;
	uint64_t end_ns;
	uint64_t allocated;
	uint64_t deallocated;
};

struct churn {
	char log_path[64];
	struct churn_log *log;
	struct target process;
	struct kt_target target;
	struct kt_layout layout;
	struct sample *samples;
	size_t sample_count;
	size_t sample_cap;
	size_t gone_count; /* rows of threads that ended while they were read */
	size_t stop_count;
	/* Entries of the log by tid, then by birth. */
	const struct churn_entry **by_tid;
	size_t entry_count;
};

static size_t sample_thread_pointers(void *ctx, uint64_t *ret, size_t max)
{
	uint64_t stop_count = 0;

	return kt_sample_thread_pointers(ctx, ret, max, &stop_count);
}

static void resolve(struct churn *churn)
{
	enum kt_fatal fatal;
	enum kt_resolve_failure failure;

	churn->target = KT_TARGET_INIT;
	KT_OK(kt_target_open(churn->process.pid, &churn->target, &fatal));
	struct kt_resolve_request request = {
		.proc_fd = churn->target.proc_fd,
		.exe_path = churn->target.exe_path,
		.memory = kt_memory_of_process(churn->process.pid),
		.sample = sample_thread_pointers,
		.sample_ctx = &churn->target,
	};
	KT_OK(kt_layout_resolve(&request, &churn->layout, &failure));
}

static void start(struct churn *churn)
{
	char makers[8];
	char residents[8];
	const char *const argv[] = { KT_CHURN_TARGET, churn->log_path, makers, residents, NULL };

	*churn = (struct churn){ .sample_cap = getenv("KTSTR_TEST_LIGHT") ? SAMPLES_LIGHT
									  : SAMPLES };
	(void)snprintf(makers, sizeof(makers), "%d", MAKERS);
	(void)snprintf(residents, sizeof(residents), "%d", RESIDENTS);
	strcpy(churn->log_path, "/tmp/kt-churn-test.XXXXXX");
	kt_autoclose int fd = mkstemp(churn->log_path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, sizeof(*churn->log)), 0);
	churn->log = mmap(NULL, sizeof(*churn->log), PROT_READ, MAP_SHARED, fd, 0);
	ck_assert(churn->log != MAP_FAILED);
	target_start_command(&churn->process, argv);
	ck_assert_int_eq(unlink(churn->log_path), 0);
	churn->samples = calloc(churn->sample_cap, sizeof(*churn->samples));
	ck_assert_ptr_nonnull(churn->samples);
	resolve(churn);
}

static bool is_logged(const struct churn *churn, pid_t tid)
{
	if (tid == churn->process.pid)
		return false;
	for (size_t i = 0; i < MAKERS; i++)
		if (tid == churn->log->makers[i])
			return false;
	return true;
}

static void keep_sample(struct churn *churn, const struct kt_row *row, uint64_t begin_ns,
			uint64_t end_ns)
{
	if (churn->sample_count == churn->sample_cap)
		return;
	churn->samples[churn->sample_count++] = (struct sample){
		.tid = row->tid,
		.begin_ns = begin_ns,
		.end_ns = end_ns,
		.allocated = row->allocated_bytes,
		.deallocated = row->deallocated_bytes,
	};
}

/* Takes one sweep.  A thread without a value must have ended, and nobody is stopped. */
static void sweep_once(struct churn *churn, const struct kt_read_engine *engine, void *state,
		       struct kt_sweep *sweep)
{
	uint64_t begin_ns = kt_clock_mono_ns();
	size_t resident_count = 0;

	kt_sweep_reset(sweep);
	KT_OK(engine->sweep(state, sweep));
	uint64_t end_ns = kt_clock_mono_ns();
	for (size_t i = 0; i < sweep->count; i++) {
		const struct kt_row *row = &sweep->rows[i];
		if (row->state != KT_ROW_OK) {
			churn->gone_count++;
			continue;
		}
		for (size_t r = 0; r < RESIDENTS; r++)
			resident_count += churn->log->entries[r].tid == row->tid;
		if (is_logged(churn, row->tid))
			keep_sample(churn, row, begin_ns, end_ns);
	}
	ck_assert_uint_eq(resident_count, RESIDENTS);
	churn->stop_count += sweep->stop_count;
}

static void take_samples(struct churn *churn, const struct kt_read_engine *engine)
{
	uint64_t deadline_ns = kt_clock_mono_ns() + DEADLINE_S * KT_NS_PER_SEC;
	volatile sig_atomic_t stop = 0;
	struct kt_sweep sweep = { 0 };
	struct kt_read_config config = {
		.pid = churn->process.pid,
		.task_fd = churn->target.task_fd,
		.is_same_pid_ns = churn->target.is_same_pid_ns,
		.is_repeated = true,
		.place = churn->layout.place,
		.allocated_offset = churn->layout.facts.allocated,
		.stop = &stop,
	};
	void *state;

	KT_OK(engine->create(&config, &state));
	while (churn->sample_count < churn->sample_cap ||
	       atomic_load(&churn->log->entry_count) < BIRTHS_LEAST) {
		ck_assert_uint_lt(kt_clock_mono_ns(), deadline_ns);
		sweep_once(churn, engine, state, &sweep);
	}
	engine->destroy(state);
	kt_sweep_deinit(&sweep);
}

/* The target ends its threads in order, so that the log is complete. */
static void let_end(struct churn *churn)
{
	char byte;

	(void)close(churn->process.in);
	churn->process.in = -1;
	ck_assert_int_eq(read(churn->process.out, &byte, 1), 0);
}

static int compare_entries(const void *left, const void *right)
{
	const struct churn_entry *a = *(const struct churn_entry *const *)left;
	const struct churn_entry *b = *(const struct churn_entry *const *)right;

	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	return a->birth_ns < b->birth_ns ? -1 : a->birth_ns > b->birth_ns;
}

static void sort_log(struct churn *churn)
{
	churn->entry_count = atomic_load(&churn->log->entry_count);
	ck_assert_uint_lt(churn->entry_count, CHURN_ENTRIES_MAX);
	churn->by_tid = calloc(churn->entry_count, sizeof(*churn->by_tid));
	ck_assert_ptr_nonnull(churn->by_tid);
	for (size_t i = 0; i < churn->entry_count; i++)
		churn->by_tid[i] = &churn->log->entries[i];
	qsort(churn->by_tid, churn->entry_count, sizeof(*churn->by_tid), compare_entries);
}

/*
 * Whether a counter may have been @value at some time of the sweep.  The value before a step is
 * possible until the step is over, the one after it from the step's begin on.
 */
static bool could_have(const struct churn_entry *entry, const struct sample *sample, uint64_t value,
		       bool is_deallocated)
{
	uint64_t from_ns = entry->birth_ns;
	uint64_t now = 0;

	for (size_t i = 0; i <= entry->step_count; i++) {
		bool is_last = i == entry->step_count;
		uint64_t to_ns = is_last ? entry->end_ns : entry->steps[i].end_ns;
		if (value == now && from_ns <= sample->end_ns &&
		    (!to_ns || to_ns >= sample->begin_ns))
			return true;
		if (is_last)
			break;
		from_ns = entry->steps[i].begin_ns;
		now = is_deallocated ? entry->steps[i].deallocated : entry->steps[i].allocated;
	}
	return false;
}

static bool is_true(const struct churn *churn, const struct sample *sample)
{
	size_t low = 0;
	size_t high = churn->entry_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (churn->by_tid[middle]->tid < sample->tid)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < churn->entry_count && churn->by_tid[low]->tid == sample->tid; low++)
		if (could_have(churn->by_tid[low], sample, sample->allocated, false) &&
		    could_have(churn->by_tid[low], sample, sample->deallocated, true))
			return true;
	return false;
}

/* What is known of a value that cannot be: the thread's life around the sweep. */
static void tell_wrong(const struct churn *churn, const struct sample *sample)
{
	printf("# wrong: thread %d has %" PRIu64 " %" PRIu64 " in a sweep of %" PRIu64 " ns\n",
	       sample->tid, sample->allocated, sample->deallocated,
	       sample->end_ns - sample->begin_ns);
	for (size_t i = 0; i < churn->entry_count; i++) {
		const struct churn_entry *entry = churn->by_tid[i];
		if (entry->tid != sample->tid)
			continue;
		printf("# made at %" PRIi64 " ns from the sweep's begin, gone at %" PRIi64 "\n",
		       (int64_t)(entry->birth_ns - sample->begin_ns),
		       (int64_t)(entry->end_ns - sample->begin_ns));
		for (size_t s = 0; s < entry->step_count; s++)
			printf("# step from %" PRIi64 " to %" PRIi64 ": %" PRIu64 " %" PRIu64 "\n",
			       (int64_t)(entry->steps[s].begin_ns - sample->begin_ns),
			       (int64_t)(entry->steps[s].end_ns - sample->begin_ns),
			       entry->steps[s].allocated, entry->steps[s].deallocated);
	}
}

static void check_samples(const struct churn *churn)
{
	size_t short_lived_count = 0;
	size_t wrong_count = 0;

	for (size_t i = 0; i < churn->sample_count; i++) {
		const struct sample *sample = &churn->samples[i];
		bool is_resident = false;
		for (size_t r = 0; r < RESIDENTS; r++)
			is_resident |= churn->log->entries[r].tid == sample->tid;
		short_lived_count += !is_resident;
		if (is_true(churn, sample))
			continue;
		if (wrong_count++ < 3)
			tell_wrong(churn, sample);
	}
	printf("# %zu samples, %zu of short-lived threads, %zu births, %zu gone while read, "
	       "%zu stops, %zu wrong\n",
	       churn->sample_count, short_lived_count, churn->entry_count, churn->gone_count,
	       churn->stop_count, wrong_count);
	(void)fflush(stdout);
	ck_assert_uint_eq(wrong_count, 0);
	ck_assert_uint_gt(short_lived_count, churn->sample_count / 100);
}

static void run(const struct kt_read_engine *engine)
{
	struct churn churn;

	start(&churn);
	take_samples(&churn, engine);
	let_end(&churn);
	sort_log(&churn);
	check_samples(&churn);
	ck_assert_uint_eq(churn.stop_count, 0);
	kt_layout_deinit(&churn.layout);
	kt_target_deinit(&churn.target);
	free(churn.samples);
	free(churn.by_tid);
	(void)munmap(churn.log, sizeof(*churn.log));
	target_stop(&churn.process);
}

START_TEST(readv)
{
	run(&kt_readv_engine);
}
END_TEST

START_TEST(bpf)
{
	if (can_use_bpf())
		run(&kt_bpf_engine);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("churn");
	TCase *tests = tcase_create("churn");

	tcase_set_timeout(tests, 300);
	tcase_add_test(tests, readv);
	tcase_add_test(tests, bpf);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
