/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of --shell that are not the guest's. */
#include "tests/unit.h"

#include <string.h>

#include "top/shell/escape.h"

static const struct {
	const char *keys;
	const char *passed;
	bool is_end;
} cases[] = {
	{ "", "", false },	     { "ls\r", "ls\r", false },
	{ "~.", "", true },	     { "~.rest", "", true },
	{ "ls\r~.", "ls\r", true },  { "ls\n~.", "ls\n", true },
	{ "ls ~.", "ls ~.", false }, { "ls~.\r", "ls~.\r", false },
	{ "~~.", "~.", false },	     { "~~", "~", false },
	{ "~~~.", "~~.", false },    { "~/x\r", "~/x\r", false },
	{ "~\r~.", "~\r", true },    { "~\r\r~~\r~.", "~\r\r~\r", true },
	{ "\r~", "\r", false }, /* the next key decides */
	{ ".~.", ".~.", false },
};

/* However they are cut, as a paste or a slow line does. */
START_TEST(keys_in_pieces_of_any_size)
{
	size_t len = strlen(cases[_i].keys);

	for (size_t piece = 1; piece <= len + 1; piece++) {
		struct kt_escape escape = { 0 };
		kt_autobuf struct kt_buf out = KT_BUF_INIT;
		bool is_end = false;
		for (size_t at = 0; at < len && !is_end; at += piece)
			is_end = kt_escape_feed(&escape, cases[_i].keys + at,
						len - at < piece ? len - at : piece, &out);
		ck_assert_int_eq(is_end, cases[_i].is_end);
		ck_assert_str_eq(kt_buf_text(&out), cases[_i].passed);
	}
}
END_TEST

START_TEST(bytes_that_are_no_text)
{
	struct kt_escape escape = { 0 };
	kt_autobuf struct kt_buf out = KT_BUF_INIT;

	ck_assert(!kt_escape_feed(&escape, "\0\xff~.", 4, &out));
	ck_assert_uint_eq(out.len, 4);
	ck_assert(!memcmp(out.data, "\0\xff~.", 4));
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("escape");
	TCase *tests = tcase_create("escape");

	tcase_add_loop_test(tests, keys_in_pieces_of_any_size, 0, sizeof(cases) / sizeof(*cases));
	tcase_add_test(tests, bytes_that_are_no_text);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
