/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include "engine/jobs.h"

#define GIB (1ULL << 30)

START_TEST(cores_and_memory_both_limit)
{
	ck_assert_uint_eq(kt_jobs_fit(8, 64 * GIB, 256), 8);
	ck_assert_uint_eq(kt_jobs_fit(8, 1 * GIB, 256), 2);
	ck_assert_uint_eq(kt_jobs_fit(8, 100, 256), 1);
	ck_assert_uint_eq(kt_jobs_fit(0, 64 * GIB, 256), 1);
	ck_assert_uint_eq(kt_jobs_fit(64, UINT64_MAX, UINT32_MAX), 64);
}
END_TEST

START_TEST(this_machine_runs_at_least_one)
{
	ck_assert_uint_ge(kt_jobs_auto(1), 1);
	ck_assert_uint_eq(kt_jobs_auto(UINT32_MAX), 1);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("jobs");
	TCase *tests = tcase_create("jobs");

	tcase_add_test(tests, cores_and_memory_both_limit);
	tcase_add_test(tests, this_machine_runs_at_least_one);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
