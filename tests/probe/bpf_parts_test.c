/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of the BPF engine that need no kernel: its reading of BTF, and of what it finds. */
#include "tests/unit.h"

#include <string.h>

#include "probe/read/bpf_rows.h"

START_TEST(state_letters)
{
	ck_assert_int_eq(kt_bpf_state_letter(0, 0), 'R');
	ck_assert_int_eq(kt_bpf_state_letter(1, 0), 'S');
	ck_assert_int_eq(kt_bpf_state_letter(0x2001, 0), 'S'); /* freezable */
	ck_assert_int_eq(kt_bpf_state_letter(2, 0), 'D');
	ck_assert_int_eq(kt_bpf_state_letter(0x102, 0), 'D'); /* killable */
	ck_assert_int_eq(kt_bpf_state_letter(4, 0), 'T');
	ck_assert_int_eq(kt_bpf_state_letter(8, 0), 't');
	ck_assert_int_eq(kt_bpf_state_letter(0, 0x10), 'X');
	ck_assert_int_eq(kt_bpf_state_letter(0, 0x20), 'Z');
	ck_assert_int_eq(kt_bpf_state_letter(0x40, 0), 'P');
	ck_assert_int_eq(kt_bpf_state_letter(0x402, 0), 'I');
}
END_TEST

/* As cputime_adjust() of the kernel divides. */
START_TEST(divided_time)
{
	struct kt_bpf_record record = { .run_ns = 1000, .utime_ns = 3, .stime_ns = 1 };
	uint64_t utime_ns;
	uint64_t stime_ns;

	kt_bpf_divide_time(&record, &utime_ns, &stime_ns);
	ck_assert_uint_eq(utime_ns, 750);
	ck_assert_uint_eq(stime_ns, 250);
	/* The share of the system falls: what was shown does not go back. */
	record.run_ns = 1100;
	record.utime_ns = 30;
	kt_bpf_divide_time(&record, &utime_ns, &stime_ns);
	ck_assert_uint_eq(utime_ns, 850);
	ck_assert_uint_eq(stime_ns, 250);
	/* Others were shown more by the kernel. */
	record.prev_utime_ns = 900;
	record.prev_stime_ns = 300;
	kt_bpf_divide_time(&record, &utime_ns, &stime_ns);
	ck_assert_uint_eq(utime_ns, 900);
	ck_assert_uint_eq(stime_ns, 300);
	record = (struct kt_bpf_record){ .run_ns = 500, .stime_ns = 9 };
	kt_bpf_divide_time(&record, &utime_ns, &stime_ns);
	ck_assert_uint_eq(stime_ns, 500);
	record = (struct kt_bpf_record){ .run_ns = 500 };
	kt_bpf_divide_time(&record, &utime_ns, &stime_ns);
	ck_assert_uint_eq(utime_ns, 500);
	record = (struct kt_bpf_record){ .run_ns = UINT64_MAX,
					 .utime_ns = UINT64_MAX,
					 .stime_ns = UINT64_MAX };
	kt_bpf_divide_time(&record, &utime_ns, &stime_ns);
	ck_assert_uint_eq(stime_ns, UINT64_MAX / 2);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("bpf_parts");
	TCase *tests = tcase_create("bpf_parts");

	tcase_add_test(tests, state_letters);
	tcase_add_test(tests, divided_time);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
