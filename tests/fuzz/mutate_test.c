/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seeded mutations of valid input through every reader of foreign bytes: the same ones on
 * every machine, so that a crash can be repeated.  The long search is libFuzzer's.
 */
#include "tests/unit.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "probe/read/btf.h"
#include "probe/resolve/dwarf.h"
#include "probe/resolve/tls_image.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/elf_image.h"
#include "tests/fuzz/memory_targets.h"
#include "tests/fuzz/targets.h"
#include "tests/random.h"

enum {
	ROUNDS = 20000,
	MAX_BYTES = 4096
};

static uint64_t state;

static uint64_t next_random(void)
{
	return kt_random_next(&state);
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
	kt_autobuf struct kt_buf seed = KT_BUF_INIT;

	fuzz_target_seed(target, &seed);
	state = KT_RANDOM_SEED + (uint64_t)_i;
	target->read("", 0);
	for (int round = 0; round < ROUNDS; round++) {
		kt_autobuf struct kt_buf bytes = KT_BUF_INIT;
		kt_buf_append(&bytes, seed.data, seed.len);
		for (uint64_t i = next_random() % 6; i; i--)
			mutate(&bytes);
		target->read(kt_buf_text(&bytes), bytes.len);
	}
}
END_TEST

/* What a fuzzer found once does not come back. */
START_TEST(kept_inputs)
{
	const struct fuzz_target *target = &fuzz_targets[_i];
	kt_autobuf struct kt_buf path = KT_BUF_INIT;
	kt_autobuf struct kt_buf bytes = KT_BUF_INIT;
	bool is_more = true;

	kt_buf_printf(&path, "%s/%s.hex", KT_CORPUS, target->name);
	kt_autofclose FILE *file = fopen(kt_buf_text(&path), "re");
	ck_assert_msg(file, "%s", path.data);
	for (;;) {
		KT_OK(corpus_next(file, &bytes, &is_more));
		if (!is_more)
			break;
		target->read(kt_buf_text(&bytes), bytes.len);
	}
}
END_TEST

/* A seed that is refused at once would lead nowhere. */
START_TEST(elf_seed_is_understood)
{
	kt_autobuf struct kt_buf image = KT_BUF_INIT;
	kt_autobuf struct kt_buf build_id = KT_BUF_INIT;
	kt_autoelf struct kt_elf file = { .fd = -1 };
	struct kt_counter_offsets offsets;
	struct kt_tls_symbol symbol;
	struct kt_debuglink link;

	elf_image_seed(&image);
	KT_OK(kt_elf_open_memory(image.data, image.len, "seed", &file));
	ck_assert(kt_elf_tls_symbol(&file, &symbol));
	ck_assert_str_eq(symbol.name, "je_tsd_tls");
	ck_assert(kt_elf_build_id(&file, &build_id));
	ck_assert_str_eq(build_id.data, "abcdef0102030405");
	ck_assert(kt_elf_debuglink(&file, &link));
	ck_assert_str_eq(link.name, "t.debug");
	KT_OK(kt_dwarf_read_offsets(&file, "seed", &offsets));
	ck_assert_uint_eq(offsets.allocated, 824);
	ck_assert_uint_eq(offsets.deallocated, 840);
	ck_assert_str_eq(offsets.found_by, "cu-name");
}
END_TEST

START_TEST(memory_seeds_are_understood)
{
	kt_autobuf struct kt_buf bytes = KT_BUF_INIT;
	struct kt_btf_member member;
	struct kt_tls_image image;
	struct kt_btf btf;

	fuzz_seed_tls_image(&bytes);
	ck_assert(kt_tls_image_find((const unsigned char *)bytes.data, bytes.len, 2632, &image));
	ck_assert_uint_eq(image.allocated_at, 24 * 16 + 8);
	kt_buf_reset(&bytes);
	fuzz_seed_btf(&bytes);
	KT_OK(kt_btf_parse(bytes.data, bytes.len, "bpf_iter_task", &btf));
	uint32_t task = kt_btf_pointee(&btf, kt_btf_parameter(&btf, 1));
	ck_assert(kt_btf_find_member(&btf, task, "thread.fsbase", &member));
	ck_assert_uint_eq(member.offset_bytes, 16);
	kt_btf_deinit(&btf);
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
	tcase_add_loop_test(tests, kept_inputs, 0, count);
	tcase_add_test(tests, elf_seed_is_understood);
	tcase_add_test(tests, memory_seeds_are_understood);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
