/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/format.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "tests/unit.h"

#define KIB 1024ULL
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)

static const struct kt_units iec = { KT_UNITS_IEC };
static const struct kt_units si = { KT_UNITS_SI };
static const struct kt_units plain = { KT_UNITS_BYTES };

#define SAYS(call, expected)                                 \
	do {                                                 \
		kt_autobuf struct kt_buf out = KT_BUF_INIT;  \
		struct kt_buf *to = &out;                    \
		call;                                        \
		ck_assert_str_eq(kt_buf_text(to), expected); \
	} while (0)

START_TEST(names_keep_their_numbers)
{
	SAYS(kt_format_name("thread-churn#12", 15, "~", to), "thread-churn#12");
	SAYS(kt_format_name("thread-churn#12", 14, "~", to), "thread-chu~#12");
	SAYS(kt_format_name("thread-churn#12", 9, "\u2026", to), "threa\u2026#12");
	SAYS(kt_format_name("thread-churn#12", 5, "~", to), "t~#12");
	/* No room for anything but the number: cut as any other. */
	SAYS(kt_format_name("thread-churn#12", 4, "~", to), "thread-churn#12");
	SAYS(kt_format_name("thread-churn#12", 0, "~", to), "thread-churn#12");
	SAYS(kt_format_name("thread-churn", 5, "~", to), "thread-churn");
	SAYS(kt_format_name("thread#churn", 5, "~", to), "thread#churn");
	SAYS(kt_format_name("f\u00fcr alle#1", 5, "~", to), "f\u00fcr alle#1");
	SAYS(kt_format_name("", 5, "~", to), "");
}
END_TEST

START_TEST(sizes)
{
	SAYS(kt_format_bytes(&iec, 0, to), "0B");
	SAYS(kt_format_bytes(&iec, 1, to), "1B");
	SAYS(kt_format_bytes(&iec, 1023, to), "1023B");
	SAYS(kt_format_bytes(&iec, 1024, to), "1.0KiB");
	SAYS(kt_format_bytes(&iec, 16 * MIB, to), "16.0MiB");
	SAYS(kt_format_bytes(&iec, 1000 * KIB - 52, to), "999.9KiB");
	SAYS(kt_format_bytes(&iec, 1000 * KIB - 51, to), "1000KiB");
	SAYS(kt_format_bytes(&iec, 1000 * KIB, to), "1000KiB");
	SAYS(kt_format_bytes(&iec, MIB - 513, to), "1023KiB");
	SAYS(kt_format_bytes(&iec, MIB - 512, to), "1.0MiB");
	SAYS(kt_format_bytes(&iec, MIB - 1, to), "1.0MiB");
	SAYS(kt_format_bytes(&iec, GIB - 1, to), "1.0GiB");
	SAYS(kt_format_bytes(&iec, UINT64_MAX, to), "16.0EiB");
	SAYS(kt_format_bytes(&iec, UINT64_MAX / 2, to), "8.0EiB");
	SAYS(kt_format_bytes(&si, 999, to), "999B");
	SAYS(kt_format_bytes(&si, 1000, to), "1.0kB");
	SAYS(kt_format_bytes(&si, 16 * MIB, to), "16.8MB");
	SAYS(kt_format_bytes(&si, 999500, to), "999.5kB");
	SAYS(kt_format_bytes(&si, 999949, to), "999.9kB");
	SAYS(kt_format_bytes(&si, 999950, to), "1.0MB");
	SAYS(kt_format_bytes(&si, UINT64_MAX, to), "18.4EB");
	SAYS(kt_format_bytes(&plain, 16 * MIB, to), "16777216B");
	SAYS(kt_format_bytes(&plain, UINT64_MAX, to), "18446744073709551615B");
}
END_TEST

START_TEST(sizes_are_never_wider_than_eight_columns)
{
	for (unsigned shift = 0; shift < 64; shift++) {
		for (int off = -3; off <= 3; off++) {
			kt_autobuf struct kt_buf out = KT_BUF_INIT;
			uint64_t bytes = (1ULL << shift) - (1ULL << (shift ? shift - 1 : 0)) / 700 +
					 (uint64_t)off;

			kt_format_bytes(&iec, bytes, &out);
			ck_assert_uint_le(out.len, 8);
			kt_buf_reset(&out);
			kt_format_bytes(&si, bytes, &out);
			ck_assert_uint_le(out.len, 8);
			kt_buf_reset(&out);
			kt_format_flow(&iec, bytes, true, &out);
			ck_assert_uint_le(out.len, 8);
		}
	}
}
END_TEST

START_TEST(flows)
{
	SAYS(kt_format_flow(&iec, 0, false, to), "0B");
	SAYS(kt_format_flow(&iec, 0, true, to), "0B");
	SAYS(kt_format_flow(&iec, 1258291, false, to), "+1.2MiB");
	SAYS(kt_format_flow(&iec, 40 * KIB, true, to), "-40KiB");
	SAYS(kt_format_flow(&iec, 10 * KIB - 52, true, to), "-9.9KiB");
	SAYS(kt_format_flow(&iec, 10 * KIB - 51, true, to), "-10KiB");
	SAYS(kt_format_flow(&iec, UINT64_MAX, true, to), "-16EiB");
	SAYS(kt_format_flow(&plain, UINT64_MAX, true, to), "-18446744073709551615B");
}
END_TEST

START_TEST(rate)
{
	SAYS(kt_format_rate(&iec, 0, 1, to), "0B/s");
	SAYS(kt_format_rate(&iec, 1258291, KT_NS_PER_SEC, to), "1.2MiB/s");
	SAYS(kt_format_rate(&iec, 512, KT_NS_PER_SEC / 2, to), "1.0KiB/s");
	SAYS(kt_format_rate(&iec, 1, 2 * KT_NS_PER_SEC, to), "1B/s");
	SAYS(kt_format_rate(&iec, 1, 2 * KT_NS_PER_SEC + 1, to), "<1B/s");
	SAYS(kt_format_rate(&plain, 1, 3 * KT_NS_PER_SEC, to), "<1B/s");
	SAYS(kt_format_rate(&iec, UINT64_MAX, KT_NS_PER_SEC, to), "16.0EiB/s");
	SAYS(kt_format_rate(&iec, UINT64_MAX, UINT64_MAX, to), "953.7MiB/s");
	SAYS(kt_format_rate(&iec, UINT64_MAX, 1, to), "15259YiB/s");
	SAYS(kt_format_rate(&plain, UINT64_MAX, 1, to), "18446744073709551615000000000B/s");
}
END_TEST

START_TEST(duration)
{
	SAYS(kt_format_duration(0, to), "0ns");
	SAYS(kt_format_duration(950, to), "950ns");
	SAYS(kt_format_duration(999, to), "999ns");
	SAYS(kt_format_duration(1000, to), "1.0us");
	SAYS(kt_format_duration(4200, to), "4.2us");
	SAYS(kt_format_duration(9949, to), "9.9us");
	SAYS(kt_format_duration(9950, to), "10us");
	SAYS(kt_format_duration(999499, to), "999us");
	SAYS(kt_format_duration(999500, to), "1.0ms");
	SAYS(kt_format_duration(18 * KT_NS_PER_MS, to), "18ms");
	SAYS(kt_format_duration(999499999, to), "999ms");
	SAYS(kt_format_duration(999500000, to), "1.00s");
	SAYS(kt_format_duration(1520 * KT_NS_PER_MS, to), "1.52s");
	SAYS(kt_format_duration(9994999999, to), "9.99s");
	SAYS(kt_format_duration(9995000000, to), "10.0s");
	SAYS(kt_format_duration(59949999999, to), "59.9s");
	SAYS(kt_format_duration(59950000000, to), "1m00s");
	SAYS(kt_format_duration(724 * KT_NS_PER_SEC, to), "12m04s");
	SAYS(kt_format_duration(3600 * KT_NS_PER_SEC - 500000001, to), "59m59s");
	SAYS(kt_format_duration(3600 * KT_NS_PER_SEC - 500000000, to), "1h00m");
	SAYS(kt_format_duration(11100 * KT_NS_PER_SEC, to), "3h05m");
	SAYS(kt_format_duration(86400 * KT_NS_PER_SEC, to), "1d00h");
	SAYS(kt_format_duration(100 * 86400 * KT_NS_PER_SEC, to), "100d");
	SAYS(kt_format_duration(UINT64_MAX, to), "213504d");
}
END_TEST

START_TEST(counts)
{
	SAYS(kt_format_count(0, to), "0");
	SAYS(kt_format_count(950, to), "950");
	SAYS(kt_format_count(999, to), "999");
	SAYS(kt_format_count(1000, to), "1.0k");
	SAYS(kt_format_count(12300, to), "12.3k");
	SAYS(kt_format_count(999949, to), "999.9k");
	SAYS(kt_format_count(999950, to), "1.0M");
	SAYS(kt_format_count(4500000, to), "4.5M");
	SAYS(kt_format_count(UINT64_MAX, to), "18.4E");
}
END_TEST

START_TEST(times)
{
	ck_assert_int_eq(setenv("TZ", "UTC", 1), 0);
	tzset();
	SAYS(kt_format_clock(43384 * KT_NS_PER_SEC, to), "12:03:04");
	SAYS(kt_format_clock(UINT64_MAX, to), "23:34:33");
	SAYS(kt_format_moment(0, to), "0:00.000");
	SAYS(kt_format_moment(12250 * KT_NS_PER_MS, to), "0:12.250");
	SAYS(kt_format_moment(12250 * KT_NS_PER_MS - 1, to), "0:12.249");
	SAYS(kt_format_moment(3600 * KT_NS_PER_SEC - 1, to), "59:59.999");
	SAYS(kt_format_moment(3723 * KT_NS_PER_SEC, to), "1:02:03.000");
	SAYS(kt_format_moment(UINT64_MAX, to), "5124095:34:33.709");
}
END_TEST

static uint64_t parsed(const char *text, uint64_t end_ns)
{
	uint64_t value = 0;

	ck_assert_msg(kt_format_parse_moment(text, end_ns, &value), "%s", text);
	return value;
}

START_TEST(moments_that_are_typed)
{
	ck_assert_uint_eq(parsed("12.5", 0), 12500 * KT_NS_PER_MS);
	ck_assert_uint_eq(parsed("12.5s", 0), 12500 * KT_NS_PER_MS);
	ck_assert_uint_eq(parsed("0", 0), 0);
	ck_assert_uint_eq(parsed("90", 0), 90 * KT_NS_PER_SEC);
	ck_assert_uint_eq(parsed("1:02.5", 0), 62500 * KT_NS_PER_MS);
	ck_assert_uint_eq(parsed("90:00", 0), 5400 * KT_NS_PER_SEC);
	ck_assert_uint_eq(parsed("1:02:03.000", 0), 3723 * KT_NS_PER_SEC);
	ck_assert_uint_eq(parsed("0:59:59.9", 0), 3599900 * KT_NS_PER_MS);
	ck_assert_uint_eq(parsed("0.0000000019", 0), 1);
	ck_assert_uint_eq(parsed("18446744073.709551615", 0), UINT64_MAX);
	ck_assert_uint_eq(parsed("begin", 7), 0);
	ck_assert_uint_eq(parsed("end", UINT64_MAX), UINT64_MAX);
	ck_assert_uint_eq(parsed("0%", UINT64_MAX), 0);
	ck_assert_uint_eq(parsed("50%", 1000), 500);
	ck_assert_uint_eq(parsed("12.5%", 1000), 125);
	ck_assert_uint_eq(parsed("100%", UINT64_MAX), UINT64_MAX);
}
END_TEST

START_TEST(moments_that_are_none)
{
	static const char *const texts[] = {
		"",
		" ",
		"-1",
		"+1",
		"1 ",
		"x",
		"12.5x",
		"12..5",
		".",
		"1.",
		".5",
		"1:",
		":1",
		"1:60",
		"1:2s",
		"1:2:",
		"1:60:00",
		"1:2:3:4",
		"101%",
		"100.000000001%",
		"%",
		"1:0%",
		"5%%",
		"12ss",
		"End",
		"1e3",
		"0x10",
		"18446744073.709551616",
		"99999999999999999999999999999999999999999",
		"4294967296:00",
		"5124096:00:00",
	};
	uint64_t value = 42;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ck_assert_msg(!kt_format_parse_moment(texts[i], 1000, &value), "%s", texts[i]);
		ck_assert_uint_eq(value, 42);
	}
}
END_TEST

START_TEST(styles)
{
	enum kt_unit_style style = KT_UNITS_IEC;

	for (unsigned i = 0; i < KT_UNIT_STYLE_COUNT; i++) {
		ck_assert(kt_unit_style_find(kt_unit_style_word((enum kt_unit_style)i), &style));
		ck_assert_uint_eq(style, i);
	}
	ck_assert(kt_unit_style_find("si", &style));
	ck_assert_int_eq(style, KT_UNITS_SI);
	ck_assert(!kt_unit_style_find("metric", &style));
	ck_assert_int_eq(style, KT_UNITS_SI);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("format");
	TCase *tcase = tcase_create("format");

	tcase_add_test(tcase, names_keep_their_numbers);
	tcase_add_test(tcase, sizes);
	tcase_add_test(tcase, sizes_are_never_wider_than_eight_columns);
	tcase_add_test(tcase, flows);
	tcase_add_test(tcase, rate);
	tcase_add_test(tcase, duration);
	tcase_add_test(tcase, counts);
	tcase_add_test(tcase, times);
	tcase_add_test(tcase, moments_that_are_typed);
	tcase_add_test(tcase, moments_that_are_none);
	tcase_add_test(tcase, styles);
	suite_add_tcase(suite, tcase);
	return suite;
}

KT_UNIT_MAIN
