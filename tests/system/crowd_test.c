/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many guests: what each cost, in which order they run, and what becomes of those that wait when a run
 * is cancelled.
 */
#include "tests/unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
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

	top_run_start(&run, &(struct top_run_options){ .arguments = { "-bc", "-f", "json",
								      "--no-template",
								      "nonexistent-pid" } });
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

/* ---- who waits ---- */

static char dir[64];

static void enter(void)
{
	strcpy(dir, "/tmp/kt-crowd-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void leave(void)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/qemu", dir);
	(void)unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

/* A stand-in for QEMU that does @script: KTSTR_QEMU=... */
static const char *put_qemu(const char *script)
{
	static char variable[160];
	char path[128];
	char text[512];

	(void)snprintf(path, sizeof(path), "%s/qemu", dir);
	(void)snprintf(
		text, sizeof(text),
		"#!/bin/sh\n[ \"$1\" != --version ] || { echo 'QEMU emulator version 7.2.0'; "
		"exit; }\n%s\n",
		script);
	KT_OK(kt_file_replace(path, text, strlen(text), 0700));
	(void)snprintf(variable, sizeof(variable), "KTSTR_QEMU=%s", path);
	return variable;
}

static size_t count_started(const struct kt_run *model)
{
	size_t count = 0;

	for (size_t i = 0; i < model->scenario_count; i++)
		count += model->scenarios[i]->started;
	return count;
}

START_TEST(everybody_who_waits_is_told_of_a_signal)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	static const char *const moments[] = { "\"event\":\"run_start\"", "\"state\":\"kernel\"",
					       "\"event\":\"probe_start\"" };
	struct top_run run;
	struct kt_run model;

	top_run_start(&run, &(struct top_run_options){
				    .arguments = { "-bc", "-f", "json", "--jobs", "2", "--repeat",
						   "200", "thread-churn", "known-allocation" } });
	top_run_wait_for(&run, moments[_i]);
	top_run_signal(&run, signals[_i]);
	ck_assert_int_eq(top_run_end(&run), 128 + signals[_i]);
	top_run_expect_nothing_left(&run);
	read_model(&run, &model);
	ck_assert(model.ended);
	ck_assert_uint_eq(model.scenario_count, 400);
	ck_assert_uint_eq(kt_run_count_results(&model, KT_RESULT_CANCELLED), 400);
	ck_assert_uint_eq(model.end.cancelled, 400);
	ck_assert_uint_eq(model.end.exit_code, 128 + signals[_i]);
	ck_assert_uint_le(count_started(&model), 2);
	for (size_t i = 0; i < model.scenario_count; i++)
		ck_assert(strstr(model.scenarios[i]->end.reason, "ended by SIG"));
	kt_run_deinit(&model);
	top_run_deinit(&run);
}
END_TEST

/* Those who wait need not wait for the guests that still run. */
START_TEST(who_waits_is_told_before_the_guests_are_gone)
{
	struct top_run run;
	char *last;

	top_run_start(&run, &(struct top_run_options){ .arguments = { "-bc", "-f", "json", "--jobs",
								      "2", "--repeat", "50",
								      "nonexistent-pid" },
						       .variable = put_qemu("exec sleep 1000") });
	top_run_wait_for(&run, "\"state\":\"starting\"");
	top_run_signal(&run, SIGINT);
	ck_assert_int_eq(top_run_end(&run), 128 + SIGINT);
	last = strstr(run.out.data, "\"state\":\"failed\"");
	ck_assert_ptr_nonnull(last);
	*last = '\0';
	size_t count = 0;
	for (const char *at = run.out.data; (at = strstr(at, "\"event\":\"scenario_end\"")); at++)
		count++;
	ck_assert_uint_ge(count, 48);
	top_run_expect_nothing_left(&run);
	top_run_deinit(&run);
}
END_TEST

START_TEST(fail_fast_cancels_who_waits)
{
	struct top_run run;
	struct kt_run model;

	top_run_start(&run, &(struct top_run_options){ .arguments = { "-bcx", "-f", "json",
								      "--jobs", "1", "--repeat",
								      "100", "nonexistent-pid" },
						       .variable = put_qemu("exit 1") });
	ck_assert_int_eq(top_run_end(&run), 3);
	top_run_expect_nothing_left(&run);
	read_model(&run, &model);
	ck_assert_uint_eq(model.end.errors, 1);
	ck_assert_uint_eq(model.end.cancelled, 99);
	ck_assert_uint_eq(count_started(&model), 1);
	const struct kt_run_scenario *last = kt_run_find_scenario(&model, "nonexistent-pid#100");
	ck_assert(last && strstr(last->end.reason, "--fail-fast"));
	kt_run_deinit(&model);
	top_run_deinit(&run);
}
END_TEST

/* The order of what was asked for is kept in what announces it, not in what happens. */
START_TEST(the_longest_begins_first)
{
	static const char *const orders[2][4] = {
		{ "thread-churn#1", "thread-churn#2", "nonexistent-pid#1", "nonexistent-pid#2" },
		/* One of each kind has the template made. */
		{ "thread-churn#1", "nonexistent-pid#1", "thread-churn#2", "nonexistent-pid#2" },
	};
	struct top_run run;
	struct kt_run model;

	top_run_start(&run, &(struct top_run_options){
				    .arguments = { "-bc", "-f", "json", "--jobs", "1", "--repeat",
						   "2", "nonexistent-pid", "thread-churn",
						   _i ? NULL : "--no-template" },
				    .variable = put_qemu("exit 1") });
	ck_assert_int_eq(top_run_end(&run), 3);
	read_model(&run, &model);
	ck_assert_uint_eq(model.scenario_count, 4);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_str_eq(model.scenarios[i]->name, orders[_i][i]);
		ck_assert_str_eq(model.start.scenarios[i], orders[0][(i + 2) % 4]);
	}
	kt_run_deinit(&model);
	top_run_deinit(&run);
}
END_TEST

/* A hundred come and go: nothing of them is left open, or they would end for want of descriptors. */
START_TEST(a_crowd_leaves_nothing_open)
{
	struct top_run run;

	top_run_start(&run,
		      &(struct top_run_options){ .arguments = { "-bc", "--jobs", "8", "--repeat",
								"500", "nonexistent-pid" },
						 .variable = put_qemu("exit 1") });
	ck_assert_int_eq(top_run_end(&run), 3);
	ck_assert(
		strstr(kt_buf_text(&run.out), "500 scenarios: 0 passed, 500 could not be judged"));
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
	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_loop_test(tests, everybody_who_waits_is_told_of_a_signal, 0, 3);
	tcase_add_test(tests, who_waits_is_told_before_the_guests_are_gone);
	tcase_add_test(tests, fail_fast_cancels_who_waits);
	tcase_add_loop_test(tests, the_longest_begins_first, 0, 2);
	tcase_add_test(tests, a_crowd_leaves_nothing_open);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
