/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"

START_TEST(pieces_are_aligned_zeroed_and_apart)
{
	kt_autoarena struct kt_arena arena = KT_ARENA_INIT;
	unsigned char *pieces[500];

	for (size_t i = 0; i < 500; i++) {
		size_t size = i % 7 ? i : i * 100;

		pieces[i] = kt_arena_alloc(&arena, size, 1);
		ck_assert_ptr_nonnull(pieces[i]);
		ck_assert_uint_eq((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
		/* One assertion a piece: each writes a message to the runner. */
		size_t dirty = 0;
		for (size_t byte = 0; byte < size; byte++)
			dirty += pieces[i][byte] != 0;
		ck_assert_uint_eq(dirty, 0);
		memset(pieces[i], (int)(i % 251) + 1, size);
	}
	for (size_t i = 1; i < 500; i++)
		ck_assert_uint_eq(pieces[i][0], i % 251 + 1);
}
END_TEST

START_TEST(too_much_is_refused)
{
	kt_autoarena struct kt_arena arena = KT_ARENA_INIT;

	ck_assert_ptr_null(kt_arena_alloc(&arena, SIZE_MAX / 2, 4));
	ck_assert_ptr_null(kt_arena_alloc(&arena, SIZE_MAX, 1));
	ck_assert_ptr_nonnull(kt_arena_alloc(&arena, 0, 8));
}
END_TEST

START_TEST(texts_are_copied)
{
	kt_autoarena struct kt_arena arena = KT_ARENA_INIT;
	char bytes[] = "abc";
	char *copy = kt_arena_copy(&arena, bytes, 2);
	char *text = kt_arena_printf(&arena, "%s-%llu", bytes, (unsigned long long)UINT64_MAX);

	bytes[0] = 'x';
	ck_assert_str_eq(copy, "ab");
	ck_assert_str_eq(text, "abc-18446744073709551615");
	ck_assert_str_eq(kt_arena_copy(&arena, NULL, 0), "");
}
END_TEST

static Suite *suite(void)
{
	Suite *arena = suite_create("arena");
	TCase *tests = tcase_create("all");

	tcase_add_test(tests, pieces_are_aligned_zeroed_and_apart);
	tcase_add_test(tests, too_much_is_refused);
	tcase_add_test(tests, texts_are_copied);
	suite_add_tcase(arena, tests);
	return arena;
}

KT_UNIT_MAIN
