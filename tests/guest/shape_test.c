/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's view of its CPUs, from made-up trees that look like /sys. */
#include "tests/unit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "guest/shape.h"

/* A file of a tree, and what stands in it. */
struct leaf {
	const char *path;
	const char *text;
};

#define CPU  "cpu/cpu"
#define CORE "/topology/thread_siblings_list"
#define L3   "/cache/index3/shared_cpu_list"

static char root[] = "/tmp/ktstr-shape-XXXXXX";

static void make_root(void)
{
	(void)strcpy(root, "/tmp/ktstr-shape-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static void remove_root(void)
{
	kt_autobuf struct kt_buf command = KT_BUF_INIT;

	kt_buf_printf(&command, "rm -rf %s", root);
	ck_assert_int_eq(system(kt_buf_text(&command)), 0);
}

static void put(const char *path, const char *text)
{
	kt_autobuf struct kt_buf full = KT_BUF_INIT;

	kt_buf_printf(&full, "%s/devices/system/%s", root, path);
	for (char *slash = full.data + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		(void)mkdir(full.data, 0700);
		*slash = '/';
	}
	KT_OK(kt_file_replace(kt_buf_text(&full), text, strlen(text), 0600));
}

static void expect(struct kt_shape expected)
{
	struct kt_shape shape;

	kt_shape_read(root, &shape);
	ck_assert_uint_eq(shape.cpus, expected.cpus);
	ck_assert_uint_eq(shape.numa_nodes, expected.numa_nodes);
	ck_assert_uint_eq(shape.llcs, expected.llcs);
	ck_assert_uint_eq(shape.cores, expected.cores);
	ck_assert_uint_eq(shape.threads, expected.threads);
}

/* A tree of @cpus CPUs whose cores and caches are groups of the given sizes. */
static void put_cpus(uint32_t cpus, uint32_t per_core, uint32_t per_llc)
{
	for (uint32_t cpu = 0; cpu < cpus; cpu++) {
		char path[128], text[32];
		uint32_t core = cpu / per_core * per_core;
		uint32_t llc = cpu / per_llc * per_llc;

		(void)snprintf(path, sizeof(path), CPU "%u" CORE, cpu);
		(void)snprintf(text, sizeof(text), "%u-%u\n", core, core + per_core - 1);
		put(path, text);
		(void)snprintf(path, sizeof(path), CPU "%u" L3, cpu);
		(void)snprintf(text, sizeof(text), "%u-%u\n", llc, llc + per_llc - 1);
		put(path, text);
	}
}

START_TEST(groups_are_counted)
{
	put("cpu/online", "0-63\n");
	put("node/online", "0-7\n");
	put_cpus(64, 2, 8);
	expect((struct kt_shape){ 64, 8, 8, 32, 2 });
}
END_TEST

START_TEST(one_cpu_is_a_group_of_its_own)
{
	put("cpu/online", "0\n");
	put("node/online", "0\n");
	put(CPU "0" CORE, "0\n");
	put(CPU "0" L3, "0");
	expect((struct kt_shape){ 1, 1, 1, 1, 1 });
}
END_TEST

/* CPU 2 is offline: it counts nowhere, though others name it. */
START_TEST(what_is_offline_does_not_count)
{
	put("cpu/online", "0-1,3\n");
	put("node/online", "0,4\n");
	put(CPU "0" CORE, "0-1\n");
	put(CPU "1" CORE, "0-1\n");
	put(CPU "3" CORE, "2-3\n");
	put(CPU "0" L3, "0-3\n");
	expect((struct kt_shape){ 3, 2, 1, 2, 2 });
}
END_TEST

START_TEST(uneven_groups_are_told_by_the_largest)
{
	put("cpu/online", "0-4\n");
	put("node/online", "0\n");
	put(CPU "0" CORE, "0,4\n");
	put(CPU "1" CORE, "1\n");
	put(CPU "2" CORE, "2\n");
	put(CPU "3" CORE, "3\n");
	put(CPU "0" L3, "0-4\n");
	expect((struct kt_shape){ 5, 1, 1, 4, 2 });
}
END_TEST

START_TEST(what_is_missing_is_unknown)
{
	expect((struct kt_shape){ 0 });
	put("cpu/online", "0-1\n");
	expect((struct kt_shape){ .cpus = 2 });
	put("node/online", "0\n");
	put(CPU "0" CORE, "0\n");
	put(CPU "0" L3, "0\n");
	expect((struct kt_shape){ .cpus = 2, .numa_nodes = 1 });
	put(CPU "1" CORE, "1\n");
	expect((struct kt_shape){ .cpus = 2, .numa_nodes = 1, .cores = 2, .threads = 1 });
	put(CPU "1" L3, "1\n");
	expect((struct kt_shape){ 2, 1, 2, 2, 1 });
}
END_TEST

static const char *const no_lists[] = {
	"",	"\n",	 "x\n",	     "-1\n",	      "1-\n",	"3-1\n",
	"0,\n", "0 1\n", "0-1024\n", "99999999999\n", "0,,1\n",
};

START_TEST(what_is_no_list_is_unknown)
{
	put("cpu/online", no_lists[_i]);
	put("node/online", no_lists[_i]);
	expect((struct kt_shape){ 0 });
	put("cpu/online", "0\n");
	put(CPU "0" CORE, no_lists[_i]);
	put(CPU "0" L3, no_lists[_i]);
	expect((struct kt_shape){ .cpus = 1 });
}
END_TEST

START_TEST(a_cpu_outside_its_own_group_is_not_believed)
{
	put("cpu/online", "0\n");
	put("node/online", "0\n");
	put(CPU "0" CORE, "1\n");
	put(CPU "0" L3, "1-3\n");
	expect((struct kt_shape){ .cpus = 1, .numa_nodes = 1 });
}
END_TEST

START_TEST(a_root_that_is_too_long_is_unknown)
{
	char path[600];
	struct kt_shape shape;

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	kt_shape_read(path, &shape);
	ck_assert_uint_eq(shape.cpus, 0);
	ck_assert_uint_eq(shape.numa_nodes, 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("shape");
	TCase *tests = tcase_create("all");

	tcase_add_checked_fixture(tests, make_root, remove_root);
	tcase_add_test(tests, groups_are_counted);
	tcase_add_test(tests, one_cpu_is_a_group_of_its_own);
	tcase_add_test(tests, what_is_offline_does_not_count);
	tcase_add_test(tests, uneven_groups_are_told_by_the_largest);
	tcase_add_test(tests, what_is_missing_is_unknown);
	tcase_add_loop_test(tests, what_is_no_list_is_unknown, 0,
			    sizeof(no_lists) / sizeof(no_lists[0]));
	tcase_add_test(tests, a_cpu_outside_its_own_group_is_not_believed);
	tcase_add_test(tests, a_root_that_is_too_long_is_unknown);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
