/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engines, on a target that says what they must read: the same rows from each of them. */
#include "tests/unit.h"

#include <string.h>

#include "probe/read/robust.h"
#include "tests/probe/subject.h"

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
