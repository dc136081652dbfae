/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <string.h>

#include "base/cleanup.h"
#include "tests/run/events.h"

#define RUN_START                                                      \
	"{\"schema\":1,\"event\":\"run_start\",\"host_mono_ns\":0,"    \
	"\"tool_version\":\"1\",\"started_at_unix_sec\":5,\"jobs\":1," \
	"\"scenarios\":[\"s\"]}"
#define START                                                               \
	EVENT("scenario_start", "\"file\":\"f\",\"topology\":\"1n1l1c1t\"," \
				"\"memory_mib\":256,\"checks\":[{\"id\":\"c\",\"text\":\"t\"}]")
#define STATE(word)	 EVENT("guest_state", "\"state\":\"" word "\",\"since_start_ns\":1")
#define PROBE_START(run) EVENT("probe_start", "\"probe\":\"p\",\"run\":" run ",\"target_pid\":9")
#define SNAPSHOT(run, index)                                                                     \
	EVENT("snapshot", "\"probe\":\"p\",\"run\":" run ",\"index\":" index                     \
			  ",\"target_pid\":9,\"timestamp_unix_sec\":1,"                          \
			  "\"elapsed_since_start_ns\":1,\"threads\":[{\"tid\":9,\"comm\":\"w\"," \
			  "\"allocated_bytes\":18446744073709551615}]")
#define PROBE_END(run) \
	EVENT("probe_end", "\"probe\":\"p\",\"run\":" run ",\"exit_code\":0,\"duration_ns\":3")
#define CHECK(id, verdict) \
	EVENT("check", "\"check\":\"" id "\",\"verdict\":\"" verdict "\",\"text\":\"t\"")
#define WORKER(name, state) EVENT("worker", "\"worker\":\"" name "\",\"state\":\"" state "\"")
#define END		    EVENT("scenario_end", "\"verdict\":\"pass\",\"duration_ns\":4")

static void apply_all(struct kt_run *run, const char *const *lines)
{
	for (; *lines; lines++)
		KT_OK(apply_line(run, *lines));
}

START_TEST(a_whole_run_folds_into_its_state)
{
	static const char *const lines[] = {
		RUN_START,
		START,
		STATE("new"),
		STATE("starting"),
		WORKER("w", "started"),
		WORKER("w", "ready"),
		PROBE_START("0"),
		SNAPSHOT("0", "0"),
		SNAPSHOT("0", "1"),
		PROBE_END("0"),
		PROBE_START("1"),
		CHECK("c", "holding"),
		CHECK("c", "pass"),
		END,
		NULL,
	};
	kt_autorun struct kt_run run = KT_RUN_INIT;
	const struct kt_thread *thread;

	apply_all(&run, lines);
	ck_assert_uint_eq(run.event_count, 14);
	const struct kt_run_scenario *scenario = kt_run_find_scenario(&run, "s");
	ck_assert_ptr_nonnull(scenario);
	ck_assert_str_eq(scenario->start.topology, "1n1l1c1t");
	ck_assert_uint_eq(scenario->state_count, 2);
	ck_assert_int_eq(scenario->guest.state, KT_GUEST_STARTING);
	ck_assert_uint_eq(scenario->worker_count, 1);
	ck_assert_int_eq(kt_run_find_worker(scenario, "w")->worker.state, KT_WORKER_READY);
	const struct kt_run_probe *probe = kt_run_find_probe(scenario, "p");
	ck_assert_uint_eq(probe->run_count, 2);
	ck_assert_uint_eq(probe->runs[0].snapshot_count, 2);
	ck_assert_uint_eq(probe->runs[0].snapshots[1].host_mono_ns, 7);
	ck_assert(probe->runs[0].ended && !probe->runs[1].ended);
	ck_assert_int_eq(kt_snapshot_find_thread(&probe->runs[0].snapshots[1].snapshot, 9, &thread),
			 KT_THREAD_FOUND);
	ck_assert(thread->allocated_bytes.value == UINT64_MAX);
	ck_assert(!thread->deallocated_bytes.known);
	ck_assert_int_eq(kt_run_find_check(scenario, "c")->check.verdict, KT_VERDICT_PASS);
	ck_assert_uint_eq(kt_run_count_results(&run, KT_RESULT_PASS), 1);
	ck_assert_uint_eq(kt_run_count_results(&run, KT_RESULT_FAIL), 0);
	ck_assert_ptr_null(kt_run_find_scenario(&run, "t"));
}
END_TEST

START_TEST(contradictions_are_refused)
{
	kt_autorun struct kt_run run = KT_RUN_INIT;

	KT_OK(apply_line(&run, RUN_START));
	KT_FAILS(apply_line(&run, RUN_START), KT_ERROR_PROTOCOL, "starts twice");
	KT_FAILS(apply_line(&run, SNAPSHOT("0", "0")), KT_ERROR_PROTOCOL, "did not start");
	ck_assert_uint_eq(run.scenario_count, 0); /* a refused event leaves nothing behind */
	KT_FAILS(apply_line(&run, CHECK("c", "pass")), KT_ERROR_PROTOCOL, "not announced");
	KT_FAILS(apply_line(&run, PROBE_START("1")), KT_ERROR_PROTOCOL, "out of order");
	KT_OK(apply_line(&run, START));
	KT_FAILS(apply_line(&run, START), KT_ERROR_PROTOCOL, "starts twice");
	KT_FAILS(apply_line(&run, CHECK("d", "pass")), KT_ERROR_PROTOCOL, "\"d\"");
	KT_OK(apply_line(&run, PROBE_START("0")));
	KT_FAILS(apply_line(&run, PROBE_START("0")), KT_ERROR_PROTOCOL, "out of order");
	KT_FAILS(apply_line(&run, SNAPSHOT("0", "1")), KT_ERROR_PROTOCOL, "out of order");
	KT_OK(apply_line(&run, PROBE_END("0")));
	KT_FAILS(apply_line(&run, PROBE_END("0")), KT_ERROR_PROTOCOL, "after its end");
	KT_FAILS(apply_line(&run, SNAPSHOT("0", "0")), KT_ERROR_PROTOCOL, "after its end");
	KT_OK(apply_line(&run, END));
	const char *const late[] = { END, START, CHECK("c", "pass"), SNAPSHOT("0", "0") };
	for (size_t i = 0; i < sizeof(late) / sizeof(*late); i++)
		KT_FAILS(apply_line(&run, late[i]), KT_ERROR_PROTOCOL,
			 "a scenario goes on after its end");
	ck_assert_uint_eq(run.event_count, 5);
}
END_TEST

START_TEST(events_of_a_scenario_need_its_name)
{
	kt_autorun struct kt_run run = KT_RUN_INIT;

	for (int type = KT_EVENT_NONE + 1; type < KT_EVENT_TYPE_COUNT; type++) {
		struct kt_event event = { .type = (enum kt_event_type)type };
		bool of_run = type == KT_EVENT_RUN_START || type == KT_EVENT_ACCEL ||
			      type == KT_EVENT_NOTE || type == KT_EVENT_RUN_END;

		event.note.text = "x";
		if (of_run)
			continue;
		KT_FAILS(kt_run_apply(&run, &event), KT_ERROR_PROTOCOL, "without its scenario");
	}
}
END_TEST

START_TEST(checks_announced_twice_are_refused)
{
	kt_autorun struct kt_run run = KT_RUN_INIT;

	KT_FAILS(apply_line(&run,
			    EVENT("scenario_start",
				  "\"file\":\"f\",\"topology\":\"t\",\"memory_mib\":1,\"checks\":"
				  "[{\"id\":\"c\",\"text\":\"a\"},{\"id\":\"c\",\"text\":\"b\"}]")),
		 KT_ERROR_PROTOCOL, "announced twice");
}
END_TEST

START_TEST(accel_and_notes_know_whom_they_are_about)
{
	kt_autorun struct kt_run run = KT_RUN_INIT;

	KT_OK(apply_line(&run, "{\"schema\":1,\"event\":\"accel\",\"host_mono_ns\":1,"
			       "\"choice\":\"kvm\",\"reason\":\"r\",\"steps\":[]}"));
	KT_OK(apply_line(&run, EVENT("accel", "\"choice\":\"tcg\",\"reason\":\"r\",\"steps\":[]")));
	KT_OK(apply_line(&run, EVENT("note", "\"text\":\"n\"")));
	ck_assert(run.has_accel && run.accel.choice == KT_ACCEL_KVM);
	ck_assert_int_eq(kt_run_find_scenario(&run, "s")->accel.choice, KT_ACCEL_TCG);
	ck_assert_str_eq(run.notes[0].scenario, "s");
}
END_TEST

START_TEST(memory_has_its_limits)
{
	kt_autorun struct kt_run run = KT_RUN_INIT;
	struct kt_event note = { .type = KT_EVENT_NOTE, .note = { .text = "x" } };
	struct kt_event line = { .type = KT_EVENT_CONSOLE,
				 .scenario = "s",
				 .console = { .text = "0123456789" } };
	struct kt_event state = { .type = KT_EVENT_GUEST_STATE, .scenario = "s" };
	size_t len;

	for (int i = 0; i < KT_RUN_MAX_NOTES + 10; i++)
		KT_OK(kt_run_apply(&run, &note));
	ck_assert_uint_eq(run.note_count, KT_RUN_MAX_NOTES);
	ck_assert_uint_eq(run.dropped_note_count, 10);
	for (int i = 0; i < 10000; i++)
		KT_OK(kt_run_apply(&run, &line));
	(void)kt_tail_bytes(&kt_run_find_scenario(&run, "s")->console, &len);
	ck_assert_uint_eq(len, KT_RUN_CONSOLE_TAIL_BYTES);
	for (int i = 0; i < KT_RUN_MAX_STATES; i++)
		KT_OK(kt_run_apply(&run, &state));
	KT_FAILS(kt_run_apply(&run, &state), KT_ERROR_PROTOCOL, "too often");
	for (int i = 0; i <= KT_RUN_MAX_WORKERS; i++) {
		kt_autobuf struct kt_buf name = KT_BUF_INIT;
		struct kt_event worker = { .type = KT_EVENT_WORKER, .scenario = "s" };

		kt_buf_printf(&name, "w%d", i);
		worker.worker.worker = kt_buf_text(&name);
		if (i < KT_RUN_MAX_WORKERS)
			KT_OK(kt_run_apply(&run, &worker));
		else
			KT_FAILS(kt_run_apply(&run, &worker), KT_ERROR_PROTOCOL, "too many");
	}
}
END_TEST

START_TEST(lists_have_their_limits)
{
	kt_autorun struct kt_run run = KT_RUN_INIT;
	static const char *names[KT_RUN_MAX_SCENARIOS + 1];
	static struct kt_check_title titles[KT_RUN_MAX_CHECKS + 1];
	struct kt_event start = { .type = KT_EVENT_RUN_START,
				  .run_start = { .tool_version = "1",
						 .scenarios = names,
						 .scenario_count = KT_RUN_MAX_SCENARIOS + 1 } };
	struct kt_event scenario = { .type = KT_EVENT_SCENARIO_START,
				     .scenario = "s",
				     .scenario_start = { .file = "f",
							 .topology = "t",
							 .checks = titles,
							 .check_count = KT_RUN_MAX_CHECKS + 1 } };

	for (size_t i = 0; i <= KT_RUN_MAX_SCENARIOS; i++)
		names[i] = "n";
	KT_FAILS(kt_run_apply(&run, &start), KT_ERROR_PROTOCOL, "more than 4096 scenarios");
	start.run_start.scenario_count--;
	KT_OK(kt_run_apply(&run, &start));
	KT_FAILS(kt_run_apply(&run, &scenario), KT_ERROR_PROTOCOL, "too many checks");
}
END_TEST

/* Contract sections 7.5 and 8.8, on snapshots in place of flat names. */
START_TEST(threads_are_looked_up_by_tid)
{
	static const struct kt_thread threads[] = {
		{ .tid = 100, .error = "gone", .error_kind = "waitpid" },
		{ .tid = 10, .allocated_bytes = { true, 16777216 } },
		{ .tid = 1, .allocated_bytes = { true, 7 }, .deallocated_bytes = { true, 0 } },
	};
	const struct kt_snapshot snapshot = { .threads = threads, .thread_count = 3 };
	const struct kt_snapshot empty = { .thread_count = 0 };
	const struct kt_thread *thread;

	ck_assert_int_eq(kt_snapshot_find_thread(&snapshot, 10, &thread), KT_THREAD_FOUND);
	ck_assert(thread->allocated_bytes.value == 16777216 && !thread->deallocated_bytes.known);
	ck_assert_int_eq(kt_snapshot_find_thread(&snapshot, 1, &thread), KT_THREAD_FOUND);
	ck_assert(thread->deallocated_bytes.known);
	ck_assert_int_eq(kt_snapshot_find_thread(&snapshot, 100, &thread), KT_THREAD_NO_COUNTERS);
	ck_assert_str_eq(thread->error_kind, "waitpid");
	ck_assert_int_eq(kt_snapshot_find_thread(&snapshot, 1000, &thread), KT_THREAD_ABSENT);
	ck_assert_ptr_null(thread);
	ck_assert_int_eq(kt_snapshot_find_thread(&empty, 1, &thread), KT_THREAD_ABSENT);
	ck_assert_uint_eq(kt_snapshot_failed_count(&snapshot), 1);
}
END_TEST

static Suite *suite(void)
{
	Suite *model = suite_create("run");
	TCase *tests = tcase_create("all");

	tcase_add_test(tests, a_whole_run_folds_into_its_state);
	tcase_add_test(tests, contradictions_are_refused);
	tcase_add_test(tests, events_of_a_scenario_need_its_name);
	tcase_add_test(tests, checks_announced_twice_are_refused);
	tcase_add_test(tests, accel_and_notes_know_whom_they_are_about);
	tcase_add_test(tests, memory_has_its_limits);
	tcase_add_test(tests, lists_have_their_limits);
	tcase_add_test(tests, threads_are_looked_up_by_tid);
	suite_add_tcase(model, tests);
	return model;
}

KT_UNIT_MAIN
