/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What programs elsewhere leave behind on our terminal, and what puts it in order. */
#include "tests/unit.h"

#include <string.h>

#include "tui/terminal/leftovers.h"

static const struct {
	const char *bytes;
	const char *undo;
} cases[] = {
	{ "", "" },
	{ "text\r\n", "" },
	{ "text", "\r\n" },
	{ "\033[1;31mred\r\n", "\033[m" },
	{ "\033[?1049h", "\033[?1049l" },
	{ "\033[?1049h\033[?25l", "\033[?25h\033[?1049l" },
	{ "\033[?1049h\033[?1049l", "" },
	{ "\033[?25l\033[?25h", "" },
	{ "\033[?1;2004h", "\033[?1l\033[?2004l" },
	{ "\033[?1000h\033[?1006h\033[?1000l", "\033[?1006l" },
	{ "\033[?7l", "\033[?7h" },
	{ "\033[?9999h\033[25l\033[4h\033[2J\033[H", "" },
	{ "\033[?99999999999999999991049h", "" },
	{ "\033]0;title\r\n", "" },
	{ "\033\033[?25l", "\033[?25h" },
	{ "\033[?1\033[?25l", "\033[?25h" },
	/* Cut in the middle: the rest will not come. */
	{ "\033", "\030" },
	{ "\033[?104", "\030" },
	{ "x\033[?25l\033[?1049", "\030\033[?25h\r\n" },
};

START_TEST(in_pieces_of_any_size)
{
	size_t len = strlen(cases[_i].bytes);

	for (size_t piece = 1; piece <= len + 1; piece++) {
		struct kt_leftovers leftovers = { 0 };
		kt_autobuf struct kt_buf undo = KT_BUF_INIT;
		for (size_t at = 0; at < len; at += piece)
			(void)kt_leftovers_feed(&leftovers, cases[_i].bytes + at,
						len - at < piece ? len - at : piece);
		kt_leftovers_put_undo(&leftovers, &undo);
		ck_assert_str_eq(kt_buf_text(&undo), cases[_i].undo);
	}
}
END_TEST

START_TEST(changes_are_told)
{
	struct kt_leftovers leftovers = { 0 };

	ck_assert(!kt_leftovers_feed(&leftovers, "text\r\n", 6));
	ck_assert(kt_leftovers_feed(&leftovers, "\033[?25l", 6));
	ck_assert(!kt_leftovers_feed(&leftovers, "\033[?25l", 6));
	ck_assert(kt_leftovers_feed(&leftovers, "\033[?25h", 6));
	ck_assert(kt_leftovers_feed(&leftovers, "\033[m", 3));
}
END_TEST

/* All of them at once fit into what the guard keeps. */
START_TEST(the_longest)
{
	static const char all[] = "x\033[m\033[?1;1000;1002;1003;1004;1005;1006;1015;2004;47;1047;"
				  "1049h\033[?7;25l\033[?";
	struct kt_leftovers leftovers = { 0 };
	kt_autobuf struct kt_buf undo = KT_BUF_INIT;

	(void)kt_leftovers_feed(&leftovers, all, sizeof(all) - 1);
	kt_leftovers_put_undo(&leftovers, &undo);
	ck_assert_uint_gt(undo.len, 80);
	ck_assert_uint_lt(undo.len, 256);
	ck_assert_ptr_nonnull(strstr(undo.data, "\033[?1047l\033[?1049l\r\n"));
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("leftovers");
	TCase *tests = tcase_create("leftovers");

	tcase_add_loop_test(tests, in_pieces_of_any_size, 0, sizeof(cases) / sizeof(*cases));
	tcase_add_test(tests, changes_are_told);
	tcase_add_test(tests, the_longest);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
