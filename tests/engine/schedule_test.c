/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which scenario runs when: estimates, the order of the queue, and who may begin. */
#include "tests/unit.h"

#include <stdlib.h>

#include "engine/schedule.h"

#define NO_LIMIT UINT64_MAX

static const struct kt_scenario_probe one_look = { .snapshots = 1,
						   .repeat = 1,
						   .timeout_ms = 30000 };

static uint64_t estimate(const struct kt_scenario_probe *probe, uint32_t llcs)
{
	struct kt_scenario scenario = {
		.topology = { 1, llcs, 1, 1 },
		.timeout_s = 600,
		.probes = probe,
		.probe_count = 1,
	};

	return kt_schedule_estimate_ms(&scenario);
}

START_TEST(waits_repeats_and_cpus_take_time)
{
	struct kt_scenario_probe probe = one_look;
	uint64_t least_ms = estimate(&probe, 1);

	ck_assert_uint_gt(estimate(&probe, 16), least_ms);
	probe.snapshots = 3;
	probe.interval_ms = 1000;
	ck_assert_uint_eq(estimate(&probe, 1), least_ms + 2000);
	uint64_t once_ms = estimate(&probe, 1);
	probe.repeat = 3;
	/* What a run takes besides its waits, it takes each time. */
	ck_assert_uint_gt(estimate(&probe, 1), once_ms + 2 * 2000);
	probe = one_look;
	probe.repeat = 10;
	ck_assert_uint_gt(estimate(&probe, 1), least_ms);
}
END_TEST

/* How long something may take says nothing, except that it does not take longer. */
START_TEST(what_may_be_waited_for_is_no_time)
{
	struct kt_scenario_worker worker = { .ready_marker = true, .ready_timeout_ms = 3600000 };
	struct kt_scenario_probe probe = one_look;
	struct kt_scenario scenario = {
		.topology = { 1, 1, 1, 1 },
		.timeout_s = 60,
		.workers = &worker,
		.worker_count = 1,
		.probes = &probe,
		.probe_count = 1,
	};
	uint64_t least_ms = kt_schedule_estimate_ms(&scenario);

	ck_assert_uint_eq(least_ms, estimate(&one_look, 1));
	probe.timeout_ms = 3600000;
	scenario.timeout_s = 86400;
	ck_assert_uint_eq(kt_schedule_estimate_ms(&scenario), least_ms);
	probe.snapshots = 100000;
	probe.interval_ms = 1000;
	probe.timeout_ms = 5000;
	ck_assert_uint_gt(kt_schedule_estimate_ms(&scenario), least_ms);
	ck_assert_uint_lt(kt_schedule_estimate_ms(&scenario), least_ms + 5000);
	probe.timeout_ms = 3600000;
	scenario.timeout_s = 7;
	ck_assert_uint_eq(kt_schedule_estimate_ms(&scenario), 7000);
}
END_TEST

START_TEST(the_largest_estimate_is_no_overflow)
{
	struct kt_scenario_probe probes[KT_SCENARIO_MAX_PROBES];
	struct kt_scenario scenario = {
		.topology = { 1, 1, 1, 1 },
		.timeout_s = UINT32_MAX,
		.probes = probes,
	};
	uint64_t last_ms = 0;

	for (size_t i = 0; i < KT_SCENARIO_MAX_PROBES; i++) {
		probes[i] = (struct kt_scenario_probe){ .snapshots = KT_SCENARIO_MAX_SNAPSHOTS,
							.interval_ms = KT_SCENARIO_MAX_MS,
							.repeat = KT_SCENARIO_MAX_REPEAT,
							.timeout_ms = KT_SCENARIO_MAX_MS };
		scenario.probe_count = i + 1;
		ck_assert_uint_gt(kt_schedule_estimate_ms(&scenario), last_ms);
		last_ms = kt_schedule_estimate_ms(&scenario);
	}
}
END_TEST

/* ---- the queue ---- */

struct item {
	uint64_t estimate_ms;
	uint64_t memory_mib;
};

static void make(struct kt_schedule *schedule, const struct item *items, size_t count,
		 uint32_t jobs, uint64_t memory_mib)
{
	struct kt_schedule_entry *entries = calloc(count + 1, sizeof(*entries));

	ck_assert_ptr_nonnull(entries);
	for (size_t i = 0; i < count; i++)
		entries[i] = (struct kt_schedule_entry){ .index = i,
							 .estimate_ms = items[i].estimate_ms,
							 .memory_mib = items[i].memory_mib };
	kt_schedule_init(schedule, entries, count, jobs, memory_mib);
}

/* The index of the scenario that may begin now, -1 for none; its place is in @ret. */
static int take(struct kt_schedule *schedule, size_t *ret)
{
	return kt_schedule_take(schedule, ret) ? (int)schedule->entries[*ret].index : -1;
}

START_TEST(the_longest_is_first_and_equals_keep_their_order)
{
	static const struct item items[] = { { 5, 1 }, { 9, 1 }, { 5, 1 }, { 7, 1 },
					     { 5, 1 }, { 9, 1 }, { 5, 1 } };
	static const int expected[] = { 1, 5, 3, 0, 2, 4, 6, -1 };
	struct kt_schedule schedule;
	size_t place;

	make(&schedule, items, 7, 64, NO_LIMIT);
	for (size_t i = 0; i < 8; i++)
		ck_assert_int_eq(take(&schedule, &place), expected[i]);
	kt_schedule_deinit(&schedule);
}
END_TEST

/* Two kinds of guests: each has its template made before the second of any is begun. */
START_TEST(who_goes_ahead_is_first)
{
	static const int expected[] = { 3, 2, 1, 4, 0, -1 };
	struct kt_schedule_entry *entries = calloc(5, sizeof(*entries));
	struct kt_schedule schedule;
	size_t place;

	ck_assert_ptr_nonnull(entries);
	for (size_t i = 0; i < 5; i++)
		entries[i] = (struct kt_schedule_entry){ .index = i,
							 .estimate_ms = i == 1 ? 9 : i,
							 .goes_ahead = i == 2 || i == 3 };
	kt_schedule_init(&schedule, entries, 5, 64, NO_LIMIT);
	for (size_t i = 0; i < 6; i++)
		ck_assert_int_eq(take(&schedule, &place), expected[i]);
	kt_schedule_deinit(&schedule);
}
END_TEST

START_TEST(no_more_than_so_many_at_once)
{
	static const struct item items[] = { { 1, 1 }, { 1, 1 }, { 1, 1 }, { 1, 1 } };
	struct kt_schedule schedule;
	size_t first, second, third;

	make(&schedule, items, 4, 2, NO_LIMIT);
	ck_assert_int_eq(take(&schedule, &first), 0);
	ck_assert_int_eq(take(&schedule, &second), 1);
	ck_assert_int_eq(take(&schedule, &third), -1);
	kt_schedule_give_back(&schedule, first);
	ck_assert_int_eq(take(&schedule, &third), 2);
	ck_assert_int_eq(take(&schedule, &first), -1);
	kt_schedule_give_back(&schedule, second);
	kt_schedule_give_back(&schedule, third);
	ck_assert_int_eq(take(&schedule, &first), 3);
	kt_schedule_deinit(&schedule);
}
END_TEST

START_TEST(each_takes_its_own_memory)
{
	static const struct item items[] = {
		{ 9, 600 }, { 8, 500 }, { 7, 300 }, { 6, 100 }, { 5, 1 }
	};
	struct kt_schedule schedule;
	size_t place[5];

	make(&schedule, items, 5, 64, 1000);
	ck_assert_int_eq(take(&schedule, &place[0]), 0);
	/* The second is too large, those behind it are not. */
	ck_assert_int_eq(take(&schedule, &place[2]), 2);
	ck_assert_int_eq(take(&schedule, &place[3]), 3);
	ck_assert_int_eq(take(&schedule, &place[1]), -1);
	kt_schedule_give_back(&schedule, place[2]);
	ck_assert_int_eq(take(&schedule, &place[4]), 4);
	ck_assert_int_eq(take(&schedule, &place[1]), -1);
	kt_schedule_give_back(&schedule, place[0]);
	ck_assert_int_eq(take(&schedule, &place[1]), 1);
	kt_schedule_give_back(&schedule, place[1]);
	kt_schedule_give_back(&schedule, place[3]);
	kt_schedule_give_back(&schedule, place[4]);
	ck_assert_uint_eq(schedule.free_mib, 1000);
	kt_schedule_deinit(&schedule);
}
END_TEST

/* Larger than all there is: it runs alone, and what it did not get is not given back. */
START_TEST(what_never_fits_runs_alone)
{
	static const struct item items[] = { { 9, 5000 }, { 8, 10 }, { 7, 4000 } };
	struct kt_schedule schedule;
	size_t place, other;

	make(&schedule, items, 3, 4, 1000);
	ck_assert_int_eq(take(&schedule, &place), 0);
	ck_assert_int_eq(take(&schedule, &other), -1);
	kt_schedule_give_back(&schedule, place);
	ck_assert_uint_eq(schedule.free_mib, 1000);
	ck_assert_int_eq(take(&schedule, &place), 1);
	ck_assert_int_eq(take(&schedule, &other), -1);
	kt_schedule_give_back(&schedule, place);
	ck_assert_int_eq(take(&schedule, &place), 2);
	kt_schedule_deinit(&schedule);
}
END_TEST

/* Small ones come and go; the large one is passed so often, and then they wait for it. */
START_TEST(a_large_one_is_not_passed_for_ever)
{
	enum {
		SMALL_COUNT = 40
	};
	struct item items[SMALL_COUNT + 1] = { { 9, 900 } };
	struct kt_schedule schedule;
	size_t running, next;
	int passes = 0;

	for (size_t i = 1; i <= SMALL_COUNT; i++)
		items[i] = (struct item){ i == 1 ? 10 : 1, 400 }; /* one of them is first */
	make(&schedule, items, SMALL_COUNT + 1, 2, 1000);
	ck_assert_int_eq(take(&schedule, &running), 1);
	while (take(&schedule, &next) > 0) {
		passes++;
		kt_schedule_give_back(&schedule, running);
		running = next;
	}
	ck_assert_int_eq(passes, KT_SCHEDULE_MAX_PASSES);
	ck_assert_uint_eq(schedule.active_count, 1);
	kt_schedule_give_back(&schedule, running);
	ck_assert_int_eq(take(&schedule, &running), 0);
	/* From here on they go again. */
	kt_schedule_give_back(&schedule, running);
	ck_assert_int_gt(take(&schedule, &running), 0);
	kt_schedule_deinit(&schedule);
}
END_TEST

START_TEST(who_waits_can_be_dropped)
{
	static const struct item items[] = { { 9, 600 }, { 8, 500 }, { 7, 300 }, { 6, 500 } };
	struct kt_schedule schedule;
	size_t place, other;

	make(&schedule, items, 4, 4, 1000);
	ck_assert_int_eq(take(&schedule, &place), 0);
	ck_assert_int_eq(take(&schedule, &other), 2);
	ck_assert(kt_schedule_drop(&schedule, &place));
	ck_assert_uint_eq(schedule.entries[place].index, 1);
	ck_assert(kt_schedule_drop(&schedule, &place));
	ck_assert_uint_eq(schedule.entries[place].index, 3);
	ck_assert(!kt_schedule_drop(&schedule, &place));
	ck_assert_int_eq(take(&schedule, &place), -1);
	ck_assert_uint_eq(schedule.active_count, 2);
	kt_schedule_deinit(&schedule);
}
END_TEST

START_TEST(who_waits_can_be_seen)
{
	static const struct item items[] = { { 9, 600 }, { 8, 500 }, { 7, 300 }, { 6, 500 } };
	struct kt_schedule schedule;
	size_t place;

	make(&schedule, items, 4, 4, 1000);
	ck_assert(kt_schedule_look_ahead(&schedule, 0, &place));
	ck_assert_uint_eq(schedule.entries[place].index, 0);
	ck_assert_int_eq(take(&schedule, &place), 0);
	ck_assert_int_eq(take(&schedule, &place), 2); /* of those that fit the next */
	ck_assert(kt_schedule_look_ahead(&schedule, 0, &place));
	ck_assert_uint_eq(schedule.entries[place].index, 1);
	ck_assert(kt_schedule_look_ahead(&schedule, 1, &place));
	ck_assert_uint_eq(schedule.entries[place].index, 3);
	ck_assert(!kt_schedule_look_ahead(&schedule, 2, &place));
	kt_schedule_deinit(&schedule);
}
END_TEST

START_TEST(an_empty_queue)
{
	struct kt_schedule schedule;
	size_t place;

	make(&schedule, NULL, 0, 1, 0);
	ck_assert(!kt_schedule_take(&schedule, &place));
	ck_assert(!kt_schedule_drop(&schedule, &place));
	kt_schedule_deinit(&schedule);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("schedule");
	TCase *tests = tcase_create("schedule");

	tcase_add_test(tests, waits_repeats_and_cpus_take_time);
	tcase_add_test(tests, what_may_be_waited_for_is_no_time);
	tcase_add_test(tests, the_largest_estimate_is_no_overflow);
	tcase_add_test(tests, the_longest_is_first_and_equals_keep_their_order);
	tcase_add_test(tests, who_goes_ahead_is_first);
	tcase_add_test(tests, no_more_than_so_many_at_once);
	tcase_add_test(tests, each_takes_its_own_memory);
	tcase_add_test(tests, what_never_fits_runs_alone);
	tcase_add_test(tests, a_large_one_is_not_passed_for_ever);
	tcase_add_test(tests, who_waits_can_be_dropped);
	tcase_add_test(tests, who_waits_can_be_seen);
	tcase_add_test(tests, an_empty_queue);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
