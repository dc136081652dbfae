/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#include "run/series.h"
#include "tests/random.h"
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

static Suite *suite(void)
{
	Suite *all = suite_create("series");
	TCase *tests = tcase_create("all");

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, whatever_is_put_in_comes_out, 0, 20);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
