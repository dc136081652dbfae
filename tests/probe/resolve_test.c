/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The resolver's pure parts: the vectors of the contract's appendix A, and more. */
#include "tests/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "probe/resolve/debug_file.h"
#include "probe/resolve/dwarf.h"
#include "probe/resolve/maps.h"
#include "probe/resolve/tls.h"

#define NEAR_TOP (UINT64_MAX - 10)

START_TEST(variant2)
{
	static const struct {
		uint64_t tp, image, symbol, field, expected;
	} good[] = {
		{ 0x7f1234567000, 512, 0x100, 264, 0x7f1234567008 },
		{ 4096, 4096, 0, 0, 0 },
		{ 13000009, 1009, 307, 83, 12999390 },
	};
	uint64_t got = 7;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_int_eq(kt_tls_variant2_address(good[i].tp, good[i].image, good[i].symbol,
							 good[i].field, &got),
				 KT_TLS_OK);
		ck_assert_uint_eq(got, good[i].expected);
	}
	got = 7;
	ck_assert_int_eq(kt_tls_variant2_address(4096, 8192, 0, 0, &got), KT_TLS_BELOW_IMAGE);
	ck_assert_int_eq(kt_tls_variant2_address(UINT64_MAX, 1, 1, 1, &got),
			 KT_TLS_ADDRESS_OVERFLOW);
	ck_assert_uint_eq(got, 7); /* untouched on failure */
}
END_TEST

START_TEST(variant1)
{
	static const struct {
		uint64_t tp, align, symbol, field, expected;
	} good[] = {
		{ 0x7f1234567000, 16, 0x100, 264, 0x7f1234567218 },
		{ 0x1000, 64, 0, 0, 0x1040 },
		{ 0x1000, 16, 0, 0, 0x1010 },
		{ 0x1000, 8, 0, 0, 0x1010 },
		{ 0x1000, 0, 0, 0, 0x1010 },
		{ 13000009, 64, 307, 83, 13000463 },
	};
	uint64_t got = 7;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_int_eq(kt_tls_variant1_address(good[i].tp, good[i].align, 0,
							 good[i].symbol, good[i].field, &got),
				 KT_TLS_OK);
		ck_assert_uint_eq(got, good[i].expected);
	}
	ck_assert_int_eq(kt_tls_variant1_address(NEAR_TOP, 16, 0, 0x100, 0, &got),
			 KT_TLS_ADDRESS_OVERFLOW);
	ck_assert_int_eq(kt_tls_variant1_address(0x1000, UINT64_MAX, 0, 0, 0, &got),
			 KT_TLS_IMAGE_OVERFLOW);
	ck_assert_str_ne(kt_tls_status_text(KT_TLS_IMAGE_OVERFLOW),
			 kt_tls_status_text(KT_TLS_ADDRESS_OVERFLOW));
}
END_TEST

START_TEST(round_up)
{
	static const struct {
		uint64_t value, align, expected;
	} good[] = {
		{ 0, 0, 0 },	  { 0, 1, 0 },	    { UINT64_MAX, 1, UINT64_MAX },
		{ 7, 8, 8 },	  { 8, 8, 8 },	    { 9, 8, 16 },
		{ 500, 16, 512 }, { 512, 16, 512 }, { 513, 16, 528 },
	};
	uint64_t got = 7;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_int_eq(kt_tls_round_up(good[i].value, good[i].align, &got), KT_TLS_OK);
		ck_assert_uint_eq(got, good[i].expected);
	}
	ck_assert_int_eq(kt_tls_round_up(UINT64_MAX, 2, &got), KT_TLS_IMAGE_OVERFLOW);
}
END_TEST

/* The block must lie at an address congruent to PT_TLS's, at the least distance. */
START_TEST(misaligned_image)
{
	for (uint64_t align = 1; align <= 64; align *= 2)
		for (uint64_t vaddr = 0x1000; vaddr < 0x1000 + 2 * align; vaddr++)
			for (uint64_t memsz = 0; memsz < 200; memsz += 7) {
				uint64_t size;
				uint64_t address;
				ck_assert_int_eq(kt_tls_image_size(memsz, align, vaddr, &size), 0);
				ck_assert_uint_ge(size, memsz);
				ck_assert_uint_lt(size, memsz + align);
				ck_assert_uint_eq((0x100000 - size) % align, vaddr % align);
				ck_assert_int_eq(kt_tls_variant1_address(0x100000, align, vaddr, 0,
									 0, &address),
						 0);
				ck_assert_uint_ge(address, 0x100010);
				ck_assert_uint_lt(address, 0x100010 + align);
				ck_assert_uint_eq(address % align, vaddr % align);
			}
}
END_TEST

START_TEST(offsets)
{
	KT_OK(kt_counter_offsets_check(264, 280));
	KT_OK(kt_counter_offsets_check(104, 112));
	KT_FAILS(kt_counter_offsets_check(280, 264), KT_ERROR_PROBE, "unexpected layout");
	KT_FAILS(kt_counter_offsets_check(104, 104), KT_ERROR_PROBE, "unexpected layout");
	KT_FAILS(kt_counter_offsets_check(101, 109), KT_ERROR_PROBE, "unexpected layout");
	KT_FAILS(kt_counter_offsets_check(0, UINT64_MAX - 7), KT_ERROR_PROBE, "unexpected layout");
}
END_TEST

static bool parse_map(const char *line, struct kt_mapping *ret, char copy[static 256])
{
	strcpy(copy, line);
	return kt_mapping_parse(copy, ret);
}

START_TEST(maps_lines)
{
	struct kt_mapping map;
	char copy[256];

	ck_assert(parse_map("5500-5600 r-xp 00001000 fe:01 42                 /usr/bin/a b  c",
			    &map, copy));
	ck_assert_str_eq(map.path, "/usr/bin/a b  c");
	ck_assert_uint_eq(map.start, 0x5500);
	ck_assert_uint_eq(map.end, 0x5600);
	ck_assert_uint_eq(map.inode, 42);
	ck_assert(!map.is_deleted);
	ck_assert(parse_map("5500-5600 r-xp 0 fe:01 42 /usr/bin/x (deleted)", &map, copy));
	ck_assert_str_eq(map.path, "/usr/bin/x");
	ck_assert(map.is_deleted);
	ck_assert(map.is_executable);
	ck_assert(parse_map("5500-5600 rw-p 00001000 fe:01 42 /usr/bin/a", &map, copy));
	ck_assert(!map.is_executable);
	ck_assert_uint_eq(map.offset, 0x1000);
	ck_assert(!parse_map("5500-5600 r-xp 00000000 00:00 0", &map, copy));
	ck_assert(!parse_map("5500-5600 r-xp 00000000 00:00 0 ", &map, copy));
	ck_assert(!parse_map("5500-5600 rw-p 00000000 00:00 0    [stack]", &map, copy));
	ck_assert(!parse_map("5500-5600 r-xp 00000000 00:00 0    [vdso]", &map, copy));
	ck_assert(!parse_map("", &map, copy));
	ck_assert(!parse_map("5500-5600 r-", &map, copy));
	ck_assert(!parse_map("fffffffffffffffff-1 r-xp 0 fe:01 42 /x", &map, copy));
}
END_TEST

static void expect_candidates(const char *target, const char *build_id, const char *link,
			      const char *expected)
{
	struct kt_debug_candidates list;
	kt_autobuf struct kt_buf all = KT_BUF_INIT;

	KT_OK(kt_debug_candidates_list(target, build_id, link, &list));
	for (size_t i = 0; i < list.count; i++)
		kt_buf_printf(&all, "%s ", list.paths[i]);
	ck_assert_str_eq(kt_buf_text(&all), expected);
	kt_debug_candidates_deinit(&list);
}

#define BY_ID	"/usr/lib/debug/.build-id/ab/cdef0123456789.debug "
#define BY_LINK "/usr/bin/T.debug /usr/bin/.debug/T.debug /usr/lib/debug/usr/bin/T.debug "

START_TEST(candidates)
{
	expect_candidates("/usr/bin/T", "abcdef0123456789", "T.debug", BY_ID BY_LINK);
	expect_candidates("/usr/bin/T", "abcdef0123456789", NULL, BY_ID);
	expect_candidates("/usr/bin/T", NULL, "T.debug", BY_LINK);
	expect_candidates("/usr/bin/T", "", "T.debug", BY_LINK);
	expect_candidates("/usr/bin/T", "a", "T.debug", BY_LINK);
	expect_candidates("/usr/bin/T", "ab", NULL, "/usr/lib/debug/.build-id/ab/.debug ");
	expect_candidates("/usr/bin/T", NULL, NULL, "");
	expect_candidates("./T", "abcdef0123456789", "T.debug",
			  BY_ID "./T.debug ./.debug/T.debug ");
	expect_candidates("/", "abcdef0123456789", "T.debug", BY_ID);
}
END_TEST

START_TEST(checksum)
{
	char name[] = "/tmp/kt-crc-test.XXXXXX";
	kt_autoclose int fd = mkstemp(name);
	uint32_t crc = 0;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(unlink(name), 0);
	KT_OK(kt_debug_file_crc(fd, name, &crc));
	ck_assert_uint_eq(crc, 0);
	/* The check value of CRC-32: nine digits, so both the fast and the slow step run. */
	ck_assert_int_eq(write(fd, "123456789", 9), 9);
	KT_OK(kt_debug_file_crc(fd, name, &crc));
	ck_assert_uint_eq(crc, 0xcbf43926);
	KT_FAILS(kt_debug_file_crc(-1, "gone", &crc), KT_ERROR_IO, "gone");
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("resolve");
	TCase *tests = tcase_create("resolve");

	tcase_add_test(tests, variant2);
	tcase_add_test(tests, variant1);
	tcase_add_test(tests, round_up);
	tcase_add_test(tests, misaligned_image);
	tcase_add_test(tests, offsets);
	tcase_add_test(tests, maps_lines);
	tcase_add_test(tests, candidates);
	tcase_add_test(tests, checksum);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
