/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "tests/random.h"
#include "tests/unit.h"
#include "tui/terminal/decoder.h"
#include "tui/terminal/screen.h"

static void note_key(void *ctx, uint32_t key)
{
	kt_buf_printf(ctx, "%x ", key);
}

static void note_click(void *ctx, unsigned row, unsigned column)
{
	kt_buf_printf(ctx, "click:%u,%u ", row, column);
}

static const struct kt_decoder_handler notes = { .on_key = note_key, .on_click = note_click };

static void check_keys(const char *bytes, size_t len, const char *expected)
{
	/* At once, and byte by byte: the same. */
	for (size_t step = 1; step <= len; step += len > 1 ? len - 1 : 1) {
		kt_autobuf struct kt_buf out = KT_BUF_INIT;
		struct kt_decoder decoder = { 0 };
		kt_decoder_add(&decoder, "\033[[A", 0x1234);
		kt_decoder_add(&decoder, NULL, 1);
		kt_decoder_add(&decoder, "", 1);
		for (size_t at = 0; at < len; at += step)
			kt_decoder_feed(&decoder, bytes + at, len - at < step ? len - at : step,
					&notes, &out);
		kt_decoder_flush(&decoder, &notes, &out);
		ck_assert(!kt_decoder_is_pending(&decoder));
		ck_assert_str_eq(kt_buf_text(&out), expected);
	}
}

#define KEYS(bytes, expected) check_keys(bytes, sizeof(bytes) - 1, expected)

START_TEST(characters)
{
	KEYS("aB", "61 42 ");
	KEYS("\r\n\b\177\t\003", "a a 7f 7f 9 3 ");
	KEYS("\u00e9\u4e2d\U0001f600", "e9 4e2d 1f600 ");
	/* 11000c is KT_KEY_NONE. */
	ck_assert_uint_eq(KT_KEY_NONE, 0x11000c);
	KEYS("\xff.\xc3.\xed\xa0\x80", "11000c 2e 11000c 2e 11000c 11000c 11000c ");
	KEYS("\xe4\xb8", "11000c 11000c ");
	check_keys("\0", 1, "11000c ");
}
END_TEST

START_TEST(escapes)
{
	KEYS("\033", "1b ");
	KEYS("\033\033", "1b 1b ");
	KEYS("\033j", "1b 6a ");
	KEYS("\033[", "1b 5b ");
	KEYS("\033[A\033OB\033[1;5C\033[D", "110000 110001 110003 110002 ");
	KEYS("\033[5~\033[6~\033[3~\033[1~\033OF\033[Z",
	     "110004 110005 110008 110006 110007 110009 ");
	KEYS("\033[15~\033[?62;1c", "11000c 11000c ");
	KEYS("\033[[A\033[[", "1234 11000c ");
	KEYS("\033[1\033[A", "11000c 110000 ");
}
END_TEST

START_TEST(mouse)
{
	KEYS("\033[<0;5;3M\033[<0;5;3m", "click:2,4 ");
	KEYS("\033[<64;1;1M\033[<65;1;1M", "11000a 11000b ");
	KEYS("\033[<0;99999999999999999999;1M\033[<0;0;0M\033[<;;M", "");
	KEYS("\033[M !\"", "click:1,0 ");
	KEYS("\033[M\140!!", "11000a ");
}
END_TEST

START_TEST(too_long)
{
	char bytes[300];

	memset(bytes, '1', sizeof(bytes));
	memcpy(bytes, "\033[", 2);
	memcpy(bytes + sizeof(bytes) - 2, "mx", 2);
	check_keys(bytes, sizeof(bytes), "78 ");
}
END_TEST

START_TEST(any_bytes)
{
	static const char pieces[] = "\033\033\033[[O<M;0159~ABZm\xe4\xb8\xff\x80q";
	kt_autobuf struct kt_buf out = KT_BUF_INIT;
	struct kt_decoder decoder = { 0 };
	uint64_t state = KT_RANDOM_SEED;

	for (unsigned i = 0; i < 300000; i++) {
		char byte = pieces[kt_random_next(&state) % (sizeof(pieces) - 1)];
		kt_decoder_feed(&decoder, &byte, 1, &notes, &out);
		ck_assert_uint_lt(decoder.pending_len, KT_DECODER_MAX_BYTES);
		if (!(kt_random_next(&state) % 50)) {
			kt_decoder_flush(&decoder, &notes, &out);
			ck_assert(!kt_decoder_is_pending(&decoder));
		}
		kt_buf_reset(&out);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("decoder");
	TCase *tc = tcase_create("decoder");

	tcase_add_test(tc, characters);
	tcase_add_test(tc, escapes);
	tcase_add_test(tc, mouse);
	tcase_add_test(tc, too_long);
	tcase_add_test(tc, any_bytes);
	suite_add_tcase(s, tc);
	return s;
}

KT_UNIT_MAIN
