/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#include "run/series.h"
#include "tests/random.h"
#include "tests/run/crowd.h"
#include "tests/run/snapshots.h"

enum {
	FRAMES = 200,
	THREADS = 40,
};

static void expect_frame(const struct kt_series *series, size_t place, const struct fake *fakes,
			 struct kt_series_frame *frame)
{
	KT_OK(kt_series_read(series, place, frame));
	ck_assert_msg(fake_is_equal(&fakes[frame->index].snapshot, &frame->snapshot), "snapshot %u",
		      frame->index);
}

/* Numbers and identities belong together over all that is kept. */
static void expect_numbers(const struct kt_series *series)
{
	size_t count = kt_series_stats(series).frame_count;
	size_t thread_count = kt_series_stats(series).thread_count;
	struct kt_thread *seen = calloc(thread_count, sizeof(*seen));
	kt_autoframe struct kt_series_frame frame = { 0 };
	bool is_same = true;

	for (size_t place = 0; place < count; place++) {
		KT_OK(kt_series_read(series, place, &frame));
		for (size_t i = 0; i < frame.snapshot.thread_count; i++) {
			const struct kt_thread *thread = &frame.snapshot.threads[i];
			uint32_t number = frame.thread_numbers[i];

			if (number >= thread_count)
				ck_abort_msg("number %u", number);
			if (!seen[number].tid)
				seen[number] = *thread;
			is_same &= seen[number].tid == thread->tid &&
				   !memcmp(&seen[number].start_time_jiffies.value,
					   &thread->start_time_jiffies.value, sizeof(uint64_t));
		}
	}
	free(seen);
	ck_assert(is_same);
}

START_TEST(whatever_is_put_in_comes_out)
{
	static struct fake fakes[FRAMES];
	uint64_t state = KT_RANDOM_SEED + (uint64_t)_i * 977;
	kt_autoframe struct kt_series_frame in_order = { 0 };
	kt_autoframe struct kt_series_frame at_random = { 0 };
	struct kt_series *series;

	KT_OK(kt_series_create(&series));
	fake_begin(&fakes[0], THREADS, &state);
	for (uint32_t i = 0; i < FRAMES; i++) {
		if (i)
			fake_next(&fakes[i - 1], &fakes[i], &state);
		KT_OK(kt_series_append(series, 1000 + i, i, &fakes[i].snapshot));
	}
	for (size_t left = FRAMES;; left = kt_series_stats(series).frame_count) {
		for (size_t i = 0; i < left; i++)
			expect_frame(series, i, fakes, &in_order);
		for (size_t i = 0; i < left; i++)
			expect_frame(series, kt_random_next(&state) % left, fakes, &at_random);
		expect_numbers(series);
		kt_series_thin(series);
		if (kt_series_stats(series).frame_count == left)
			break;
	}
	ck_assert_uint_eq(kt_series_stats(series).frame_count, 2);
	ck_assert_uint_eq(kt_series_stats(series).dropped_count, FRAMES - 2);
	kt_series_destroy(series);
	/* What was read lasts. */
	ck_assert(fake_is_equal(&fakes[in_order.index].snapshot, &in_order.snapshot));
	for (size_t i = 0; i < FRAMES; i++)
		fake_deinit(&fakes[i]);
}
END_TEST

static struct kt_series *series_of_crowd(size_t threads, uint32_t snapshots)
{
	struct kt_series *series;
	struct crowd crowd;

	KT_OK(kt_series_create(&series));
	crowd_init(&crowd, threads);
	for (uint32_t i = 0; i < snapshots; i++) {
		crowd_next(&crowd);
		KT_OK(kt_series_append(series, i, i, &crowd.snapshot));
	}
	crowd_deinit(&crowd);
	return series;
}

START_TEST(an_hour_of_a_thousand_threads_is_small)
{
	struct kt_series *series = series_of_crowd(1000, 3600);

	/* Key frames are most of it; 24 MiB are half of what a dashboard gives to all series. */
	ck_assert_uint_lt(kt_series_stats(series).bytes, 24 << 20);
	kt_series_destroy(series);
}
END_TEST

/* Nobody works: what a frame costs between two key frames is a run of rows as they were. */
START_TEST(parked_threads_cost_next_to_nothing)
{
	enum {
		PARKED = 10000
	};
	struct kt_series *series;
	struct crowd crowd;

	KT_OK(kt_series_create(&series));
	crowd_init(&crowd, PARKED);
	KT_OK(kt_series_append(series, 0, 0, &crowd.snapshot));
	KT_OK(kt_series_append(series, 1, 1, &crowd.snapshot));
	size_t before = kt_series_stats(series).bytes;
	for (uint32_t i = 2; i < KT_SERIES_KEY_INTERVAL; i++)
		KT_OK(kt_series_append(series, i, i, &crowd.snapshot));
	size_t frames = KT_SERIES_KEY_INTERVAL - 2;
	ck_assert_uint_lt(kt_series_stats(series).bytes - before, frames * 32);
	kt_autoframe struct kt_series_frame frame = { 0 };
	KT_OK(kt_series_read(series, KT_SERIES_KEY_INTERVAL - 1, &frame));
	ck_assert(fake_is_equal(&crowd.snapshot, &frame.snapshot));
	kt_series_destroy(series);
	crowd_deinit(&crowd);
}
END_TEST

/* A thousand threads are born between two snapshots and gone with the next. */
START_TEST(a_storm_of_threads_leaves_nothing)
{
	enum {
		BORN = 1000,
		SECONDS = 600,
		LIMIT = 1 << 20
	};
	struct kt_series *series;
	struct crowd crowd;
	size_t most = 0;

	KT_OK(kt_series_create(&series));
	crowd_init(&crowd, BORN);
	for (uint32_t i = 0; i < SECONDS; i++) {
		for (size_t t = 0; t < BORN; t++) {
			crowd.threads[t].tid = (uint32_t)(1 + (i * BORN + t) % 30000);
			crowd.threads[t].start_time_jiffies = KT_KNOWN(1000 + i);
		}
		crowd_next(&crowd);
		KT_OK(kt_series_append(series, i, i, &crowd.snapshot));
		size_t budget = SIZE_MAX;
		while (kt_series_stats(series).bytes > LIMIT &&
		       kt_series_thin_step(series, &budget))
			;
		most = kt_series_stats(series).bytes > most ? kt_series_stats(series).bytes : most;
	}
	ck_assert_uint_le(most, LIMIT);
	ck_assert_uint_eq(kt_series_stats(series).thread_count, BORN * SECONDS);
	ck_assert_uint_gt(kt_series_stats(series).frame_count, 2);
	expect_numbers(series);
	kt_series_destroy(series);
	crowd_deinit(&crowd);
}
END_TEST

/* Thinning goes on by some rows while frames come: at all times what is there is as it was put in. */
START_TEST(frames_come_while_others_go)
{
	static struct fake fakes[FRAMES];
	uint64_t state = KT_RANDOM_SEED + (uint64_t)_i * 977;
	kt_autoframe struct kt_series_frame frame = { 0 };
	struct kt_series *series;

	KT_OK(kt_series_create(&series));
	fake_begin(&fakes[0], THREADS, &state);
	for (uint32_t i = 0; i < FRAMES; i++) {
		size_t budget = 1 + kt_random_next(&state) % (4 * THREADS);

		if (i)
			fake_next(&fakes[i - 1], &fakes[i], &state);
		KT_OK(kt_series_append(series, i, i, &fakes[i].snapshot));
		if (i > FRAMES / 3)
			ck_assert(kt_series_thin_step(series, &budget));
		struct kt_series_stats stats = kt_series_stats(series);
		ck_assert_uint_eq(stats.frame_count + stats.dropped_count, i + 1);
		for (int reads = 0; reads < 5; reads++)
			expect_frame(series, kt_random_next(&state) % stats.frame_count, fakes,
				     &frame);
		expect_frame(series, stats.frame_count - 1, fakes, &frame);
		ck_assert_uint_eq(frame.index, i);
	}
	ck_assert_uint_gt(kt_series_stats(series).dropped_count, FRAMES / 8);
	if (_i % 2)
		kt_series_finish(series);
	kt_series_thin(series);
	for (size_t i = 0; i < kt_series_stats(series).frame_count; i++)
		expect_frame(series, i, fakes, &frame);
	expect_numbers(series);
	kt_series_destroy(series);
	for (size_t i = 0; i < FRAMES; i++)
		fake_deinit(&fakes[i]);
}
END_TEST

/* However large a snapshot is, a step reads little more rows than it may. */
START_TEST(a_step_is_as_long_as_it_may_be)
{
	struct kt_series *series = series_of_crowd(1000, 10 * KT_SERIES_KEY_INTERVAL);
	size_t steps = 0;

	while (!kt_series_stats(series).dropped_count) {
		size_t budget = 3000;

		ck_assert(kt_series_thin_step(series, &budget));
		steps++;
	}
	ck_assert_uint_eq(steps, 2 * KT_SERIES_KEY_INTERVAL / 3 + 1);
	kt_series_destroy(series);
}
END_TEST

START_TEST(frames_are_found_by_time)
{
	struct kt_series *series;
	const struct kt_snapshot empty = { 0 };
	uint32_t index;
	size_t place;

	KT_OK(kt_series_create(&series));
	ck_assert(!kt_series_find(series, UINT64_MAX, &place));
	for (uint32_t i = 0; i < 50; i++)
		KT_OK(kt_series_append(series, 100 + 10 * i, i, &empty));
	ck_assert(!kt_series_find(series, 99, &place));
	ck_assert(kt_series_find(series, 109, &place) && place == 0);
	ck_assert(kt_series_find(series, 110, &place) && place == 1);
	ck_assert(kt_series_find(series, UINT64_MAX, &place) && place == 49);
	/* A clock that goes back stands still. */
	KT_OK(kt_series_append(series, 5, 50, &empty));
	ck_assert_uint_eq(kt_series_time(series, 50, &index), 590);
	ck_assert_uint_eq(index, 50);
	kt_series_destroy(series);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("series");
	TCase *tests = tcase_create("all");

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, whatever_is_put_in_comes_out, 0, 20);
	tcase_add_test(tests, an_hour_of_a_thousand_threads_is_small);
	tcase_add_test(tests, parked_threads_cost_next_to_nothing);
	tcase_add_test(tests, a_storm_of_threads_leaves_nothing);
	tcase_add_loop_test(tests, frames_come_while_others_go, 0, 20);
	tcase_add_test(tests, a_step_is_as_long_as_it_may_be);
	tcase_add_test(tests, frames_are_found_by_time);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
