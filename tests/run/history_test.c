/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model's past: what a moment shows, and what a model with limits keeps.
 */
#include "tests/unit.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/moment.h"
#include "run/run.h"
#include "tests/run/crowd.h"

enum {
	SMALL = 64,
	MANY = 20000,
	ENDED = 1000,
};

/* That events are about; a test may have more than one. */
static const char *scenario_name = "s";

static void apply(struct kt_run *run, struct kt_event event, uint64_t mono_ns)
{
	event.scenario = scenario_name;
	event.host_mono_ns = mono_ns;
	KT_OK(kt_run_apply(run, &event));
}

static void begin(struct kt_run *run)
{
	static const struct kt_check_title titles[] = { { "c", "t" } };

	apply(run,
	      (struct kt_event){ .type = KT_EVENT_SCENARIO_START,
				 .scenario_start = { .file = "f",
						     .topology = "1n",
						     .checks = titles,
						     .check_count = 1 } },
	      10);
}

static void start_probe(struct kt_run *run, const char *name, uint32_t number, uint64_t mono_ns)
{
	apply(run,
	      (struct kt_event){ .type = KT_EVENT_PROBE_START,
				 .probe_start = { .probe = name,
						  .run = number,
						  .target_pid = 7,
						  .engine = "bpf" } },
	      mono_ns);
}

static void say(struct kt_run *run, enum kt_verdict verdict, const char *worst, uint64_t mono_ns)
{
	apply(run,
	      (struct kt_event){
		      .type = KT_EVENT_CHECK,
		      .check = { .check = "c", .verdict = verdict, .text = "t", .worst = worst } },
	      mono_ns);
}

static void take(struct kt_run *run, const char *probe, uint32_t index,
		 const struct kt_snapshot *snapshot)
{
	apply(run,
	      (struct kt_event){
		      .type = KT_EVENT_SNAPSHOT,
		      .snapshot = { .probe = probe, .index = index, .snapshot = *snapshot } },
	      1000 + index);
}

static const struct kt_run_probe_run *first_run(const struct kt_run *run, const char *probe)
{
	return &kt_run_find_probe(kt_run_find_scenario(run, "s"), probe)->runs[0];
}

START_TEST(a_moment_shows_what_was)
{
	kt_autorun struct kt_run run = KT_RUN_INIT;

	begin(&run);
	apply(&run,
	      (struct kt_event){ .type = KT_EVENT_GUEST_STATE,
				 .guest_state = { .state = KT_GUEST_KERNEL } },
	      20);
	apply(&run,
	      (struct kt_event){ .type = KT_EVENT_GUEST_STATE,
				 .guest_state = { .state = KT_GUEST_READY } },
	      30);
	apply(&run,
	      (struct kt_event){ .type = KT_EVENT_WORKER,
				 .worker = { .worker = "w", .state = KT_WORKER_STARTED } },
	      31);
	apply(&run,
	      (struct kt_event){ .type = KT_EVENT_WORKER,
				 .worker = { .worker = "w", .state = KT_WORKER_READY } },
	      33);
	start_probe(&run, "p", 0, 40);
	say(&run, KT_VERDICT_HOLDING, "5", 50);
	say(&run, KT_VERDICT_FAIL, "9", 60);
	apply(&run, (struct kt_event){ .type = KT_EVENT_SCENARIO_END }, 70);

	const struct kt_run_scenario *scenario = kt_run_find_scenario(&run, "s");
	const struct kt_run_worker *worker = kt_run_find_worker(scenario, "w");
	const struct kt_run_check *check = kt_run_find_check(scenario, "c");
	const struct kt_run_probe *probe = kt_run_find_probe(scenario, "p");

	ck_assert(!kt_moment_has_begun(scenario, 9) && kt_moment_has_begun(scenario, 10));
	ck_assert(!kt_moment_has_ended(scenario, 69) && kt_moment_has_ended(scenario, 70));
	ck_assert_ptr_null(kt_moment_guest(scenario, 19));
	ck_assert_int_eq(kt_moment_guest(scenario, 29)->state.state, KT_GUEST_KERNEL);
	ck_assert_int_eq(kt_moment_guest(scenario, 30)->state.state, KT_GUEST_READY);
	ck_assert_ptr_null(kt_moment_worker(worker, 30));
	ck_assert_int_eq(kt_moment_worker(worker, 32)->state, KT_WORKER_STARTED);
	ck_assert_int_eq(kt_moment_worker(worker, UINT64_MAX)->state, KT_WORKER_READY);
	ck_assert_ptr_null(kt_moment_probe_run(probe, 39));
	ck_assert_ptr_eq(kt_moment_probe_run(probe, 40), &probe->runs[0]);
	ck_assert_str_eq(probe->runs[0].start.engine, "bpf");
	ck_assert_int_eq(kt_moment_check(check, 0)->verdict, KT_VERDICT_PENDING);
	ck_assert_str_eq(kt_moment_check(check, 49)->text, "t");
	ck_assert_str_eq(kt_moment_check(check, 50)->worst, "5");
	ck_assert_int_eq(kt_moment_check(check, 60)->verdict, KT_VERDICT_FAIL);
}
END_TEST

START_TEST(verdicts_and_events_are_bounded)
{
	kt_autorun struct kt_run run = KT_RUN_INIT;

	begin(&run);
	for (unsigned i = 0; i < MANY; i++) {
		char worst[16];

		(void)snprintf(worst, sizeof(worst), "%u", i);
		say(&run, KT_VERDICT_HOLDING, worst, 100 + i);
		apply(&run,
		      (struct kt_event){
			      .type = KT_EVENT_WORKER,
			      .worker = { .worker = "w",
					  .state = i ? KT_WORKER_READY : KT_WORKER_STARTED,
					  .detail = worst } },
		      100 + i);
	}
	const struct kt_run_scenario *scenario = kt_run_find_scenario(&run, "s");
	const struct kt_run_check *check = kt_run_find_check(scenario, "c");
	const struct kt_run_worker *worker = kt_run_find_worker(scenario, "w");

	ck_assert_uint_le(check->verdict_count, KT_RUN_MAX_VERDICTS);
	ck_assert_uint_gt(check->verdict_count, KT_RUN_MAX_VERDICTS / 2);
	ck_assert_int_eq(kt_moment_check(check, 99)->verdict, KT_VERDICT_PENDING);
	ck_assert_str_eq(kt_moment_check(check, 100 + MANY)->worst, "19999");
	ck_assert_str_eq(check->check.worst, "19999");
	ck_assert_uint_eq(worker->event_count, KT_RUN_MAX_WORKER_EVENTS);
	ck_assert_int_eq(worker->events[0].worker.state, KT_WORKER_STARTED);
	ck_assert_str_eq(worker->events[KT_RUN_MAX_WORKER_EVENTS - 1].worker.detail, "19999");
}
END_TEST

START_TEST(only_the_latest_snapshot_is_kept)
{
	kt_autorun struct kt_run run = KT_RUN_INIT;
	struct crowd crowd;

	kt_run_configure(&run, &(struct kt_run_limits){ .latest_only = true });
	begin(&run);
	start_probe(&run, "p", 0, 40);
	crowd_init(&crowd, SMALL);
	for (uint32_t i = 0; i < 100; i++) {
		crowd_next(&crowd);
		take(&run, "p", i, &crowd.snapshot);
		const struct kt_run_probe_run *probe_run = first_run(&run, "p");
		ck_assert_uint_eq(probe_run->kept_from, i);
		ck_assert_uint_eq(probe_run->snapshot_count, i + 1);
		ck_assert_uint_eq(probe_run->snapshot_cap, 4);
		const struct kt_run_snapshot *latest = &probe_run->snapshots[0];
		ck_assert_uint_eq(latest->host_mono_ns, 1000 + i);
		ck_assert_uint_eq(latest->snapshot.elapsed_since_start_ns,
				  crowd.snapshot.elapsed_since_start_ns);
		ck_assert_str_eq(latest->snapshot.threads[SMALL - 1].comm, "worker-63");
	}
	ck_assert_ptr_null(first_run(&run, "p")->series);
	crowd_deinit(&crowd);
}
END_TEST

static size_t used_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* A sanitizer's allocator tells nothing, and the C library counts small pieces that were freed as used. */
static bool has_figures(void)
{
	size_t before = used_bytes();
	void *volatile some = malloc(MANY);
	bool has = used_bytes() > before;

	free(some);
	return has;
}

/* A scenario with a bit of everything, to its end. */
static void play_scenario(struct kt_run *run, const struct crowd *crowd)
{
	begin(run);
	start_probe(run, "p", 0, 40);
	for (uint32_t i = 0; i < 20; i++)
		take(run, "p", i, &crowd->snapshot);
	apply(run, (struct kt_event){ .type = KT_EVENT_CONSOLE, .console = { .text = "hello" } },
	      2000);
	apply(run,
	      (struct kt_event){ .type = KT_EVENT_WORKER,
				 .worker = { .worker = "w", .state = KT_WORKER_READY } },
	      2000);
	apply(run,
	      (struct kt_event){ .type = KT_EVENT_GUEST_STATE,
				 .guest_state = { .state = KT_GUEST_READY } },
	      2000);
	say(run, KT_VERDICT_FAIL, "17", 2000);
	apply(run,
	      (struct kt_event){ .type = KT_EVENT_SCENARIO_END,
				 .scenario_end = { .verdict = KT_RESULT_FAIL,
						   .duration_ns = 5,
						   .reason = "r",
						   .console_tail = "hello" } },
	      3000);
}

/* Who is told of the end, before the next event, reads what it came to; after that nothing is left. */
START_TEST(who_has_ended_is_dropped)
{
	kt_autorun struct kt_run run = KT_RUN_INIT;
	const struct kt_event note = { .type = KT_EVENT_NOTE, .note = { .text = "n" } };
	struct crowd crowd;

	kt_run_configure(&run, &(struct kt_run_limits){ .latest_only = _i, .drop_ended = true });
	crowd_init(&crowd, SMALL);
	crowd_next(&crowd);
	play_scenario(&run, &crowd);
	const struct kt_run_scenario *scenario = kt_run_find_scenario(&run, "s");
	ck_assert_str_eq(kt_run_find_check(scenario, "c")->check.worst, "17");
	ck_assert_str_eq(first_run(&run, "p")->start.engine, "bpf");
	ck_assert_str_eq(scenario->end.console_tail, "hello");

	KT_OK(kt_run_apply(&run, &note));
	ck_assert_ptr_eq(kt_run_find_scenario(&run, "s"), scenario);
	ck_assert(scenario->started && scenario->ended);
	ck_assert_uint_eq(scenario->started_mono_ns, 10);
	ck_assert_uint_eq(scenario->ended_mono_ns, 3000);
	ck_assert_int_eq(scenario->end.verdict, KT_RESULT_FAIL);
	ck_assert_uint_eq(scenario->end.duration_ns, 5);
	ck_assert_ptr_null(scenario->end.reason);
	ck_assert_ptr_null(scenario->end.console_tail);
	ck_assert_uint_eq(scenario->check_count, 0);
	ck_assert_uint_eq(scenario->probe_count, 0);
	ck_assert_uint_eq(scenario->worker_count, 0);
	ck_assert_uint_eq(scenario->state_count, 0);
	ck_assert_uint_eq(kt_run_count_results(&run, KT_RESULT_FAIL), 1);
	crowd_deinit(&crowd);
}
END_TEST

/* A batch of many runs must not grow by what was seen in those that ended. */
START_TEST(thousands_that_ended_take_little)
{
	kt_autorun struct kt_run run = KT_RUN_INIT;
	struct crowd crowd;
	size_t middle = 0;
	char name[16];

	kt_run_configure(&run, &(struct kt_run_limits){ .latest_only = _i, .drop_ended = true });
	crowd_init(&crowd, SMALL);
	crowd_next(&crowd);
	scenario_name = name;
	for (unsigned i = 0; i < 2 * ENDED; i++) {
		(void)snprintf(name, sizeof(name), "s#%u", i);
		if (i == ENDED)
			middle = used_bytes();
		play_scenario(&run, &crowd);
	}
	scenario_name = "s";
	size_t grown = used_bytes() - middle;
	ck_assert_msg(!has_figures() || grown <= ENDED * (KT_RUN_DROPPED_BYTES + sizeof(name)),
		      "%zu bytes each", grown / ENDED);
	ck_assert_uint_eq(run.scenario_count, 2 * ENDED);
	ck_assert_uint_eq(kt_run_count_results(&run, KT_RESULT_FAIL), 2 * ENDED);
	crowd_deinit(&crowd);
}
END_TEST

START_TEST(series_share_their_limit)
{
	static const char *const probes[] = { "p", "q" };
	kt_autorun struct kt_run run = KT_RUN_INIT;
	const size_t limit = 256 << 10;
	struct crowd crowd;

	kt_run_configure(&run,
			 &(struct kt_run_limits){ .latest_only = true, .series_bytes = limit });
	begin(&run);
	crowd_init(&crowd, SMALL);
	for (size_t p = 0; p < 2; p++)
		start_probe(&run, probes[p], 0, 40);
	for (uint32_t i = 0; i < 4000; i++) {
		crowd_next(&crowd);
		for (size_t p = 0; p < 2; p++)
			take(&run, probes[p], i, &crowd.snapshot);
		ck_assert_msg(run.series_bytes <= limit + limit / 16, "%zu bytes",
			      run.series_bytes);
	}
	size_t bytes = 0;
	for (size_t p = 0; p < 2; p++) {
		const struct kt_series *series = first_run(&run, probes[p])->series;
		struct kt_series_stats stats = kt_series_stats(series);
		uint32_t index;

		bytes += stats.bytes;
		ck_assert_uint_eq(stats.frame_count + stats.dropped_count, 4000);
		ck_assert_uint_gt(stats.frame_count, 100);
		ck_assert_uint_eq(kt_series_time(series, 0, &index), 1000);
		ck_assert_uint_eq(kt_series_time(series, stats.frame_count - 1, &index), 4999);
		ck_assert_uint_eq(index, 3999);
	}
	ck_assert_uint_eq(bytes, run.series_bytes);
	apply(&run, (struct kt_event){ .type = KT_EVENT_PROBE_END, .probe_end = { .probe = "p" } },
	      9000);
	ck_assert_uint_lt(run.series_bytes, bytes); /* what only appending needs is given back */
	crowd_deinit(&crowd);
}
END_TEST

/* A large series is thinned in bits, so it exceeds its limit, but by some frames only. */
START_TEST(a_large_series_keeps_to_its_limit)
{
	kt_autorun struct kt_run run = KT_RUN_INIT;
	const size_t limit = 4 << 20;
	struct crowd crowd;
	size_t most = 0;

	kt_run_configure(&run,
			 &(struct kt_run_limits){ .latest_only = true, .series_bytes = limit });
	begin(&run);
	crowd_init(&crowd, 3000);
	start_probe(&run, "p", 0, 40);
	for (uint32_t i = 0; i < 1000; i++) {
		crowd_next(&crowd);
		take(&run, "p", i, &crowd.snapshot);
		most = run.series_bytes > most ? run.series_bytes : most;
	}
	ck_assert_uint_gt(most, limit);
	ck_assert_uint_lt(most, limit + limit / 2);
	ck_assert_uint_gt(kt_series_stats(first_run(&run, "p")->series).frame_count, 50);
	crowd_deinit(&crowd);
}
END_TEST

static void print_line(struct kt_run *run, const char *text, uint64_t mono_ns)
{
	apply(run, (struct kt_event){ .type = KT_EVENT_CONSOLE, .console = { .text = text } },
	      mono_ns);
}

static void expect_console(const struct kt_run *run, uint64_t mono_ns, const char *expected,
			   bool expected_whole)
{
	bool is_whole;
	size_t len;
	const char *text =
		kt_moment_console(kt_run_find_scenario(run, "s"), mono_ns, &len, &is_whole);

	ck_assert_uint_eq(len, strlen(expected));
	ck_assert(!memcmp(text, expected, len));
	ck_assert_int_eq(is_whole, expected_whole);
}

START_TEST(a_moment_shows_what_the_console_had_said)
{
	kt_autorun struct kt_run run = KT_RUN_INIT;

	begin(&run);
	expect_console(&run, 50, "", true);
	print_line(&run, "one", 20);
	print_line(&run, "two", 20);
	print_line(&run, "", 30);
	print_line(&run, "three", 40);
	apply(&run, (struct kt_event){ .type = KT_EVENT_NOTE, .note = { .text = "n" } }, 45);
	expect_console(&run, 19, "", true);
	expect_console(&run, 20, "one\ntwo\n", true);
	expect_console(&run, 39, "one\ntwo\n\n", true);
	expect_console(&run, 99, "one\ntwo\n\nthree\n", true);
	ck_assert_uint_eq(kt_moment_note_count(&run, 44), 0);
	ck_assert_uint_eq(kt_moment_note_count(&run, 45), 1);
}
END_TEST

/* Much more than is kept: never a line of later, and what is lost is told. */
START_TEST(a_long_console_knows_its_times)
{
	kt_autorun struct kt_run run = KT_RUN_INIT;
	const struct kt_run_scenario *scenario;
	const uint64_t lines = 20000;
	bool is_whole;
	size_t len;

	begin(&run);
	for (uint64_t i = 100; i < lines; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%" PRIu64, i);
		print_line(&run, text, i);
	}
	scenario = kt_run_find_scenario(&run, "s");
	ck_assert_uint_le(scenario->console_mark_count, KT_RUN_MAX_CONSOLE_MARKS);
	for (uint64_t moment = 100; moment < lines + 100; moment += 37) {
		const char *text = kt_moment_console(scenario, moment, &len, &is_whole);
		char last[16] = "";

		ck_assert(!is_whole);
		ck_assert(!len || text[len - 1] == '\n');
		if (len > 6)
			memcpy(last, text + len - 6, 5);
		ck_assert_uint_le(strtoull(last, NULL, 10), moment);
	}
	(void)kt_moment_console(scenario, lines, &len, &is_whole);
	ck_assert_uint_eq(len, KT_RUN_CONSOLE_TAIL_BYTES);
	(void)kt_moment_console(scenario, lines - 1000, &len, &is_whole);
	ck_assert_uint_gt(len, KT_RUN_CONSOLE_TAIL_BYTES / 2);
	expect_console(&run, 200, "", false);
	expect_console(&run, 99, "", true);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("history");
	TCase *tests = tcase_create("all");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, a_moment_shows_what_was);
	tcase_add_test(tests, verdicts_and_events_are_bounded);
	tcase_add_test(tests, only_the_latest_snapshot_is_kept);
	tcase_add_test(tests, a_moment_shows_what_the_console_had_said);
	tcase_add_test(tests, a_long_console_knows_its_times);
	tcase_add_loop_test(tests, who_has_ended_is_dropped, 0, 2);
	tcase_add_loop_test(tests, thousands_that_ended_take_little, 0, 2);
	tcase_add_test(tests, series_share_their_limit);
	tcase_add_test(tests, a_large_series_keeps_to_its_limit);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
