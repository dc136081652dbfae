/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <sched.h>

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

START_TEST(a_quota_counts_in_whole_cpus)
{
	ck_assert_uint_eq(kt_jobs_cpus(4, UINT64_MAX), 4);
	ck_assert_uint_eq(kt_jobs_cpus(4, 4000), 4);
	ck_assert_uint_eq(kt_jobs_cpus(4, 3999), 3);
	ck_assert_uint_eq(kt_jobs_cpus(4, 100), 1);
	ck_assert_uint_eq(kt_jobs_cpus(4, 0), 1);
	ck_assert_uint_eq(kt_jobs_cpus(0, UINT64_MAX), 1);
	ck_assert_uint_eq(kt_jobs_cpus(0, 2000), 1);
}
END_TEST

START_TEST(this_machine_runs_at_least_one)
{
	cpu_set_t cpus;
	struct kt_jobs_host host = { 0 };

	kt_jobs_look(&host);
	ck_assert_uint_ge(host.cpu_count, 1);
	ck_assert_int_eq(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	ck_assert_uint_le(host.cpu_count, (unsigned)CPU_COUNT(&cpus));
	/* This test itself runs in some. */
	ck_assert_uint_ge(host.memory_bytes, 1 << 20);
	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
	kt_jobs_look(&host);
	ck_assert_uint_eq(host.cpu_count, 1);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("jobs");
	TCase *tests = tcase_create("jobs");

	tcase_add_test(tests, cores_and_memory_both_limit);
	tcase_add_test(tests, a_quota_counts_in_whole_cpus);
	tcase_add_test(tests, this_machine_runs_at_least_one);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
