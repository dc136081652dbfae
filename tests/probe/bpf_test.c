/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The BPF engine, against the truth, against the readv engine and against /proc. */
#include "tests/unit.h"

#include <string.h>
#include <unistd.h>

#include "tests/probe/crew.h"

static void sweep_once(struct kt_read_config config, const struct kt_read_engine *engine,
		       struct kt_sweep *ret)
{
	void *state;

	*ret = (struct kt_sweep){ 0 };
	KT_OK(engine->create(&config, &state));
	KT_OK(engine->sweep(state, ret));
	engine->destroy(state);
}

static void expect_same_rows(const struct kt_sweep *left, const struct kt_sweep *right)
{
	ck_assert_uint_eq(left->count, right->count);
	for (size_t i = 0; i < left->count; i++) {
		const struct kt_row *a = &left->rows[i];
		const struct kt_row *b = &right->rows[i];
		ck_assert_int_eq(a->tid, b->tid);
		ck_assert_int_eq(a->state, KT_ROW_OK);
		ck_assert_int_eq(b->state, KT_ROW_OK);
		ck_assert_str_eq(a->comm, b->comm);
		ck_assert(a->has_start_time && b->has_start_time);
		ck_assert_uint_eq(a->start_time_jiffies, b->start_time_jiffies);
		ck_assert_uint_eq(a->allocated_bytes, b->allocated_bytes);
		ck_assert_uint_eq(a->deallocated_bytes, b->deallocated_bytes);
	}
}

START_TEST(rows_are_those_of_readv)
{
	static const size_t counts[] = { 1, 100, 1000 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct crew crew;
		struct kt_sweep bpf;
		struct kt_sweep readv;
		crew_start(&crew, counts[i], CREW_PARKED);
		sweep_once(crew_config(&crew, KT_TLS_TP_OFFSET), &kt_bpf_engine, &bpf);
		sweep_once(crew_config(&crew, KT_TLS_TP_OFFSET), &kt_readv_engine, &readv);
		ck_assert_uint_eq(bpf.count, counts[i]);
		expect_same_rows(&bpf, &readv);
		crew_expect_exact(&crew, &bpf);
		kt_sweep_deinit(&bpf);
		sweep_once(crew_config(&crew, KT_TLS_DTV), &kt_bpf_engine, &bpf);
		expect_same_rows(&bpf, &readv);
		kt_sweep_deinit(&bpf);
		kt_sweep_deinit(&readv);
		crew_stop(&crew);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("bpf");
	TCase *tests = tcase_create("bpf");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, rows_are_those_of_readv);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
