/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process cost, from texts of /proc that are made up, damaged, and real. */
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/qemu/usage.h"

#define MIB (1ULL << 20)
/* What stands before the two times: 11 values from the state on. */
#define BEFORE "S 1 2 2 0 -1 4194560 100 0 0 0 "
#define AFTER  " 0 0 20 0 1 0 12345 1000 100 18446744073709551615\n"

static void expect_unknown(struct kt_opt_u64 value, const char *text)
{
	ck_assert_msg(!value.known, "%llu from: %s", (unsigned long long)value.value, text);
}

static void expect(struct kt_opt_u64 value, uint64_t wanted, const char *text)
{
	ck_assert_msg(value.known, "unknown from: %s", text);
	ck_assert_uint_eq(value.value, wanted);
}

static const struct {
	const char *text;
	uint64_t ticks_per_sec;
	uint64_t cpu_ns;
} times[] = {
	{ "42 (qemu-system-x86) " BEFORE "150 25" AFTER, 100, 1750000000 },
	{ "42 (a) b (c)) " BEFORE "1 0" AFTER, 100, 10000000 },
	{ "42 () " BEFORE "0 0" AFTER, 100, 0 }, /* known, and nothing yet */
	{ "42 (q) " BEFORE "1 2" AFTER, 1024, 2929687 },
	{ "42 (q) " BEFORE "1 2\n", 100, 30000000 },
	{ "42 (q) " BEFORE "1844674407370 0" AFTER, 100, 18446744073700000000ULL },
};

START_TEST(times_are_told)
{
	expect(kt_usage_parse_stat(times[_i].text, times[_i].ticks_per_sec), times[_i].cpu_ns,
	       times[_i].text);
}
END_TEST

static const char *const bad_times[] = {
	"",
	"\n",
	")",
	"42",
	"42 (qemu",
	"42 (qemu) ",
	"42 (qemu) S",
	"42 (qemu) " BEFORE,
	"42 (qemu) " BEFORE "150",
	"42 (qemu) " BEFORE "150 ",
	"42 (qemu) " BEFORE "150 25", /* cut: there may have been another digit */
	"42 (qemu) " BEFORE "-150 25" AFTER,
	"42 (qemu) " BEFORE "150 x" AFTER,
	"42 (qemu) " BEFORE "150 25x" AFTER,
	"42 (qemu) " BEFORE "99999999999999999999 0" AFTER,
	"42 (qemu) " BEFORE "18446744073709551615 1" AFTER,
	"42 (qemu) " BEFORE "18446744073709551615 0" AFTER,
	"150 25 150 25 150 25 150 25 150 25 150 25 150 25\n",
};

START_TEST(damaged_times_are_unknown)
{
	expect_unknown(kt_usage_parse_stat(bad_times[_i], 100), bad_times[_i]);
}
END_TEST

START_TEST(the_peak_is_told)
{
	static const char *const bad[] = {
		"",
		"VmHWM",
		"VmHWM:",
		"VmHWM:\t  2048",
		"VmHWM:\t  2048 kB", /* cut */
		"VmHWM:\t  2048 MB\n",
		"VmHWM:\t  -1 kB\n",
		"VmHWM:\t  18014398509481984 kB\n",
		"VmHWM:\t  99999999999999999999999 kB\n",
		"XVmHWM:\t  2048 kB\n",
		"VmHWMX:\t  2048 kB\n",
		"Name:\tqemu VmHWM:\t  2048 kB\n",
		"Name:\tkthreadd\nState:\tS (sleeping)\n",
	};
	const char *good = "Name:\tVmHWM: 1 kB\nVmPeak:\t  999 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 5 "
			   "kB\n";

	expect(kt_usage_parse_status(good), 2 * MIB, good);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		expect_unknown(kt_usage_parse_status(bad[i]), bad[i]);
}
END_TEST

START_TEST(private_memory_is_told)
{
	static const char *const bad[] = {
		"",
		"Private_Clean:      1024 kB\n",
		"Private_Dirty:      1024 kB\n",
		"Private_Clean:      1024 kB\nPrivate_Dirty:\n",
		"Private_Clean:      1024 kB\nPrivate_Dirty:      1024",
		"Private_Clean: 18014398509481983 kB\nPrivate_Dirty: 18014398509481983 kB\n",
	};
	const char *good = "55d0-7ffd ---p 00000000 00:00 0    [rollup]\nRss:   9999 kB\n"
			   "Shared_Dirty:   7 kB\nPrivate_Clean:   1024 kB\nPrivate_Dirty:   3072 "
			   "kB\nPrivate_Hugetlb:  0 kB\n";
	const char *nothing = "Private_Clean:   0 kB\nPrivate_Dirty:   0 kB\n";

	expect(kt_usage_parse_smaps_rollup(good), 4 * MIB, good);
	expect(kt_usage_parse_smaps_rollup(nothing), 0, nothing);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		expect_unknown(kt_usage_parse_smaps_rollup(bad[i]), bad[i]);
}
END_TEST

/* This process takes memory of its own, of which all three files know. */
START_TEST(a_real_process)
{
	const size_t bytes = 8 * MIB;
	struct kt_usage before, after;

	kt_usage_read(getpid(), &before);
	char *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(memory, MAP_FAILED);
	memset(memory, 1, bytes);
	kt_usage_read(getpid(), &after);
	ck_assert(before.cpu_ns.known && after.cpu_ns.known);
	ck_assert_uint_ge(after.cpu_ns.value, before.cpu_ns.value);
	ck_assert(before.private_bytes.known && after.private_bytes.known);
	ck_assert_uint_ge(after.private_bytes.value, before.private_bytes.value + bytes);
	ck_assert(after.peak_rss_bytes.known);
	ck_assert_uint_ge(after.peak_rss_bytes.value, bytes);
	(void)munmap(memory, bytes);
}
END_TEST

START_TEST(who_has_ended_keeps_the_times_only)
{
	struct kt_usage usage;
	siginfo_t info;
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	kt_usage_read(pid, &usage);
	ck_assert(usage.cpu_ns.known);
	ck_assert(!usage.peak_rss_bytes.known);
	ck_assert(!usage.private_bytes.known);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	kt_usage_read(pid, &usage);
	ck_assert(!usage.cpu_ns.known);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

static Suite *suite(void)
{
	Suite *all = suite_create("usage");
	TCase *tests = tcase_create("usage");

	tcase_add_loop_test(tests, times_are_told, 0, COUNT(times));
	tcase_add_loop_test(tests, damaged_times_are_unknown, 0, COUNT(bad_times));
	tcase_add_test(tests, the_peak_is_told);
	tcase_add_test(tests, private_memory_is_told);
	tcase_add_test(tests, a_real_process);
	tcase_add_test(tests, who_has_ended_keeps_the_times_only);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
