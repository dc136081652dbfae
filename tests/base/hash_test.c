/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <string.h>

#include "base/hash.h"

static void check_hash(const char *bytes, const char *expected)
{
	char text[KT_HASH_TEXT_SIZE];
	size_t len = strlen(bytes);

	/* Every way to cut it in two gives the same. */
	for (size_t cut = 0; cut <= len; cut++) {
		struct kt_hash hash = { 0 };
		kt_hash_update(&hash, bytes, cut);
		kt_hash_update(&hash, bytes + cut, len - cut);
		kt_hash_text(&hash, text);
		ck_assert_str_eq(text, expected);
	}
}

START_TEST(known_answers)
{
	check_hash("", "00000000000000000000000000000000");
	check_hash("hello", "cbd8a7b341bd9b025b1e906a48ae1d19");
	check_hash("hello, world", "342fac623a5ebc8e4cdcbc079642414d");
	check_hash("The quick brown fox jumps over the lazy dog.",
		   "cd99481f9ee902c9695da1a38987b6e7");
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("hash");
	TCase *tests = tcase_create("hash");

	tcase_add_test(tests, known_answers);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
