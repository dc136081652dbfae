/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <string.h>

#include "guest/protocol.h"

START_TEST(frames_survive_any_cut)
{
	kt_autobuf struct kt_buf stream = KT_BUF_INIT;
	struct kt_frame frame;
	size_t used;

	kt_frame_put_message(&stream, "{\"do\":\"x\"}", 10);
	size_t first = stream.len;
	kt_frame_put_output(&stream, 0xfffefdfc, KT_STREAM_STDERR, "\0\xff", 2);
	size_t second = stream.len;
	kt_frame_put_input(&stream, 0xfcfdfeff, "\0\xfe", 2);
	kt_frame_put_input(&stream, 1, NULL, 0);
	for (size_t len = 0; len < first; len++) {
		KT_OK(kt_frame_decode(stream.data, len, &frame, &used));
		ck_assert_uint_eq(used, 0);
	}
	KT_OK(kt_frame_decode(stream.data, stream.len, &frame, &used));
	ck_assert_uint_eq(used, first);
	ck_assert_int_eq(frame.type, KT_FRAME_MESSAGE);
	ck_assert_uint_eq(frame.len, 10);
	KT_OK(kt_frame_decode(stream.data + used, stream.len - used, &frame, &used));
	ck_assert_int_eq(frame.type, KT_FRAME_OUTPUT);
	ck_assert_uint_eq(frame.process_id, 0xfffefdfc);
	ck_assert_int_eq(frame.stream, KT_STREAM_STDERR);
	ck_assert_uint_eq(frame.len, 2);
	ck_assert(!memcmp(frame.payload, "\0\xff", 2));
	ck_assert_uint_eq(first + used, second);
	KT_OK(kt_frame_decode(stream.data + second, stream.len - second, &frame, &used));
	ck_assert_int_eq(frame.type, KT_FRAME_INPUT);
	ck_assert_uint_eq(frame.process_id, 0xfcfdfeff);
	ck_assert_uint_eq(frame.len, 2);
	ck_assert(!memcmp(frame.payload, "\0\xfe", 2));
	second += used;
	KT_OK(kt_frame_decode(stream.data + second, stream.len - second, &frame, &used));
	ck_assert_int_eq(frame.type, KT_FRAME_INPUT);
	ck_assert_uint_eq(frame.len, 0);
	ck_assert_uint_eq(second + used, stream.len);
}
END_TEST

static struct kt_error *decode(const char *bytes, size_t len)
{
	struct kt_frame frame;
	size_t used;

	return kt_frame_decode(bytes, len, &frame, &used);
}

START_TEST(garbage_is_refused_at_once)
{
	KT_FAILS(decode("x", 1), KT_ERROR_PROTOCOL, "no frame");
	KT_FAILS(decode("Kx", 2), KT_ERROR_PROTOCOL, "no frame");
	KT_FAILS(decode("Kt\x02", 3), KT_ERROR_PROTOCOL, "version");
	KT_FAILS(decode("Kt\x01X", 4), KT_ERROR_PROTOCOL, "unknown type");
	KT_FAILS(decode("Kt\x01J\x01\x00\x04\x00", 8), KT_ERROR_PROTOCOL, "too large");
	KT_FAILS(decode("Kt\x01J\xff\xff\xff\xff", 8), KT_ERROR_PROTOCOL, "too large");
	KT_FAILS(decode("Kt\x01"
			"D\x04\x00\x00\x00....",
			12),
		 KT_ERROR_PROTOCOL, "broken output");
	KT_FAILS(decode("Kt\x01"
			"D\x05\x00\x00\x00....\x02",
			13),
		 KT_ERROR_PROTOCOL, "broken output");
	KT_FAILS(decode("Kt\x01I\x03\x00\x00\x00...", 11), KT_ERROR_PROTOCOL, "broken input");
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("protocol");
	TCase *tests = tcase_create("protocol");

	tcase_add_test(tests, frames_survive_any_cut);
	tcase_add_test(tests, garbage_is_refused_at_once);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
