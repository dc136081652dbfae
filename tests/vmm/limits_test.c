/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much a QEMU may take, and a guest's console. */
#include "tests/unit.h"

#include "base/clock.h"
#include "vmm/confine/limits.h"
#include "vmm/guest/line_limit.h"

#define MIB (1ULL << 20)

START_TEST(a_qemu_gets_more_than_it_was_seen_to_need)
{
	/* MiB of address space and in use beside the guest's memory, as docs/performance.md has them. */
	static const struct {
		uint32_t cpu_count;
		uint64_t guest_mib;
		uint64_t space_mib;
		uint64_t in_use_mib;
	} seen[] = { { 1, 1024, 1380, 264 }, { 16, 1024, 1392, 292 }, { 64, 2048, 1540, 397 } };

	for (size_t i = 0; i < sizeof(seen) / sizeof(*seen); i++) {
		struct kt_limits_need need = {
			.memory_bytes = seen[i].guest_mib * MIB,
			.cpu_count = seen[i].cpu_count,
			.thread_count = 1,
		};
		struct kt_limits limits = kt_limits_for(&need);

		ck_assert_uint_ge(limits.address_space_bytes,
				  need.memory_bytes + 3 * seen[i].space_mib * MIB / 2);
		ck_assert_uint_ge(limits.memory_bytes,
				  need.memory_bytes + 3 * seen[i].in_use_mib * MIB / 2);
		ck_assert_uint_ge(limits.open_file_count, 40);
		ck_assert_uint_ge(limits.task_count, 8);
		ck_assert_uint_eq(limits.file_bytes, 0);
	}
}
END_TEST

START_TEST(threads_of_cpus_have_room_of_their_own)
{
	struct kt_limits_need need = { .memory_bytes = MIB, .cpu_count = 64, .thread_count = 1 };
	struct kt_limits one = kt_limits_for(&need);

	need.thread_count = 64;
	struct kt_limits many = kt_limits_for(&need);
	/* A stack and an arena of the C library. */
	ck_assert_uint_ge(many.address_space_bytes, one.address_space_bytes + 63 * 72 * MIB);
	ck_assert_uint_ge(many.task_count, one.task_count + 63);
}
END_TEST

START_TEST(a_burst_then_a_trickle)
{
	struct kt_line_limit limit;
	uint64_t now_ns = 5 * KT_NS_PER_SEC;

	kt_line_limit_init(&limit, now_ns);
	for (int i = 0; i < KT_LINE_BURST; i++)
		ck_assert(kt_line_limit_take(&limit, now_ns));
	ck_assert(!kt_line_limit_take(&limit, now_ns));
	ck_assert_uint_eq(limit.dropped_count, 1);
	/* Half a second later there is half of what a second gives, however often it was asked for. */
	for (int i = 0; i < KT_LINE_PER_SECOND / 2; i++) {
		now_ns += KT_NS_PER_SEC / KT_LINE_PER_SECOND;
		ck_assert(kt_line_limit_take(&limit, now_ns));
		ck_assert(!kt_line_limit_take(&limit, now_ns));
		ck_assert(!kt_line_limit_take(&limit, now_ns - 1));
	}
	ck_assert_uint_eq(limit.dropped_count, 1 + KT_LINE_PER_SECOND);
	ck_assert_uint_eq(limit.taken_count, KT_LINE_BURST + KT_LINE_PER_SECOND / 2);
}
END_TEST

START_TEST(a_quiet_time_gives_a_whole_burst_and_no_more)
{
	struct kt_line_limit limit;
	uint64_t now_ns = KT_NS_PER_SEC;
	uint64_t taken = 0;

	kt_line_limit_init(&limit, now_ns);
	for (int day = 0; day < 10; day++) {
		now_ns += 86400 * KT_NS_PER_SEC;
		uint64_t before = limit.taken_count;
		for (int i = 0; i < 2 * KT_LINE_BURST; i++)
			taken += kt_line_limit_take(&limit, now_ns);
		ck_assert_uint_le(limit.taken_count - before, KT_LINE_BURST);
	}
	ck_assert_uint_eq(taken, limit.taken_count);
	ck_assert_uint_eq(taken, KT_LINE_TOTAL);
	ck_assert_uint_eq(limit.dropped_count, 20 * KT_LINE_BURST - KT_LINE_TOTAL);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("limits");
	TCase *tests = tcase_create("limits");

	tcase_add_test(tests, a_qemu_gets_more_than_it_was_seen_to_need);
	tcase_add_test(tests, threads_of_cpus_have_room_of_their_own);
	tcase_add_test(tests, a_burst_then_a_trickle);
	tcase_add_test(tests, a_quiet_time_gives_a_whole_burst_and_no_more);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
