/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <string.h>

#include "engine/session.h"

static const char scenario_text[] =
	"{ \"schema\": 1, \"name\": \"s\", \"probes\": [ { \"name\": \"p\", \"pid\": 7 } ],\n"
	"\"checks\": [ { \"exit_code\": { \"probe\": \"p\", \"equals\": 0 } } ] }";

struct log {
	struct kt_buf text;
	int fail_at; /* the sink refuses this event, counted from 1; 0: none */
	int count;
};

static struct kt_error *sink(void *ctx, const struct kt_run *run, const struct kt_event *event)
{
	struct log *log = ctx;

	(void)run;
	if (++log->count == log->fail_at)
		return kt_error_create(KT_ERROR_IO, 0, "sink is full");
	kt_buf_printf(&log->text, "%s", kt_event_type_name(event->type));
	if (event->type == KT_EVENT_CHECK)
		kt_buf_printf(&log->text, "=%s", kt_verdict_name(event->check.verdict));
	kt_buf_putc(&log->text, ' ');
	return NULL;
}

static void emit_all(struct kt_session *session, const struct kt_scenario *scenario)
{
	struct kt_check_title title;
	const char *const names[] = { "s" };

	kt_checks_titles(scenario, &title);
	struct kt_event events[] = {
		{ .type = KT_EVENT_RUN_START,
		  .run_start = { .tool_version = "1",
				 .jobs = 1,
				 .scenarios = names,
				 .scenario_count = 1 } },
		{ .type = KT_EVENT_SCENARIO_START,
		  .scenario = "s",
		  .scenario_start = { .file = "f",
				      .topology = "1n1l1c1t",
				      .checks = &title,
				      .check_count = 1 } },
		{ .type = KT_EVENT_PROBE_START, .scenario = "s", .probe_start = { .probe = "p" } },
		{ .type = KT_EVENT_PROBE_END,
		  .scenario = "s",
		  .probe_end = { .probe = "p", .exit_code = { true, 0 } } },
	};
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		kt_session_emit(session, &events[i]);
}

static void run_session(struct log *log, struct kt_session *session, bool judge,
			struct kt_scenario_set *set)
{
	struct kt_scenario *scenario;

	KT_OK(kt_scenario_parse(scenario_text, strlen(scenario_text), "f", &scenario));
	set->scenarios = calloc(1, sizeof(*set->scenarios));
	set->scenarios[0] = scenario;
	set->count = 1;
	kt_session_init(session, set, sink, log);
	emit_all(session, scenario);
	if (judge)
		kt_session_judge(session, scenario);
}

START_TEST(a_verdict_follows_its_cause)
{
	struct log log = { 0 };
	struct kt_session session;
	kt_autoscenarioset struct kt_scenario_set set = KT_SCENARIO_SET_INIT;

	run_session(&log, &session, true, &set);
	ck_assert_ptr_null(session.error);
	ck_assert_str_eq(kt_buf_text(&log.text),
			 "run_start scenario_start probe_start probe_end check=pass ");
	ck_assert_int_eq(kt_checks_result(kt_run_find_scenario(&session.run, "s")), KT_RESULT_PASS);
	kt_session_deinit(&session);
	kt_buf_deinit(&log.text);
}
END_TEST

START_TEST(the_first_error_stays)
{
	struct log log = { .fail_at = 3 };
	struct kt_session session;
	kt_autoscenarioset struct kt_scenario_set set = KT_SCENARIO_SET_INIT;

	run_session(&log, &session, true, &set);
	ck_assert_ptr_nonnull(session.error);
	ck_assert(strstr(kt_error_message(session.error), "sink is full"));
	ck_assert_int_eq(log.count, 3);
	ck_assert_str_eq(kt_buf_text(&log.text), "run_start scenario_start ");
	kt_session_deinit(&session);
	kt_buf_deinit(&log.text);
}
END_TEST

START_TEST(what_the_model_refuses_is_an_error)
{
	struct log log = { 0 };
	struct kt_session session;
	struct kt_scenario_set set = KT_SCENARIO_SET_INIT;
	struct kt_event lost = { .type = KT_EVENT_PROBE_END,
				 .scenario = "s",
				 .probe_end = { .probe = "never started" } };

	kt_session_init(&session, &set, sink, &log);
	kt_session_emit(&session, &lost);
	ck_assert_ptr_nonnull(session.error);
	ck_assert_int_eq(log.count, 0);
	kt_session_deinit(&session);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("session");
	TCase *tests = tcase_create("session");

	tcase_add_test(tests, a_verdict_follows_its_cause);
	tcase_add_test(tests, the_first_error_stays);
	tcase_add_test(tests, what_the_model_refuses_is_an_error);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
