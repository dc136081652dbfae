/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of measured layouts: what must hold for any row. */
#include "tests/unit.h"

#include "probe/resolve/size_table.h"

/* A size that meant two things would be worse than none. */
START_TEST(sizes_are_unique)
{
	for (const struct kt_size_row *row = kt_size_table; row->version; row++) {
		ck_assert_ptr_eq(kt_size_table_find(row->size_bytes), row);
		for (const struct kt_size_row *other = row + 1; other->version; other++)
			ck_assert_msg(row->size_bytes != other->size_bytes, "%u bytes",
				      row->size_bytes);
	}
}
END_TEST

START_TEST(rows_are_possible)
{
	for (const struct kt_size_row *row = kt_size_table; row->version; row++) {
		uint32_t distance = row->has_events ? 16 : 8;
		ck_assert_uint_eq(row->size_bytes % 8, 0);
		ck_assert_uint_eq(row->allocated % 8, 0);
		ck_assert_uint_gt(row->allocated, 0);
		ck_assert_uint_eq(row->deallocated, row->allocated + distance);
		ck_assert_uint_le(row->deallocated + distance, row->size_bytes);
		/* The words that the gate looks at stand before the counters. */
		ck_assert(!row->has_events || row->allocated >= 48);
		ck_assert_ptr_nonnull(row->options);
		ck_assert_uint_ge(row->size_bytes, kt_size_table_smallest());
	}
}
END_TEST

START_TEST(lookup)
{
	const struct kt_size_row *row = kt_size_table_find(2632);

	ck_assert_ptr_nonnull(row);
	ck_assert_str_eq(row->version, "5.3.0");
	ck_assert_uint_eq(row->allocated, 824);
	ck_assert_uint_eq(row->deallocated, 840);
	ck_assert(row->has_events);
	ck_assert_uint_eq(kt_size_table_smallest(), 1912);
	ck_assert_ptr_null(kt_size_table_find(0));
	ck_assert_ptr_null(kt_size_table_find(2631));
	ck_assert_ptr_null(kt_size_table_find(UINT64_MAX));
	ck_assert_ptr_null(kt_size_table_find(2632 + ((uint64_t)1 << 32)));
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("size_table");
	TCase *tests = tcase_create("size_table");

	tcase_add_test(tests, sizes_are_unique);
	tcase_add_test(tests, rows_are_possible);
	tcase_add_test(tests, lookup);
	suite_add_tcase(suite, tests);
	return suite;
}

KT_UNIT_MAIN
