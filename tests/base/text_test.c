/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <string.h>

#include "base/tail.h"
#include "base/text.h"

START_TEST(u64_is_strict)
{
	uint64_t value = 7;

	ck_assert(kt_text_parse_u64("18446744073709551615", &value));
	ck_assert(value == UINT64_MAX);
	ck_assert(!kt_text_parse_u64("18446744073709551616", &value));
	ck_assert(!kt_text_parse_u64("", &value));
	ck_assert(!kt_text_parse_u64("-1", &value));
	ck_assert(!kt_text_parse_u64("1 ", &value));
	ck_assert(!kt_text_parse_u64("0x10", &value));
	ck_assert(value == UINT64_MAX);
}
END_TEST

START_TEST(utf8_forms)
{
	ck_assert(kt_text_is_utf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 10));
	ck_assert(!kt_text_is_utf8("\xc0\x80", 2));
	ck_assert(!kt_text_is_utf8("\xed\xa0\x80", 3));
	ck_assert(!kt_text_is_utf8("\xf4\x90\x80\x80", 4));
	ck_assert(!kt_text_is_utf8("\xe2\x82", 2));
}
END_TEST

START_TEST(sanitized_is_clean_and_bounded)
{
	char bytes[256];
	kt_autobuf struct kt_buf out = KT_BUF_INIT;

	for (int i = 0; i < 256; i++)
		bytes[i] = (char)i;
	kt_text_sanitize(&out, bytes, sizeof(bytes), 4096, false);
	ck_assert(kt_text_is_utf8(out.data, out.len));
	for (size_t i = 0; i < out.len; i++)
		ck_assert((unsigned char)out.data[i] >= 0x20 && out.data[i] != 0x7f);

	kt_buf_reset(&out);
	kt_text_sanitize(&out, "\x1b[31m\xc3\xa4\xc3\xa4", 9, 9, false);
	ck_assert_str_eq(kt_buf_text(&out), "\xef\xbf\xbd[31m\xc3\xa4");
	kt_buf_reset(&out);
	kt_text_sanitize(&out, "a\nb", 3, 9, true);
	ck_assert_str_eq(kt_buf_text(&out), "a\nb");
}
END_TEST

START_TEST(tail_keeps_the_end)
{
	struct kt_tail tail;
	size_t len;

	kt_tail_init(&tail, 4);
	for (int i = 0; i < 100; i++)
		kt_tail_append(&tail, "abc", 3);
	kt_tail_append(&tail, "xyz", 3);
	ck_assert(!memcmp(kt_tail_bytes(&tail, &len), "cxyz", 4));
	ck_assert_uint_eq(len, 4);
	kt_tail_append(&tail, "0123456789", 10);
	ck_assert(!memcmp(kt_tail_bytes(&tail, &len), "6789", 4));
	ck_assert_uint_eq(tail.total_bytes, 313);
	kt_tail_deinit(&tail);
}
END_TEST

START_TEST(units)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;

	kt_text_format_bytes(&out, 16777216);
	kt_buf_putc(&out, ' ');
	kt_text_format_bytes(&out, UINT64_MAX);
	kt_buf_putc(&out, ' ');
	kt_text_format_duration(&out, 1520000000);
	kt_buf_putc(&out, ' ');
	kt_text_format_duration(&out, 44600000);
	ck_assert_str_eq(kt_buf_text(&out), "16.0 MiB 16.0 EiB 1.52 s 44.6 ms");
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("text");
	TCase *tests = tcase_create("text");

	tcase_add_test(tests, u64_is_strict);
	tcase_add_test(tests, utf8_forms);
	tcase_add_test(tests, sanitized_is_clean_and_bounded);
	tcase_add_test(tests, tail_keeps_the_end);
	tcase_add_test(tests, units);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
