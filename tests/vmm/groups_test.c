/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control groups: where they may be, judged by made-up facts and found in a made-up tree; making and
 * removing them there; and the real thing, in a guest whose kernel has all of cgroup v2.
 */
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "tests/vmm/boot.h"
#include "vmm/confine/group_place.h"
#include "vmm/confine/groups.h"

#define BOOT_DEADLINE_MS 120000

#define GIVES	 .is_domain = true, .gives_memory = true, .is_writable = true
#define NO_GIFT	 .is_domain = true, .is_writable = true
#define FOREIGN	 .is_domain = true, .gives_memory = true
#define THREADED .gives_memory = true, .is_writable = true

static const struct {
	struct kt_group_level levels[4];
	size_t count;
	bool is_found;
	size_t level;
	const char *part;
} places[] = {
	{ { { 0 } }, 0, false, 0, "none here passes on" },
	/* The root may have processes and give. */
	{ { { GIVES } }, 1, true, 0, "limits of memory" },
	{ { { GIVES, .gives_pids = true } }, 1, true, 0, "limits of memory and tasks" },
	/* A session's scope in a subtree that is the user's. */
	{ { { NO_GIFT }, { GIVES }, { GIVES }, { FOREIGN } }, 4, true, 1, "memory" },
	/* A login without delegation. */
	{ { { .is_domain = true }, { FOREIGN }, { FOREIGN } }, 3, false, 0, "may make none" },
	/* A container: its root is a group like any other, and has our processes. */
	{ { { NO_GIFT } }, 1, false, 0, "none here passes on" },
	{ { { NO_GIFT }, { THREADED }, { GIVES } }, 3, true, 2, "memory" },
	/* Who limited us did not mean our guests to be outside of it. */
	{ { { NO_GIFT, .has_limit = true }, { GIVES } }, 2, false, 0, "would escape" },
	{ { { NO_GIFT }, { FOREIGN, .has_limit = true }, { GIVES } }, 3, false, 0, "would escape" },
	/* A limit above all of it holds for guests too. */
	{ { { NO_GIFT }, { GIVES, .has_limit = true }, { GIVES } }, 3, true, 1, "memory" },
};

START_TEST(a_place_is_chosen)
{
	struct kt_group_verdict got;

	kt_group_decide(places[_i].levels, places[_i].count, &got);
	ck_assert_int_eq(got.is_found, places[_i].is_found);
	if (got.is_found)
		ck_assert_uint_eq(got.level, places[_i].level);
	ck_assert_msg(strstr(got.reason, places[_i].part), "%s", got.reason);
}
END_TEST

/* ---- a tree that looks like it ---- */

static char root[64];

static void enter(void)
{
	strcpy(root, "/tmp/kt-groups-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static void leave(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -r '%s'", root);
	ck_assert_int_eq(system(command), 0);
}

static const char *put(const char *name, const char *text)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	KT_OK(kt_file_replace(path, text, strlen(text), 0600));
	return path;
}

static void make(const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void put_tree(void)
{
	make("user");
	make("user/app");
	make("user/app/scope");
	(void)put("user/cgroup.procs", "");
	(void)put("user/cgroup.subtree_control", "cpu memory pids\n");
	(void)put("user/app/cgroup.procs", "");
	(void)put("user/app/cgroup.type", "domain\n");
	(void)put("user/app/cgroup.subtree_control", "memory\n");
	(void)put("user/app/memory.max", "1000000\n");
	(void)put("user/app/scope/cgroup.procs", "");
	(void)put("user/app/scope/cgroup.type", "domain\n");
	(void)put("user/app/scope/cgroup.subtree_control", "\n");
	(void)put("user/app/scope/memory.max", "max\n");
}

static void find(const char *list, const char *mount_root, struct kt_group_place *ret)
{
	char list_path[256];
	char mounts[512];

	(void)snprintf(mounts, sizeof(mounts),
		       "31 23 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
		       "41 31 0:38 %s %s rw,relatime shared:4 - cgroup2 cgroup2 rw\n",
		       mount_root, root);
	strcpy(list_path, put("list", list));
	KT_OK(kt_group_place_find(list_path, put("mounts", mounts), ret));
}

static void expect_place(const char *list, const char *mount_root, const char *name)
{
	struct kt_group_place place;

	find(list, mount_root, &place);
	ck_assert_msg(!place.dir == !name, "%s for %s", place.reason, list);
	if (name)
		ck_assert_str_eq(place.dir + strlen(root), name);
	kt_group_place_deinit(&place);
}

START_TEST(a_place_is_found)
{
	put_tree();
	expect_place("5:pids:/x\n0::/user/app/scope\n", "/", "/user/app");
	/* Mounted from further below, as in a container. */
	expect_place("0::/slice/user/app/scope\n", "/slice", "/user/app");
	/* Not below what is mounted, in another name space, or none at all. */
	expect_place("0::/other/user/app/scope\n", "/slice", NULL);
	expect_place("0::/../user/app/scope\n", "/", NULL);
	expect_place("4:memory:/user\n", "/", NULL);
	/* Its limit keeps us in. */
	(void)put("user/app/scope/memory.max", "4096\n");
	expect_place("0::/user/app/scope\n", "/", NULL);
	(void)put("user/app/scope/memory.max", "max\n");
	(void)put("user/app/cgroup.subtree_control", "pids memory.x\n");
	expect_place("0::/user/app/scope\n", "/", NULL);
}
END_TEST

static bool exists(const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	return !access(path, F_OK);
}

START_TEST(groups_are_made_and_removed)
{
	const struct kt_group_controllers none = { false, false };
	struct kt_groups *groups = NULL;
	struct kt_groups *other = NULL;
	const char *first;
	const char *second;
	const char *third;
	char name[64];

	(void)snprintf(name, sizeof(name), "ktstr-top.%d.0/guest-1", (int)getpid());
	make("ktstr-top.1.0");
	make("ktstr-top.1.0/guest-0");
	make("other");
	KT_OK(kt_groups_open(root, none, 2, &groups));
	/* One more run of the same process, as in another name space. */
	KT_OK(kt_groups_open(root, none, 1, &other));
	kt_groups_sweep(root);
	ck_assert(!exists("ktstr-top.1.0"));
	ck_assert(exists("other"));
	ck_assert(exists(name));
	KT_OK(kt_groups_take(groups, 1, 1, &first));
	KT_OK(kt_groups_take(groups, 1, 1, &second));
	ck_assert(strstr(first, "/guest-0/cgroup.procs"));
	ck_assert(strstr(second, "/guest-1/cgroup.procs"));
	KT_OK(kt_groups_take(groups, 1, 1, &third));
	ck_assert(strstr(third, "/guest-2/cgroup.procs"));
	kt_groups_give(groups, first);
	kt_groups_give(groups, NULL);
	KT_OK(kt_groups_take(groups, 1, 1, &third));
	ck_assert_ptr_eq(third, first);
	kt_groups_close(groups);
	ck_assert(!exists(name));
	kt_groups_close(other);
	kt_groups_close(NULL);
	/* It is no cgroup file system, which shows at once and leaves nothing. */
	KT_FAILS(kt_groups_open(root, (struct kt_group_controllers){ true, true }, 1, &groups),
		 KT_ERROR_ENVIRONMENT, "cgroup.subtree_control: No such file");
	KT_FAILS(kt_groups_open("/proc/nowhere", none, 1, &groups), KT_ERROR_ENVIRONMENT,
		 "/proc/nowhere");
	(void)snprintf(name, sizeof(name), "ktstr-top.%d.0", (int)getpid());
	ck_assert(!exists(name));
}
END_TEST

/* ---- the real thing ---- */

START_TEST(a_guest_keeps_within_its_group)
{
	static const char *const lines[] = {
		"place=/sys/fs/cgroup\n",
		"reason=each guest has a control group with limits of memory and tasks\n",
		"/guest-0/cgroup.procs\n",
		"/guest-1/cgroup.procs\n",
		"free_eater=0\n",
		"small_eater=1009\n",
		"large_eater=0\n",
		"children=7\n", /* and itself */
		"runs_after_sweep_of_living=1\n",
		"runs_after_close=0\n",
		"killed_run=0\n",
		"runs_left=1\n",
		"runs_after_sweep=0\n",
		"end\n",
	};
	const struct kt_topology topology = { 1, 1, 1, 1 };
	kt_autoimage struct kt_image *image = NULL;
	struct kt_boot boot = { 0 };

	KT_OK(kt_image_create(&image));
	KT_OK(kt_image_add_program(image, GROUPS_INIT, "/init", 0755));
	KT_OK(kt_boot_run(&topology, image, BOOT_DEADLINE_MS, &boot));
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		ck_assert_msg(strstr(kt_buf_text(&boot.agent), lines[i]),
			      "no '%s' in:\n%s\n%.3000s", lines[i], kt_buf_text(&boot.agent),
			      kt_buf_text(&boot.console));
	kt_boot_deinit(&boot);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("groups");
	TCase *tests = tcase_create("groups");

	tcase_set_timeout(tests, 200);
	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_loop_test(tests, a_place_is_chosen, 0, (int)(sizeof(places) / sizeof(*places)));
	tcase_add_test(tests, a_place_is_found);
	tcase_add_test(tests, groups_are_made_and_removed);
	tcase_add_test(tests, a_guest_keeps_within_its_group);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
