/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/random.h"
#include "tests/tui/model.h"
#include "tui/views/thread_rows.h"

static const struct kt_run_scenario *scenario_of(const struct model *model)
{
	return kt_run_find_scenario(&model->run, "s");
}

static void begin(struct model *model)
{
	model_init(model, MODEL_SERIES_BYTES);
	model_scenario(model, "s");
	model_probe(model, "s", 0);
}

static void look(struct kt_thread_rows *rows, const struct model *model, uint64_t moment_ns)
{
	bool has_changed;

	KT_OK(kt_thread_rows_update(rows, scenario_of(model), moment_ns, &has_changed));
}

/* The row of @tid, of those that are not gone if there are several. */
static const struct kt_thread_row *row_of(const struct kt_thread_rows *rows, uint32_t tid)
{
	const struct kt_thread_row *found = NULL;

	for (size_t i = 0; i < rows->count; i++)
		if (rows->rows[i]->tid == tid && (!found || found->status == KT_ROW_GONE))
			found = rows->rows[i];
	return found;
}

static void check_known(struct kt_opt_u64 value, uint64_t expected)
{
	ck_assert(value.known);
	ck_assert_uint_eq(value.value, expected);
}

START_TEST(rates_come_from_two_readings_and_their_times)
{
	struct model model;
	struct kt_thread_rows rows = { 0 };
	struct kt_graph_value history[KT_ROWS_HISTORY];

	begin(&model);
	model_add(&model, 1, "a", 1000, 10);
	model_snapshot(&model, "s", 0);
	look(&rows, &model, model.now_ns);
	ck_assert_int_eq(row_of(&rows, 1)->status, KT_ROW_SAME);
	ck_assert(!row_of(&rows, 1)->allocated_more_bytes.known);
	model_set(&model, 1, 4000);
	model_snapshot(&model, "s", 0);
	look(&rows, &model, model.now_ns);
	check_known(row_of(&rows, 1)->allocated_bytes, 4000);
	check_known(row_of(&rows, 1)->allocated_more_bytes, 3000);
	check_known(row_of(&rows, 1)->deallocated_more_bytes, 0);
	ck_assert_uint_eq(row_of(&rows, 1)->counters_elapsed_ns, MODEL_S);
	ck_assert_uint_eq(kt_thread_row_history(&rows, row_of(&rows, 1), history), KT_ROWS_HISTORY);
	ck_assert(history[KT_ROWS_HISTORY - 1].is_known);
	ck_assert_uint_eq(history[KT_ROWS_HISTORY - 1].value, 3000);
	ck_assert(!history[KT_ROWS_HISTORY - 2].is_known);
	kt_thread_rows_deinit(&rows);
	model_deinit(&model);
}
END_TEST

START_TEST(rates_are_exact_as_far_as_they_go)
{
	ck_assert_uint_eq(kt_per_second(1000, MODEL_S), 1000);
	ck_assert_uint_eq(kt_per_second(1000, 2 * MODEL_S), 500);
	ck_assert_uint_eq(kt_per_second(UINT64_MAX, MODEL_S), UINT64_MAX);
	ck_assert_uint_eq(kt_per_second(UINT64_MAX, 1), UINT64_MAX);
	ck_assert_uint_eq(kt_per_second(UINT64_MAX, UINT64_MAX), MODEL_S);
	ck_assert_uint_eq(kt_per_second(0, 1), 0);
}
END_TEST

START_TEST(a_counter_that_goes_backwards_is_a_reset)
{
	struct model model;
	struct kt_thread_rows rows = { 0 };

	begin(&model);
	model_add(&model, 1, "a", UINT64_MAX, 10);
	model_snapshot(&model, "s", 0);
	model_set(&model, 1, 5);
	model_snapshot(&model, "s", 0);
	look(&rows, &model, model.now_ns);
	ck_assert_int_eq(row_of(&rows, 1)->status, KT_ROW_RESET);
	ck_assert_str_eq(kt_row_status_word(row_of(&rows, 1)), "reset");
	ck_assert(!row_of(&rows, 1)->allocated_more_bytes.known);
	ck_assert(!row_of(&rows, 1)->deallocated_more_bytes.known);
	check_known(row_of(&rows, 1)->allocated_bytes, 5);
	model_set(&model, 1, 25);
	model_snapshot(&model, "s", 0);
	look(&rows, &model, model.now_ns);
	ck_assert_int_eq(row_of(&rows, 1)->status, KT_ROW_SAME);
	check_known(row_of(&rows, 1)->allocated_more_bytes, 20);
	kt_thread_rows_deinit(&rows);
	model_deinit(&model);
}
END_TEST

START_TEST(threads_come_go_and_stay_for_three_snapshots)
{
	struct model model;
	struct kt_thread_rows rows = { 0 };

	begin(&model);
	model_add(&model, 1, "a", 1, 1);
	model_add(&model, 2, "b", 77, 7);
	model_snapshot(&model, "s", 0);
	model_add(&model, 3, "c", 1, 1);
	model_remove(&model, 2);
	for (unsigned i = 0; i < KT_ROWS_GONE_FRAMES; i++) {
		model_snapshot(&model, "s", 0);
		look(&rows, &model, model.now_ns);
		ck_assert_int_eq(row_of(&rows, 3)->status, i ? KT_ROW_SAME : KT_ROW_NEW);
		ck_assert_int_eq(row_of(&rows, 2)->status, KT_ROW_GONE);
		ck_assert_str_eq(row_of(&rows, 2)->comm, "b");
		check_known(row_of(&rows, 2)->allocated_bytes, 77);
		ck_assert(!row_of(&rows, 2)->allocated_more_bytes.known);
	}
	model_snapshot(&model, "s", 0);
	look(&rows, &model, model.now_ns);
	ck_assert_ptr_null(row_of(&rows, 2));
	ck_assert_uint_eq(rows.count, 2);
	kt_thread_rows_deinit(&rows);
	model_deinit(&model);
}
END_TEST

START_TEST(a_tid_that_is_used_again_is_another_thread)
{
	struct model model;
	struct kt_thread_rows rows = { 0 };
	uint64_t identity;

	begin(&model);
	model_add(&model, 1, "a", 1, 1);
	model_add(&model, 2, "b", 1000, 7);
	model_snapshot(&model, "s", 0);
	look(&rows, &model, model.now_ns);
	identity = row_of(&rows, 2)->identity;
	model_thread(&model, 2)->start_time_jiffies = KT_KNOWN(99999);
	model_set(&model, 2, 2000);
	model_snapshot(&model, "s", 0);
	look(&rows, &model, model.now_ns);
	ck_assert_int_eq(row_of(&rows, 2)->status, KT_ROW_REUSED);
	ck_assert_uint_ne(row_of(&rows, 2)->identity, identity);
	ck_assert(!row_of(&rows, 2)->allocated_more_bytes.known);
	ck_assert_int_eq(kt_thread_rows_find(&rows, identity)->status, KT_ROW_GONE);
	kt_thread_rows_deinit(&rows);
	model_deinit(&model);
}
END_TEST

START_TEST(what_could_not_be_read_is_unknown_with_a_reason)
{
	struct model model;
	struct kt_thread_rows rows = { 0 };

	begin(&model);
	model_add(&model, 1, "a", 100, 1);
	model_snapshot(&model, "s", 0);
	struct kt_thread *thread = model_thread(&model, 1);
	thread->allocated_bytes.known = false;
	thread->deallocated_bytes.known = false;
	thread->error = "cannot read the word";
	thread->error_kind = "unreadable";
	model_snapshot(&model, "s", 0);
	look(&rows, &model, model.now_ns);
	ck_assert_int_eq(row_of(&rows, 1)->status, KT_ROW_FAILED);
	ck_assert_str_eq(row_of(&rows, 1)->reason, "unreadable");
	ck_assert(!row_of(&rows, 1)->allocated_bytes.known);
	ck_assert_uint_eq(rows.about.failed_count, 1);
	thread->error = thread->error_kind = NULL;
	thread->deallocated_bytes = KT_KNOWN(1);
	model_set(&model, 1, 500);
	model_snapshot(&model, "s", 0);
	look(&rows, &model, model.now_ns);
	/* Over two seconds: the reading in between is missing. */
	check_known(row_of(&rows, 1)->allocated_more_bytes, 400);
	ck_assert_uint_eq(row_of(&rows, 1)->counters_elapsed_ns, 2 * MODEL_S);
	kt_thread_rows_deinit(&rows);
	model_deinit(&model);
}
END_TEST

START_TEST(who_is_not_in_a_snapshot_that_was_cut_short_is_not_gone)
{
	struct model model;
	struct kt_thread_rows rows = { 0 };

	begin(&model);
	model_add(&model, 1, "a", 100, 1);
	model_add(&model, 2, "b", 100, 1);
	model_snapshot(&model, "s", 0);
	model_remove(&model, 2);
	model.extras.partial = (struct kt_opt_bool){ .known = true, .value = true };
	model_snapshot(&model, "s", 0);
	look(&rows, &model, model.now_ns);
	ck_assert_int_eq(row_of(&rows, 2)->status, KT_ROW_MISSED);
	kt_thread_rows_deinit(&rows);
	model_deinit(&model);
}
END_TEST

START_TEST(the_latest_run_that_has_a_snapshot_is_shown)
{
	struct model model;
	struct kt_thread_rows rows = { 0 };

	begin(&model);
	model_add(&model, 1, "a", 100, 1);
	model_snapshot(&model, "s", 0);
	look(&rows, &model, model.now_ns);
	uint64_t identity = row_of(&rows, 1)->identity;
	ck_assert(!rows.about.has_ended);
	model_probe_end(&model, "s", 0);
	look(&rows, &model, model.now_ns);
	ck_assert(rows.about.has_ended);
	model.now_ns += MODEL_S;
	model_probe(&model, "s", 1);
	look(&rows, &model, model.now_ns);
	ck_assert_uint_eq(rows.run, 0);
	model_snapshot(&model, "s", 1);
	look(&rows, &model, model.now_ns);
	ck_assert_uint_eq(rows.run, 1);
	ck_assert_uint_eq(row_of(&rows, 1)->identity, identity);
	look(&rows, &model, 0);
	ck_assert_uint_eq(rows.count, 0);
	ck_assert(!rows.about.has_frame);
	kt_thread_rows_deinit(&rows);
	model_deinit(&model);
}
END_TEST

static void check_same(const struct kt_thread_rows *one, const struct kt_thread_rows *other)
{
	ck_assert_uint_eq(one->count, other->count);
	for (size_t i = 0; i < one->count; i++) {
		const struct kt_thread_row *row = one->rows[i];
		const struct kt_thread_row *twin = kt_thread_rows_find(other, row->identity);
		struct kt_graph_value values[KT_ROWS_HISTORY], twins[KT_ROWS_HISTORY];

		ck_assert_ptr_nonnull(twin);
		ck_assert_int_eq(row->status, twin->status);
		ck_assert_int_eq(row->gone_count, twin->gone_count);
		ck_assert_str_eq(row->comm, twin->comm);
		ck_assert_uint_eq(row->allocated_bytes.value, twin->allocated_bytes.value);
		ck_assert_int_eq(row->allocated_more_bytes.known, twin->allocated_more_bytes.known);
		ck_assert_uint_eq(row->allocated_more_bytes.value,
				  twin->allocated_more_bytes.value);
		(void)kt_thread_row_history(one, row, values);
		(void)kt_thread_row_history(other, twin, twins);
		for (size_t j = 0; j < KT_ROWS_HISTORY; j++) {
			ck_assert_int_eq(values[j].is_known, twins[j].is_known);
			ck_assert_uint_eq(values[j].value, twins[j].value);
		}
	}
}

/* Changes some thread, in some way. */
static void change(struct model *model, uint64_t *random, uint32_t *next_tid)
{
	uint64_t choice = kt_random_next(random) % 8;
	size_t at = kt_random_next(random) % (model->thread_count ? model->thread_count : 1);

	if (choice == 0 && model->thread_count < MODEL_MAX_THREADS) {
		model_add(model, (*next_tid)++ % 20 + 1, "t", kt_random_next(random) % 1000, 0);
		model->threads[model->thread_count - 1].start_time_jiffies =
			KT_KNOWN(5000 + *next_tid);
	} else if (choice == 1 && model->thread_count) {
		model_remove(model, model->threads[at].tid);
	} else if (model->thread_count) {
		model->threads[at].allocated_bytes.value += kt_random_next(random) % 1000;
	}
}

START_TEST(stepping_and_jumping_show_the_same)
{
	struct model model;
	struct kt_thread_rows stepped = { 0 };
	uint64_t random = KT_RANDOM_SEED;
	uint32_t next_tid = 1;

	begin(&model);
	for (unsigned i = 0; i < 100; i++) {
		for (unsigned j = 0; j < 3; j++)
			change(&model, &random, &next_tid);
		model_snapshot(&model, "s", 0);
		if (i % 7 != 3)
			look(&stepped, &model, model.now_ns);
	}
	for (unsigned i = 0; i < 100; i++) {
		struct kt_thread_rows jumped = { 0 };
		uint64_t moment_ns = (1 + kt_random_next(&random) % 100) * MODEL_S;

		if (i % 2)
			moment_ns = (1 + i) * MODEL_S;
		look(&stepped, &model, moment_ns);
		look(&jumped, &model, moment_ns);
		KT_OK(kt_thread_rows_read_past(&stepped, stepped.rows, stepped.count));
		KT_OK(kt_thread_rows_read_past(&jumped, jumped.rows, jumped.count));
		check_same(&stepped, &jumped);
		kt_thread_rows_deinit(&jumped);
	}
	kt_thread_rows_deinit(&stepped);
	model_deinit(&model);
}
END_TEST

/* Somebody who jumps to a moment, and may go on from there, sees what those saw who were there all along. */
START_TEST(jumping_shows_the_whole_past)
{
	struct model model;
	struct kt_thread_rows along = { 0 };
	uint64_t random = KT_RANDOM_SEED + 1;
	uint32_t next_tid = 1;

	begin(&model);
	for (unsigned i = 0; i < 100; i++) {
		for (unsigned j = 0; j < 3; j++)
			change(&model, &random, &next_tid);
		model_snapshot(&model, "s", 0);
	}
	for (uint64_t i = 1; i <= 100; i++) {
		struct kt_thread_rows jumped = { 0 };
		uint64_t from = i > 40 ? i - kt_random_next(&random) % 40 : i;

		look(&along, &model, i * MODEL_S);
		for (; from <= i; from++)
			look(&jumped, &model, from * MODEL_S);
		KT_OK(kt_thread_rows_read_past(&jumped, jumped.rows, jumped.count));
		KT_OK(kt_thread_rows_read_past(&along, along.rows, along.count));
		check_same(&along, &jumped);
		kt_thread_rows_deinit(&jumped);
	}
	kt_thread_rows_deinit(&along);
	model_deinit(&model);
}
END_TEST

START_TEST(what_was_thinned_is_told)
{
	struct model model;
	struct kt_thread_rows rows = { 0 };
	uint64_t random = KT_RANDOM_SEED;

	model_init(&model, 32 << 10);
	model_scenario(&model, "s");
	model_probe(&model, "s", 0);
	for (uint32_t tid = 1; tid <= MODEL_MAX_THREADS; tid++)
		model_add(&model, tid, "t", 0, 0);
	for (unsigned i = 0; i < 2000; i++) {
		for (uint32_t tid = 1; tid <= MODEL_MAX_THREADS; tid++)
			model_thread(&model, tid)->allocated_bytes.value +=
				kt_random_next(&random) % 1000000;
		model_snapshot(&model, "s", 0);
	}
	look(&rows, &model, model.now_ns);
	ck_assert_uint_gt(rows.about.stats.dropped_count, 0);
	ck_assert_uint_eq(rows.about.stats.dropped_count + rows.about.stats.frame_count, 2000);
	ck_assert_uint_gt(rows.about.history_coarse_ns, MODEL_S);
	ck_assert_uint_lt(rows.about.history_coarse_ns, model.now_ns);
	kt_thread_rows_deinit(&rows);
	model_deinit(&model);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("threads");
	TCase *tcase = tcase_create("all");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, rates_come_from_two_readings_and_their_times);
	tcase_add_test(tcase, rates_are_exact_as_far_as_they_go);
	tcase_add_test(tcase, a_counter_that_goes_backwards_is_a_reset);
	tcase_add_test(tcase, threads_come_go_and_stay_for_three_snapshots);
	tcase_add_test(tcase, a_tid_that_is_used_again_is_another_thread);
	tcase_add_test(tcase, what_could_not_be_read_is_unknown_with_a_reason);
	tcase_add_test(tcase, who_is_not_in_a_snapshot_that_was_cut_short_is_not_gone);
	tcase_add_test(tcase, the_latest_run_that_has_a_snapshot_is_shown);
	tcase_add_test(tcase, stepping_and_jumping_show_the_same);
	tcase_add_test(tcase, jumping_shows_the_whole_past);
	tcase_add_test(tcase, what_was_thinned_is_told);
	return suite;
}

KT_UNIT_MAIN
