/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engines, on a target that says what they must read: the same rows from each of them. */
#include "tests/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "probe/read/engine.h"
#include "probe/read/robust.h"
#include "tests/probe/harness.h"

/* A target, and what an engine is told of it. */
struct subject {
	struct target target;
	int task_fd;
	volatile sig_atomic_t stop;
	struct kt_read_config config;
};

static void subject_start(struct subject *subject, size_t threads, const char *mode)
{
	char path[64];
	uint64_t tp;

	*subject = (struct subject){ 0 };
	target_start(&subject->target, KT_TARGET, threads, mode);
	(void)snprintf(path, sizeof(path), "/proc/%d/task", subject->target.pid);
	subject->task_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(subject->task_fd, 0);
	/* The first thread that is listed is the main one, as is the first that was published. */
	ck_assert_uint_eq(kt_robust_sample(subject->target.pid, subject->task_fd, &tp, 1), 1);
	subject->config = (struct kt_read_config){
		.pid = subject->target.pid,
		.task_fd = subject->task_fd,
		.is_same_pid_ns = true,
		.stop = &subject->stop,
		.place = {
			.access = KT_TLS_TP_OFFSET,
			.tp_offset = (int64_t)(subject->target.truths[0].address - tp),
			.span_bytes = 24,
		},
	};
}

static void subject_stop(struct subject *subject)
{
	(void)close(subject->task_fd);
	target_stop(&subject->target);
}

static const struct truth *truth_of(const struct subject *subject, pid_t tid)
{
	for (size_t i = 0; i < subject->target.truth_count; i++)
		if (subject->target.truths[i].tid == tid)
			return &subject->target.truths[i];
	return NULL;
}

/* Fails unless the rows are the target's threads, all of them, exact to the byte. */
static void expect_truth(const struct subject *subject, const struct kt_sweep *sweep)
{
	ck_assert_uint_eq(sweep->count, subject->target.truth_count);
	for (size_t i = 0; i < sweep->count; i++) {
		const struct kt_row *row = &sweep->rows[i];
		const struct truth *truth = truth_of(subject, row->tid);
		ck_assert_ptr_nonnull(truth);
		ck_assert_int_eq(row->state, KT_ROW_OK);
		ck_assert_uint_eq(row->allocated_bytes, truth->allocated);
		ck_assert_uint_eq(row->deallocated_bytes, truth->deallocated);
		ck_assert(row->has_start_time);
		ck_assert_str_eq(row->comm, "target");
	}
}

/* One sweep by a new engine; the caller calls kt_sweep_deinit(). */
static void sweep_once(const struct kt_read_engine *engine, const struct subject *subject,
		       struct kt_sweep *sweep)
{
	void *state;

	KT_OK(engine->create(&subject->config, &state));
	KT_OK(engine->sweep(state, sweep));
	engine->destroy(state);
}

static void expect_same_rows(const struct kt_sweep *left, const struct kt_sweep *right)
{
	ck_assert_uint_eq(left->count, right->count);
	for (size_t i = 0; i < left->count; i++)
		ck_assert_mem_eq(&left->rows[i], &right->rows[i], sizeof(left->rows[i]));
}

static const size_t thread_counts[] = { 1, 7, 100, 700 };

START_TEST(same_rows_from_all)
{
	struct subject subject;
	struct kt_sweep readv = { 0 };
	struct kt_sweep ptrace = { 0 };

	subject_start(&subject, thread_counts[_i], "park");
	sweep_once(&kt_readv_engine, &subject, &readv);
	expect_not_stopped(subject.target.pid);
	ck_assert_uint_eq(readv.stop_count, 0);
	expect_truth(&subject, &readv);
	sweep_once(&kt_ptrace_engine, &subject, &ptrace);
	expect_not_stopped(subject.target.pid);
	ck_assert_uint_eq(ptrace.stop_count, subject.target.truth_count);
	ck_assert_uint_gt(ptrace.longest_stop_ns, 0);
	expect_truth(&subject, &ptrace);
	expect_same_rows(&readv, &ptrace);
	kt_sweep_deinit(&readv);
	kt_sweep_deinit(&ptrace);
	subject_stop(&subject);
}
END_TEST

/* A raw thread shares its creator's pointer: each engine leaves it out and says so. */
START_TEST(shared_pointer_counts_once)
{
	static const struct kt_read_engine *const engines[] = { &kt_readv_engine,
								&kt_ptrace_engine };
	struct subject subject;

	subject_start(&subject, 3, "raw");
	for (size_t i = 0; i < 2; i++) {
		struct kt_sweep sweep = { 0 };
		sweep_once(engines[i], &subject, &sweep);
		ck_assert_uint_eq(sweep.count, 4);
		ck_assert_uint_eq(kt_sweep_ok_count(&sweep), 3);
		ck_assert_int_eq(sweep.rows[3].state, KT_ROW_SKIPPED);
		ck_assert_str_eq(kt_row_skip_token(&sweep.rows[3]), "shared-thread-pointer");
		kt_sweep_deinit(&sweep);
	}
	subject_stop(&subject);
}
END_TEST

START_TEST(sampled_thread_pointers)
{
	struct subject subject;
	uint64_t tps[KT_ROBUST_SAMPLE_MAX];

	subject_start(&subject, 100, "park");
	size_t count = kt_robust_sample(subject.target.pid, subject.task_fd, tps, 50);
	ck_assert_uint_eq(count, 50);
	for (size_t i = 0; i < count; i++) {
		uint64_t address = tps[i] + (uint64_t)subject.config.place.tp_offset;
		bool is_known = false;
		for (size_t t = 0; t < subject.target.truth_count; t++)
			is_known |= subject.target.truths[t].address == address;
		ck_assert(is_known);
	}
	count = kt_robust_sample(subject.target.pid, subject.task_fd, tps, SIZE_MAX);
	ck_assert_uint_eq(count, 100);
	expect_not_stopped(subject.target.pid);
	subject_stop(&subject);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("engines");
	TCase *tests = tcase_create("engines");

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, same_rows_from_all, 0,
			    sizeof(thread_counts) / sizeof(thread_counts[0]));
	tcase_add_test(tests, shared_pointer_counts_once);
	tcase_add_test(tests, sampled_thread_pointers);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
