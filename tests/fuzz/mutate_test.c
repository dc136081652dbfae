/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seeded mutations of valid input through every reader of foreign bytes: the same ones on
 * every machine, so that a crash can be repeated.  The long search is libFuzzer's.
 */
#include "tests/unit.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "tests/fuzz/targets.h"

enum {
	ROUNDS = 20000,
	MAX_BYTES = 4096
};

static uint64_t state;

/* xorshift64 (Marsaglia 2003). */
static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void mutate(struct kt_buf *bytes)
{
	static const char interesting[] = "{}[]\",:\\0189.eE-+ \n\xff\x7f\x80Kt\x01JD";
	size_t at = bytes->len ? next_random() % bytes->len : 0;
	char byte = interesting[next_random() % (sizeof(interesting) - 1)];

	switch (next_random() % 5) {
	case 0: /* another byte */
		if (bytes->len)
			bytes->data[at] = byte;
		return;
	case 1: /* a bit */
		if (bytes->len)
			bytes->data[at] ^= (char)(1 << next_random() % 8);
		return;
	case 2: /* cut */
		kt_buf_consume(bytes, next_random() % 8);
		return;
	case 3: /* end early */
		bytes->len = at;
		return;
	default: /* repeat a piece */
		if (bytes->len && bytes->len < MAX_BYTES) {
			kt_autobuf struct kt_buf piece = KT_BUF_INIT;
			kt_buf_append(&piece, bytes->data + at, bytes->len - at);
			kt_buf_putc(bytes, byte);
			kt_buf_append(bytes, kt_buf_text(&piece), piece.len);
		}
	}
}

START_TEST(readers_cope_with_anything)
{
	const struct fuzz_target *target = &fuzz_targets[_i];

	state = 0x9e3779b97f4a7c15ULL + (uint64_t)_i;
	target->read("", 0);
	for (int round = 0; round < ROUNDS; round++) {
		kt_autobuf struct kt_buf bytes = KT_BUF_INIT;
		kt_buf_append(&bytes, target->seed, target->seed_len);
		for (uint64_t i = next_random() % 6; i; i--)
			mutate(&bytes);
		target->read(kt_buf_text(&bytes), bytes.len);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("mutate");
	TCase *tests = tcase_create("mutate");
	int count = 0;

	while (fuzz_targets[count].name)
		count++;
	tcase_set_timeout(tests, 600);
	tcase_add_loop_test(tests, readers_cope_with_anything, 0, count);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
