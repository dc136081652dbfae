/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What control groups leave: texts of their files, and trees of them that are made up. */
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "vmm/confine/control_group.h"

#define MIB	  (1ULL << 20)
#define NO_LIMIT  KT_CONTROL_GROUP_NO_LIMIT
#define UNTOUCHED 12345

static char dir[64];

static void enter(void)
{
	strcpy(dir, "/tmp/kt-group-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void leave(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* ---- texts ---- */

static const struct {
	const char *text;
	bool is_good;
	uint64_t value;
} byte_texts[] = {
	{ "max\n", true, NO_LIMIT },
	{ "0\n", true, 0 },
	{ "104857600\n", true, 104857600 },
	{ "104857600", true, 104857600 },
	{ "9223372036854771712\n", true, NO_LIMIT }, /* version 1 */
	{ "18446744073709551615\n", true, NO_LIMIT },
	{ "", false, 0 },
	{ "\n", false, 0 },
	{ "maximum\n", false, 0 },
	{ "-1\n", false, 0 },
	{ "12 \n", false, 0 },
	{ "12\n13\n", false, 0 },
	{ "12x\n", false, 0 },
	{ "18446744073709551616\n", false, 0 },
	{ "99999999999999999999999999999999999999999999\n", false, 0 },
}, cpu_texts[] = {
	{ "max 100000\n", true, NO_LIMIT },
	{ "150000 100000\n", true, 1500 },
	{ "150000 100000", true, 1500 },
	{ "1000 100000\n", true, 10 },
	{ "0 100000\n", true, 0 },
	{ "6400000 100000\n", true, 64000 },
	{ "", false, 0 },
	{ "max", false, 0 },
	{ "max\n", false, 0 },
	{ "100000\n", false, 0 },
	{ "100000 \n", false, 0 },
	{ "100000 0\n", false, 0 },
	{ "100000 max\n", false, 0 },
	{ "-1 100000\n", false, 0 },
	{ "100000 100000 1\n", false, 0 },
	{ "100000  100000\n", false, 0 },
	{ "18446744073709551615 100000\n", true, NO_LIMIT },
	{ "18446744073709551614 100000\n", false, 0 },
};

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

START_TEST(texts_of_bytes)
{
	uint64_t value = UNTOUCHED;
	bool is_good = kt_control_group_parse_bytes(byte_texts[_i].text, &value);

	ck_assert_msg(is_good == byte_texts[_i].is_good, "'%s'", byte_texts[_i].text);
	ck_assert_uint_eq(value, is_good ? byte_texts[_i].value : UNTOUCHED);
}
END_TEST

START_TEST(texts_of_cpu_max)
{
	uint64_t value = UNTOUCHED;
	bool is_good = kt_control_group_parse_cpu_max(cpu_texts[_i].text, &value);

	ck_assert_msg(is_good == cpu_texts[_i].is_good, "'%s'", cpu_texts[_i].text);
	ck_assert_uint_eq(value, is_good ? cpu_texts[_i].value : UNTOUCHED);
}
END_TEST

START_TEST(texts_of_version_1)
{
	uint64_t value = UNTOUCHED;

	ck_assert(!kt_control_group_parse_cfs("", "100000\n", &value));
	ck_assert(!kt_control_group_parse_cfs("200000\n", "", &value));
	ck_assert(!kt_control_group_parse_cfs("200000\n", "0\n", &value));
	ck_assert(!kt_control_group_parse_cfs("200000\n", "-1\n", &value));
	ck_assert(!kt_control_group_parse_cfs("-2\n", "100000\n", &value));
	ck_assert_uint_eq(value, UNTOUCHED);
	ck_assert(kt_control_group_parse_cfs("200000\n", "100000\n", &value));
	ck_assert_uint_eq(value, 2000);
	ck_assert(kt_control_group_parse_cfs("-1\n", "100000\n", &value));
	ck_assert_uint_eq(value, NO_LIMIT);
}
END_TEST

/* ---- trees ---- */

static const char *list_path(void)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/list", dir);
	return path;
}

static void put(const char *path, const char *text)
{
	kt_autobuf struct kt_buf full = KT_BUF_INIT;
	kt_autobuf struct kt_buf parent = KT_BUF_INIT;

	kt_buf_printf(&full, "%s/%s", dir, path);
	const char *slash = strrchr(full.data, '/');
	kt_buf_append(&parent, full.data, (size_t)(slash - full.data));
	KT_OK(kt_dir_make(kt_buf_text(&parent)));
	KT_OK(kt_file_replace(full.data, text, strlen(text), 0600));
}

/* The room that the groups leave in MiB; -1 for no limit, -2 for none that can be seen. */
static int room_mib(void)
{
	uint64_t bytes = UNTOUCHED;

	if (!kt_control_group_room(list_path(), dir, &bytes)) {
		ck_assert_uint_eq(bytes, UNTOUCHED);
		return -2;
	}
	return bytes == NO_LIMIT ? -1 : (int)(bytes / MIB);
}

START_TEST(the_tightest_group_counts)
{
	ck_assert_int_eq(room_mib(), -2);
	put("list", "0::/a/b\n");
	ck_assert_int_eq(room_mib(), -2);
	put("a/b/memory.max", "max\n");
	put("a/b/memory.current", "0\n");
	ck_assert_int_eq(room_mib(), -1);
	put("a/memory.max", "104857600\n");
	put("a/memory.current", "94371840\n");
	ck_assert_int_eq(room_mib(), 10);
	/* Half of what is taken is of files that nobody looks at any more. */
	put("a/memory.stat", "anon 5\ninactive_file 47185920\nactive_file 7\n");
	ck_assert_int_eq(room_mib(), 55);
	put("a/b/memory.max", "1048576\n");
	ck_assert_int_eq(room_mib(), 1);
	put("a/b/memory.current", "2097152\n");
	ck_assert_int_eq(room_mib(), 0);
}
END_TEST

START_TEST(groups_of_version_1_have_other_names)
{
	put("list", "2:cpu,cpuacct:/\n4:memory:/x\n1:name=systemd:/\n");
	put("memory/x/memory.limit_in_bytes", "9223372036854771712\n");
	put("memory/x/memory.usage_in_bytes", "4096\n");
	ck_assert_int_eq(room_mib(), -1);
	put("memory/memory.limit_in_bytes", "3145728\n");
	put("memory/memory.usage_in_bytes", "1048576\n");
	ck_assert_int_eq(room_mib(), 2);
}
END_TEST

/* The CPU time that the groups give in thousandths; -1 for no limit, -2 for none that can be seen. */
static int milli_cpus(void)
{
	uint64_t value = UNTOUCHED;

	if (!kt_control_group_cpus(list_path(), dir, &value)) {
		ck_assert_uint_eq(value, UNTOUCHED);
		return -2;
	}
	return value == NO_LIMIT ? -1 : (int)value;
}

START_TEST(the_least_quota_counts)
{
	ck_assert_int_eq(milli_cpus(), -2);
	put("list", "0::/a/b\n");
	ck_assert_int_eq(milli_cpus(), -2);
	put("a/b/cpu.max", "max 100000\n");
	ck_assert_int_eq(milli_cpus(), -1);
	put("cpu.max", "400000 100000\n");
	ck_assert_int_eq(milli_cpus(), 4000);
	put("a/cpu.max", "150000 100000\n");
	ck_assert_int_eq(milli_cpus(), 1500);
	put("a/b/cpu.max", "300000 100000\n");
	ck_assert_int_eq(milli_cpus(), 1500);
	put("a/cpu.max", "garbage\n");
	ck_assert_int_eq(milli_cpus(), 3000);
}
END_TEST

START_TEST(quotas_of_version_1)
{
	put("list", "4:memory:/x\n3:cpuset:/y\n2:cpuacct,cpu:/z/w\n1:name=systemd:/\n0::/\n");
	ck_assert_int_eq(milli_cpus(), -2);
	put("cpu/z/w/cpu.cfs_quota_us", "-1\n");
	ck_assert_int_eq(milli_cpus(), -2);
	put("cpu/z/w/cpu.cfs_period_us", "100000\n");
	ck_assert_int_eq(milli_cpus(), -1);
	put("cpu/z/cpu.cfs_quota_us", "50000\n");
	put("cpu/z/cpu.cfs_period_us", "100000\n");
	ck_assert_int_eq(milli_cpus(), 500);
	/* Of a group that is not ours. */
	put("cpu/x/cpu.cfs_quota_us", "1000\n");
	put("cpu/x/cpu.cfs_period_us", "100000\n");
	ck_assert_int_eq(milli_cpus(), 500);
}
END_TEST

START_TEST(lists_that_are_damaged)
{
	static const char *const lists[] = { "",    "\n\n",  "0",   "0:",   "0::",
					     ":::", "0:cpu", "cpu", "x:y:z" };

	put("cpu.max", "max 100000\n");
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		put("list", lists[i]);
		int got = milli_cpus();
		/* "0::" is the root, as far as that can be told. */
		ck_assert_msg(got == (strcmp(lists[i], "0::") ? -2 : -1), "%d: '%s'", got,
			      lists[i]);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("control groups");
	TCase *tests = tcase_create("control groups");

	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_loop_test(tests, texts_of_bytes, 0, COUNT(byte_texts));
	tcase_add_loop_test(tests, texts_of_cpu_max, 0, COUNT(cpu_texts));
	tcase_add_test(tests, texts_of_version_1);
	tcase_add_test(tests, the_tightest_group_counts);
	tcase_add_test(tests, groups_of_version_1_have_other_names);
	tcase_add_test(tests, the_least_quota_counts);
	tcase_add_test(tests, quotas_of_version_1);
	tcase_add_test(tests, lists_that_are_damaged);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
