/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every fault at every place of a guest's life, in real guests (ktstr-top --fault): the reason that
 * is told, the verdict, the exit code; that a guest beside it passes, the recording is whole, and
 * nothing is left behind.
 */
#include "tests/unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "engine/fault.h"
#include "tests/system/fault_trial.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

enum outcome {
	UNSET,
	REFUSED, /* by the command line */
	FAILED,	 /* for a reason: the verdict is "error" */
	PASSED,	 /* all was seen before */
	BOOTED,	 /* there is a guest all the same, from its kernel; it passes */
};

struct cell {
	enum outcome outcome;
	enum kt_guest_reason reason; /* of the guest that suffered, where it is told */
	const char *detail;	     /* a part of it, or of the refusal */
};

/* Every kind of silence takes its deadline. */
#define DEADLINE "+1000"

#define KILLED	"QEMU was killed by signal 9"
#define BOOT	"the boot took longer than "
#define SILENCE "the agent has said nothing for 1.00 s"
#define PANIC	"Kernel panic - not syncing: NMI"
#define DAMAGE	"bytes that are no frame"

/* clang-format off */
#define NO(why)        { .outcome = REFUSED, .detail = (why) }
#define BAD(why, what) { .outcome = FAILED, .reason = KT_REASON_##why, .detail = (what) }
#define GOOD           { .outcome = PASSED }
#define COLD(what)     { .outcome = BOOTED, .detail = (what) }
#define COLDER(why, what) { .outcome = BOOTED, .reason = KT_REASON_##why, .detail = (what) }

/* One row per place, one column per fault. */
static const struct row {
	const char *place;
	struct cell cells[KT_GUEST_FAULT_COUNT];
} matrix[] = {
/*                      kill                      stop                    hang                    panic                        starve                  corrupt */
{ "starting",          { BAD(QEMU_EXIT, KILLED),    BAD(TIMEOUT, BOOT),     NO("no CPU"),           NO("no kernel"),             NO("no agent"),         NO("no agent") } },
{ "kernel",            { BAD(QEMU_EXIT, KILLED),    BAD(NO_AGENT, BOOT),    BAD(NO_AGENT, BOOT),    BAD(KERNEL_PANIC, PANIC),    BAD(NO_AGENT, BOOT),    BAD(PROTOCOL, DAMAGE) } },
{ "agent",             { BAD(QEMU_EXIT, KILLED),    BAD(NO_AGENT, BOOT),    BAD(NO_AGENT, BOOT),    BAD(KERNEL_PANIC, PANIC),    BAD(NO_AGENT, BOOT),    BAD(PROTOCOL, DAMAGE) } },
{ "ready",             { BAD(QEMU_EXIT, KILLED),    BAD(TIMEOUT, SILENCE),  BAD(TIMEOUT, SILENCE),  BAD(KERNEL_PANIC, PANIC),    BAD(TIMEOUT, SILENCE),  BAD(PROTOCOL, DAMAGE) } },
{ "probing",           { BAD(QEMU_EXIT, KILLED),    BAD(TIMEOUT, SILENCE),  BAD(TIMEOUT, SILENCE),  BAD(KERNEL_PANIC, PANIC),    BAD(TIMEOUT, SILENCE),  BAD(PROTOCOL, DAMAGE) } },
{ "done",              { GOOD,                      GOOD,                   GOOD,                   GOOD,                        GOOD,                   GOOD } },
{ "template-starting", { COLD(KILLED),              COLD(BOOT),             NO("no CPU"),           NO("no kernel"),             NO("no agent"),         NO("no agent") } },
{ "template-kernel",   { COLD(KILLED),              COLD(BOOT),             COLD(BOOT),             COLD(PANIC),                 COLD(BOOT),             COLD(DAMAGE) } },
{ "template-agent",    { COLD(KILLED),              COLD(BOOT),             COLD(BOOT),             COLD(PANIC),                 COLD(BOOT),             COLD(DAMAGE) } },
{ "template-ready",    { COLD(KILLED),              COLD(SILENCE),          COLD(SILENCE),          COLD(PANIC),                 COLD(SILENCE),          COLD(DAMAGE) } },
{ "wake-starting",     { COLDER(QEMU_EXIT, KILLED), COLDER(TIMEOUT, BOOT),  NO("no CPU"),           NO("no kernel"),             NO("no agent"),         NO("no agent") } },
{ "wake-kernel",       { COLDER(QEMU_EXIT, KILLED), COLDER(NO_AGENT, BOOT), COLDER(NO_AGENT, BOOT), COLDER(KERNEL_PANIC, PANIC), COLDER(NO_AGENT, BOOT), COLDER(PROTOCOL, DAMAGE) } },
{ "wake-agent",        { COLDER(QEMU_EXIT, KILLED), COLDER(NO_AGENT, BOOT), COLDER(NO_AGENT, BOOT), COLDER(KERNEL_PANIC, PANIC), COLDER(NO_AGENT, BOOT), COLDER(PROTOCOL, DAMAGE) } },
};
/* clang-format on */

/* The places are those of the command line, which refuses the same. */
START_TEST(the_matrix_is_whole)
{
	int row = 0;

	for (; kt_fault_places[row].name; row++) {
		ck_assert_int_lt(row, COUNT(matrix));
		ck_assert_str_eq(kt_fault_places[row].name, matrix[row].place);
		for (int kind = 0; kind < KT_GUEST_FAULT_COUNT; kind++) {
			const struct cell *cell = &matrix[row].cells[kind];
			const char *refusal = kt_fault_places[row].refusals[kind];

			ck_assert_int_ne(cell->outcome, UNSET);
			ck_assert_int_eq(cell->outcome == REFUSED, refusal != NULL);
		}
	}
	ck_assert_int_eq(row, COUNT(matrix));
}
END_TEST

static const char *word_of(int kind)
{
	return kt_fault_kind_name((enum kt_guest_fault)kind);
}

static void expect_passed(const struct kt_run_scenario *scenario)
{
	ck_assert_msg(scenario->end.verdict == KT_RESULT_PASS, "%s: %s", scenario->name,
		      scenario->end.reason ? scenario->end.reason : "");
	ck_assert_ptr_null(scenario->end.reason);
}

/* The only failure of a guest of @scenario; NULL for none. */
static const struct kt_run_state *find_failure(const struct kt_run_scenario *scenario)
{
	const struct kt_run_state *found = NULL;

	for (size_t i = 0; i < scenario->state_count; i++)
		if (scenario->states[i].state.state == KT_GUEST_FAILED) {
			ck_assert_msg(!found, "%s failed twice", scenario->name);
			found = &scenario->states[i];
		}
	return found;
}

/* A guest of @scenario failed where it was struck, as @cell tells. */
static const struct kt_event_guest_state *expect_failure(const struct kt_run_scenario *scenario,
							 enum kt_guest_state state,
							 const struct cell *cell)
{
	const struct kt_run_state *failure = find_failure(scenario);

	ck_assert_msg(failure && failure > scenario->states, "%s has not failed", scenario->name);
	ck_assert_msg(failure->state.reason == cell->reason, "%s: %s: %s", scenario->name,
		      kt_guest_reason_name(failure->state.reason), failure->state.detail);
	ck_assert_msg(strstr(failure->state.detail, cell->detail), "%s: '%s' is not in '%s'",
		      scenario->name, cell->detail, failure->state.detail);
	ck_assert_ptr_null(strchr(failure->state.detail, '\n'));
	ck_assert_msg(failure[-1].state.state == state, "%s failed in %s", scenario->name,
		      kt_guest_state_name(failure[-1].state.state));
	return &failure->state;
}

static void expect_error(const struct kt_run_scenario *scenario, enum kt_guest_state state,
			 const struct cell *cell)
{
	const struct kt_event_guest_state *failure = expect_failure(scenario, state, cell);
	kt_autobuf struct kt_buf reason = KT_BUF_INIT;

	kt_buf_printf(&reason, "%s: %s", kt_guest_reason_name(cell->reason), failure->detail);
	ck_assert_int_eq(scenario->end.verdict, KT_RESULT_ERROR);
	ck_assert_str_eq(scenario->end.reason, kt_buf_text(&reason));
}

static void expect_booted(const struct fault_trial *trial, const struct kt_run_scenario *scenario,
			  const struct kt_fault_place *place, const struct cell *cell)
{
	bool is_template = place->roles == KT_FAULT_TEMPLATE;

	ck_assert_int_eq(fault_trial_count_notes(
				 trial, scenario->name,
				 is_template
					 ? "no template could be made, so this guest is booted ("
					 : "the guest did not wake from its template, so it is "
					   "booted (",
				 cell->detail),
			 1);
	if (is_template)
		ck_assert_ptr_null(find_failure(scenario));
	else
		(void)expect_failure(scenario, place->state, cell);
	ck_assert_int_eq(scenario->guest.start, KT_START_COLD);
	expect_passed(scenario);
}

static void expect_cell(const struct fault_trial *trial, int row, int kind, const char *name)
{
	const struct kt_fault_place *place = &kt_fault_places[row];
	const struct cell *cell = &matrix[row].cells[kind];
	const struct kt_run_scenario *scenario = fault_trial_scenario(trial, name);
	char text[128];

	(void)snprintf(text, sizeof(text), "fault injected: %s@%s", word_of(kind), place->name);
	ck_assert_msg(fault_trial_count_notes(trial, name, text, "") == 1, "%s: not once", text);
	if (cell->outcome == FAILED) {
		expect_error(scenario, place->state, cell);
	} else if (cell->outcome == BOOTED) {
		expect_booted(trial, scenario, place, cell);
	} else {
		expect_passed(scenario);
		ck_assert_ptr_null(find_failure(scenario));
	}
}

/* What is tried in one run. */
static const struct group {
	int first; /* rows */
	int last;
	int code;
	const char *option;
	int mates; /* scenarios that share a template, which serves until two guests did not wake */
} groups[] = {
	{ 0, 2, 3, "--no-template", 100 },
	{ 3, 4, 3, NULL, 100 },
	{ 5, 5, 0, NULL, 100 },
	{ 6, 9, 0, NULL, 1 },
	{ 10, 12, 0, NULL, 2 },
};

typedef void (*cell_fn)(struct fault_trial *trial, int row, int kind, int number);

static void for_cells(struct fault_trial *trial, const struct group *group, cell_fn act)
{
	int number = 0;

	for (int row = group->first; row <= group->last; row++)
		for (int kind = 0; kind < KT_GUEST_FAULT_COUNT; kind++)
			if (matrix[row].cells[kind].outcome != REFUSED)
				act(trial, row, kind, number++ / group->mates);
}

static const char *name_of(int row, int kind)
{
	static char name[64];

	(void)snprintf(name, sizeof(name), "%s-%s", word_of(kind), matrix[row].place);
	return name;
}

static void add_cell(struct fault_trial *trial, int row, int kind, int number)
{
	bool is_slow = kind == KT_GUEST_FAULT_STOP || kind == KT_GUEST_FAULT_HANG ||
		       kind == KT_GUEST_FAULT_STARVE;
	char fault[64];

	(void)snprintf(fault, sizeof(fault), "%s@%s%s", word_of(kind), matrix[row].place,
		       is_slow ? DEADLINE : "");
	fault_trial_add(trial, name_of(row, kind), 257 + (unsigned)number, fault);
}

static void look_at_cell(struct fault_trial *trial, int row, int kind, int number)
{
	(void)number;
	expect_cell(trial, row, kind, name_of(row, kind));
}

START_TEST(guests_suffer)
{
	const struct group *group = &groups[_i];
	struct fault_trial trial;

	fault_trial_begin(&trial);
	for_cells(&trial, group, add_cell);
	fault_trial_run(&trial, group->option, group->code);
	for_cells(&trial, group, look_at_cell);
	const struct kt_run_scenario *bystander =
		fault_trial_scenario(&trial, FAULT_TRIAL_BYSTANDER);
	expect_passed(bystander);
	ck_assert_ptr_null(find_failure(bystander));
	fault_trial_end(&trial);
}
END_TEST

START_TEST(every_cell_is_in_a_group)
{
	int next = 0;

	for (int i = 0; i < COUNT(groups); i++) {
		ck_assert_int_eq(groups[i].first, next);
		next = groups[i].last + 1;
	}
	ck_assert_int_eq(next, COUNT(matrix));
}
END_TEST

static const enum kt_guest_fault silent[] = { KT_GUEST_FAULT_STOP, KT_GUEST_FAULT_HANG,
					      KT_GUEST_FAULT_STARVE };
static const char *const beginnings[] = { "kernel", "template-kernel" };
static const int signals[] = { SIGTERM, SIGKILL };

/* Nothing is heard of the guest any more, but it goes when its run does, however that ends. */
START_TEST(a_run_ends_while_a_guest_suffers)
{
	const char *place = beginnings[_i % 2];
	int signal = signals[_i / 2 % 2];
	char list[64];
	struct top_run run;

	(void)snprintf(list, sizeof(list), "%s@%s", word_of(silent[_i / 4]), place);
	top_run_start(&run, &(struct top_run_options){
				    .arguments = { "-bc", "-f", "json", "--fault", list,
						   "nonexistent-pid",
						   _i % 2 ? NULL : "--no-template" } });
	top_run_wait_for(&run, "fault injected: ");
	top_run_signal(&run, signal);
	ck_assert_int_eq(top_run_end(&run), signal == SIGKILL ? 1000 + signal : 128 + signal);
	top_run_expect_nothing_left(&run);
	top_run_deinit(&run);
}
END_TEST

/* Exit code 2 and one line on stderr that has both parts. */
static void expect_refusal(const char *list, const char *part, const char *other_part)
{
	struct top_run run;

	top_run_start(&run, &(struct top_run_options){
				    .arguments = { "-bc", "--fault", list, "nonexistent-pid" } });
	ck_assert_int_eq(top_run_end(&run), 2);
	ck_assert_uint_eq(run.out.len, 0);
	ck_assert_msg(strstr(kt_buf_text(&run.err), part), "%s", kt_buf_text(&run.err));
	ck_assert_msg(strstr(kt_buf_text(&run.err), other_part), "%s", kt_buf_text(&run.err));
	ck_assert_ptr_eq(strchr(kt_buf_text(&run.err), '\n'), run.err.data + run.err.len - 1);
	top_run_deinit(&run);
}

START_TEST(what_cannot_happen_is_refused)
{
	int count = 0;

	for (int row = 0; row < COUNT(matrix); row++)
		for (int kind = 0; kind < KT_GUEST_FAULT_COUNT; kind++) {
			const struct cell *cell = &matrix[row].cells[kind];
			char list[64];

			if (cell->outcome != REFUSED)
				continue;
			(void)snprintf(list, sizeof(list), "%s@%s", word_of(kind),
				       matrix[row].place);
			expect_refusal(list, "for '--fault': ", cell->detail);
			count++;
		}
	ck_assert_int_eq(count, 12);
	expect_refusal("nobody:kill@ready", "--fault: ", "called 'nobody'");
	expect_refusal("melt@ready", "for '--fault': ", "'melt' is none of");
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("fault-matrix");
	TCase *tests = tcase_create("fault-matrix");

	tcase_set_timeout(tests, 400);
	tcase_add_test(tests, the_matrix_is_whole);
	tcase_add_test(tests, every_cell_is_in_a_group);
	tcase_add_test(tests, what_cannot_happen_is_refused);
	/* The tarball's suite repeats this one: there it is enough without templates that fail. */
	tcase_add_loop_test(tests, guests_suffer, 0,
			    getenv("KTSTR_TEST_LIGHT") ? 3 : COUNT(groups));
	tcase_add_loop_test(tests, a_run_ends_while_a_guest_suffers, 0, COUNT(silent) * 4);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
