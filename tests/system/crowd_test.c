/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What guests cost is told, from the real thing. */
#include "tests/unit.h"

#include <signal.h>
#include <string.h>

#include "run/run.h"
#include "run/run_file.h"
#include "tests/system/top_run.h"

#define MIB (1ULL << 20)

static struct kt_error *take(void *ctx, const struct kt_event *event)
{
	return kt_run_apply(ctx, event);
}

/* Everything that the run printed, as a model. */
static void read_model(const struct top_run *run, struct kt_run *ret)
{
	struct kt_run_file_info info;

	*ret = KT_RUN_INIT;
	KT_OK(kt_run_file_read(kt_buf_text(&run->out), run->out.len, "stdout", take, ret, &info));
	ck_assert(!info.cut);
}

/* Values that only a process which ran a guest of 256 MiB can have, in units that are right. */
static void expect_usage(const struct kt_event_scenario_end *end)
{
	ck_assert(end->guest_cpu_ns.known);
	ck_assert_uint_gt(end->guest_cpu_ns.value, 1000000);
	ck_assert_uint_lt(end->guest_cpu_ns.value, 64 * end->duration_ns + 1000000000);
	ck_assert(end->guest_peak_rss_bytes.known);
	ck_assert_uint_gt(end->guest_peak_rss_bytes.value, 16 * MIB);
	ck_assert_uint_lt(end->guest_peak_rss_bytes.value, 4096 * MIB);
	ck_assert(end->guest_private_bytes.known);
	ck_assert_uint_gt(end->guest_private_bytes.value, MIB);
	ck_assert_uint_le(end->guest_private_bytes.value, end->guest_peak_rss_bytes.value);
}

START_TEST(a_guest_that_ends_well_says_what_it_cost)
{
	struct top_run run;
	struct kt_run model;

	top_run_start(&run, &(struct top_run_options){
				    .arguments = { "-bc", "-f", "json", "nonexistent-pid" } });
	ck_assert_int_eq(top_run_end(&run), 0);
	read_model(&run, &model);
	const struct kt_run_scenario *scenario = kt_run_find_scenario(&model, "nonexistent-pid");
	ck_assert(scenario && scenario->ended);
	expect_usage(&scenario->end);
	kt_run_deinit(&model);
	top_run_deinit(&run);
}
END_TEST

/* Cancelled or out of time: QEMU is there until we kill it, and is asked before. */
START_TEST(a_guest_that_is_ended_says_what_it_cost)
{
	struct top_run run;
	struct kt_run model;

	top_run_start(&run, &(struct top_run_options){
				    .arguments = { "-bc", "-f", "json", "nonexistent-pid" } });
	top_run_wait_for(&run, "\"state\":\"agent\"");
	top_run_signal(&run, 2);
	ck_assert_int_eq(top_run_end(&run), 128 + 2);
	read_model(&run, &model);
	const struct kt_run_scenario *scenario = kt_run_find_scenario(&model, "nonexistent-pid");
	ck_assert(scenario && scenario->ended);
	ck_assert_int_eq(scenario->end.verdict, KT_RESULT_CANCELLED);
	expect_usage(&scenario->end);
	kt_run_deinit(&model);
	top_run_deinit(&run);
}
END_TEST

/* Nobody is left to be asked: unknown, which is no 0. */
START_TEST(a_guest_that_was_killed_says_nothing)
{
	struct top_run run;

	top_run_start(&run, &(struct top_run_options){
				    .arguments = { "-bc", "-f", "json", "nonexistent-pid" } });
	top_run_wait_for(&run, "\"state\":\"kernel\"");
	pid_t qemu = top_run_find(&run, "qemu-system");
	ck_assert_int_gt(qemu, 0);
	ck_assert_int_eq(kill(qemu, 9), 0);
	ck_assert_int_eq(top_run_end(&run), 3);
	ck_assert(strstr(kt_buf_text(&run.out), "\"reason\":\"qemu-exit"));
	ck_assert(!strstr(kt_buf_text(&run.out), "\"guest_peak_rss_bytes\""));
	ck_assert(!strstr(kt_buf_text(&run.out), "\"guest_private_bytes\""));
	top_run_expect_nothing_left(&run);
	top_run_deinit(&run);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("crowd");
	TCase *tests = tcase_create("crowd");

	tcase_set_timeout(tests, 400);
	tcase_add_test(tests, a_guest_that_ends_well_says_what_it_cost);
	tcase_add_test(tests, a_guest_that_is_ended_says_what_it_cost);
	tcase_add_test(tests, a_guest_that_was_killed_says_nothing);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
