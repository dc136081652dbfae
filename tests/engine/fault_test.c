/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of faults: what they may say, and whom each one means. */
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

#include "engine/fault.h"

/* "kill ready 0, ...": what a guest of @scenario in @role is to suffer. */
static const char *selected(const char *text, const char *scenario, enum kt_fault_role role)
{
	static char said[256];
	struct kt_faults faults;
	struct kt_guest_strikes strikes = { 0 };

	KT_OK(kt_faults_parse(text, &faults));
	kt_faults_select(&faults, scenario, role, &strikes);
	said[0] = '\0';
	for (size_t i = 0; i < strikes.count; i++) {
		size_t len = strlen(said);

		(void)snprintf(said + len, sizeof(said) - len, "%s%s %s %u", i ? ", " : "",
			       kt_fault_kind_name(strikes.list[i].fault),
			       kt_guest_state_name(strikes.list[i].state),
			       strikes.list[i].deadline_ms);
	}
	return said;
}

START_TEST(whom_they_are_for)
{
	const char *list = "hang@kernel+1500,a-b:corrupt@done,starve@wake-agent+600000,"
			   "a-b:stop@template-starting";

	ck_assert_str_eq(selected("kill@ready", "any", KT_FAULT_BOOTED), "kill ready 0");
	ck_assert_str_eq(selected("kill@ready", "any", KT_FAULT_WOKEN), "kill ready 0");
	ck_assert_str_eq(selected("kill@ready", "any", KT_FAULT_TEMPLATE), "");
	ck_assert_str_eq(selected(list, "a-b", KT_FAULT_BOOTED),
			 "hang kernel 1500, corrupt done 0");
	ck_assert_str_eq(selected(list, "a-b", KT_FAULT_WOKEN),
			 "corrupt done 0, starve agent 600000");
	ck_assert_str_eq(selected(list, "a-b", KT_FAULT_TEMPLATE), "stop starting 0");
	/* A name is not its beginning, nor what begins with it. */
	ck_assert_str_eq(selected(list, "a", KT_FAULT_BOOTED), "hang kernel 1500");
	ck_assert_str_eq(selected(list, "a-bc", KT_FAULT_TEMPLATE), "");
}
END_TEST

#define FORM "use [SCENARIO:]KIND@PLACE[+MS]"

static const struct {
	const char *text;
	const char *part;
} refused[] = {
	{ "", FORM },
	{ "kill", FORM },
	{ "kill@ready,", FORM },
	{ ",kill@ready", FORM },
	{ ":kill@ready", FORM },
	{ "@ready", "'' is none of kill, stop, hang, panic, starve, corrupt" },
	{ "kil@ready", "'kil' is none of kill," },
	{ "killer@ready", "'killer' is none of kill," },
	{ "Kill@ready", "'Kill' is none of kill," },
	{ "kill@",
	  "'' is none of starting, kernel, agent, ready, probing, done, template-starting," },
	{ "kill@failed", "'failed' is none of starting," },
	{ "kill@new", "'new' is none of starting," },
	{ "kill@ready@done", "'ready@done' is none of starting," },
	{ "kill@ready+", "'+' is not in the range 1 to 600000 ms" },
	{ "kill@ready+0", "'+0' is not in the range" },
	{ "kill@ready+600001", "'+600001' is not in the range" },
	{ "kill@ready+-1", "'+-1' is not in the range" },
	{ "kill@ready+1s", "'+1s' is not in the range" },
	{ "kill@ready+1+2", "'+1+2' is not in the range" },
	{ "kill@ready+00000000000000001", "is not in the range" },
	{ "hang@starting", "hang@starting: no CPU runs while QEMU starts" },
	{ "kill@done,x:panic@starting", "panic@starting: no kernel runs while QEMU starts" },
	{ "kill@template-done", "'template-done' is none of starting," },
	{ "panic@wake-starting", "panic@wake-starting: no kernel runs while QEMU starts" },
	{ "starve@starting", "starve@starting: no agent speaks while QEMU starts" },
	{ "corrupt@starting+5", "corrupt@starting: no agent speaks while QEMU starts" },
};

START_TEST(what_is_none)
{
	struct kt_faults faults = { .count = 77 };

	KT_FAILS(kt_faults_parse(refused[_i].text, &faults), KT_ERROR_USAGE, refused[_i].part);
	ck_assert_uint_eq(faults.count, 77);
}
END_TEST

START_TEST(as_many_as_there_is_room_for)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct kt_faults faults;

	for (int i = 0; i < KT_FAULTS_MAX; i++)
		kt_buf_printf(&text, "%skill@done", i ? "," : "");
	KT_OK(kt_faults_parse(kt_buf_text(&text), &faults));
	ck_assert_uint_eq(faults.count, KT_FAULTS_MAX);
	kt_buf_puts(&text, ",kill@done");
	KT_FAILS(kt_faults_parse(kt_buf_text(&text), &faults), KT_ERROR_USAGE,
		 "more than 64 faults");
}
END_TEST

/* What the parser refuses is what the table refuses; all else is taken. */
START_TEST(the_table)
{
	for (const struct kt_fault_place *place = kt_fault_places; place->name; place++)
		for (int kind = 0; kind < KT_GUEST_FAULT_COUNT; kind++) {
			struct kt_faults faults;
			char text[64];

			(void)snprintf(text, sizeof(text), "%s@%s",
				       kt_fault_kind_name((enum kt_guest_fault)kind), place->name);
			if (place->refusals[kind]) {
				KT_FAILS(kt_faults_parse(text, &faults), KT_ERROR_USAGE,
					 place->refusals[kind]);
				continue;
			}
			KT_OK(kt_faults_parse(text, &faults));
			ck_assert_uint_eq(faults.count, 1);
			ck_assert_int_eq(faults.list[0].kind, (enum kt_guest_fault)kind);
			ck_assert_ptr_eq(faults.list[0].place, place);
		}
}
END_TEST

START_TEST(scenarios_are_there)
{
	struct kt_scenario one = { .name = "one" }, two = { .name = "two" };
	struct kt_scenario *scenarios[] = { &one, &two };
	struct kt_scenario_set set = { .scenarios = scenarios, .count = 2 };
	struct kt_faults faults;

	KT_OK(kt_faults_parse("one:kill@done,kill@ready,two:kill@agent", &faults));
	KT_OK(kt_faults_check(&faults, &set));
	KT_OK(kt_faults_parse("one:kill@done,on:kill@ready", &faults));
	KT_FAILS(kt_faults_check(&faults, &set), KT_ERROR_USAGE,
		 "no scenario of this run is called 'on'");
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("fault");
	TCase *tests = tcase_create("fault");

	tcase_add_test(tests, whom_they_are_for);
	tcase_add_loop_test(tests, what_is_none, 0, sizeof(refused) / sizeof(*refused));
	tcase_add_test(tests, as_many_as_there_is_room_for);
	tcase_add_test(tests, the_table);
	tcase_add_test(tests, scenarios_are_there);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
