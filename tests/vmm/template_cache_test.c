/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Templates on disk: what comes back is what was kept, or nothing.
 */
#include "tests/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/template/template_cache.h"

#define KEY_A "0123456789abcdef0123456789abcdef"
#define KEY_B "fedcba9876543210fedcba9876543210"
#define KEY_C "00000000000000000000000000000000"

enum {
	NODES = 2,
	NODE_MIB = 4,
	NODE_BYTES = NODE_MIB << 20,
	STATE_BYTES = 70001,
};

static char dir[64];
static struct kt_template made;

static struct kt_template_label label_of(const char *key)
{
	return (struct kt_template_label){ .dir = dir,
					   .key = key,
					   .node_count = NODES,
					   .node_mib = NODE_MIB,
					   .tsc_khz = 2000000 };
}

static void put(int fd, off_t at, const char *text)
{
	ck_assert_int_eq(pwrite(fd, text, strlen(text), at), (ssize_t)strlen(text));
}

/* Data at both ends, over the edge of a block, and alone in the middle of a hole. */
static void enter(void)
{
	strcpy(dir, "/tmp/kt-template-cache.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	KT_OK(kt_template_create_files(NODES, NODE_MIB, &made));
	put(made.memory_fds[0], 0, "first");
	put(made.memory_fds[0], (64 << 10) - 3, "over the edge");
	put(made.memory_fds[0], 1234567, "lonely");
	put(made.memory_fds[1], NODE_BYTES - 4, "last");
	put(made.state_fd, 0, "state");
	put(made.state_fd, STATE_BYTES - 3, "end");
	KT_OK(kt_template_seal(&made));
	ck_assert_uint_eq(made.state_bytes, STATE_BYTES);
}

static void leave(void)
{
	char command[128];

	kt_template_deinit(&made);
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static bool is_there(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

static void expect_same(int a, int b, size_t bytes)
{
	char *left = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, a, 0);
	char *right = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, b, 0);

	ck_assert_ptr_ne(left, MAP_FAILED);
	ck_assert_ptr_ne(right, MAP_FAILED);
	ck_assert_int_eq(memcmp(left, right, bytes), 0);
	(void)munmap(left, bytes);
	(void)munmap(right, bytes);
}

static bool load(const struct kt_template_label *label, struct kt_template *ret)
{
	bool found;

	KT_OK(kt_template_cache_load(label, ret, &found));
	return found;
}

START_TEST(what_was_kept_comes_back)
{
	struct kt_template_label label = label_of(KEY_A);
	struct kt_template kept;

	ck_assert(!load(&label, &kept));
	KT_OK(kt_template_cache_store(&label, &made));
	ck_assert(load(&label, &kept));
	ck_assert_uint_eq(kept.memory_count, NODES);
	ck_assert_uint_eq(kept.state_bytes, STATE_BYTES);
	for (int i = 0; i < NODES; i++)
		expect_same(kept.memory_fds[i], made.memory_fds[i], NODE_BYTES);
	expect_same(kept.state_fd, made.state_fd, STATE_BYTES);
	ck_assert_int_eq(pwrite(kept.memory_fds[0], "x", 1, 0), -1); /* sealed */
	kt_template_deinit(&kept);

	/* It is for its owner alone, and its holes take no room. */
	struct stat info;
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/%s", dir, KEY_A);
	ck_assert_int_eq(stat(path, &info), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0600);
	ck_assert_int_lt(info.st_blocks * 512, 2 << 20);
}
END_TEST

/* Another machine, another shape: none of these may be woken from what was kept. */
START_TEST(what_does_not_fit_is_not_used)
{
	struct kt_template_label label = label_of(KEY_A);
	struct kt_template kept;

	KT_OK(kt_template_cache_store(&label, &made));
	label.tsc_khz = 2000300; /* 150 ppm */
	ck_assert(!load(&label, &kept));
	ck_assert(!is_there(KEY_A));

	label = label_of(KEY_A);
	KT_OK(kt_template_cache_store(&label, &made));
	label.tsc_khz = 2000100; /* 50 ppm: two measurements of one clock */
	ck_assert(load(&label, &kept));
	kt_template_deinit(&kept);
	label.node_mib = 8;
	ck_assert(!load(&label, &kept));
}
END_TEST

static const struct {
	off_t at; /* from the end if negative */
	const char *text;
} damages[] = {
	{ 0, "K" },
	{ 60, "9" },
	{ 512, "F" },		/* the first byte of memory */
	{ 512 + 300000, "x" },	/* in a hole */
	{ 512 + 1234567, "L" }, /* the lonely word */
	{ -1, "D" },		/* the last of the state */
};

START_TEST(what_is_damaged_is_not_used)
{
	struct kt_template_label label = label_of(KEY_A);
	struct kt_template kept;
	char path[128];
	struct stat info;

	KT_OK(kt_template_cache_store(&label, &made));
	(void)snprintf(path, sizeof(path), "%s/%s", dir, KEY_A);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &info), 0);
	off_t at = damages[_i].at;
	put(fd, at < 0 ? info.st_size + at : at, damages[_i].text);
	(void)close(fd);
	ck_assert(!load(&label, &kept));
	ck_assert(!is_there(KEY_A));
}
END_TEST

START_TEST(what_is_cut_short_is_not_used)
{
	struct kt_template_label label = label_of(KEY_A);
	struct kt_template kept;
	char path[128];

	KT_OK(kt_template_cache_store(&label, &made));
	(void)snprintf(path, sizeof(path), "%s/%s", dir, KEY_A);
	ck_assert_int_eq(truncate(path, 512 + NODE_BYTES), 0);
	ck_assert(!load(&label, &kept));
	KT_OK(kt_template_cache_store(&label, &made));
	ck_assert_int_eq(truncate(path, 100), 0);
	ck_assert(!load(&label, &kept));
	/* Something else of that name. */
	ck_assert_int_eq(symlink("/dev/zero", path), 0);
	ck_assert(!load(&label, &kept));
}
END_TEST

static void age(const char *name, long seconds)
{
	char path[128];
	struct timespec times[2] = { { .tv_sec = time(NULL) - seconds },
				     { .tv_sec = time(NULL) - seconds } };

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

START_TEST(the_oldest_go_first)
{
	static const char *const keys[] = { KEY_A, KEY_B, KEY_C };
	struct kt_template_cache_removal removal;
	struct kt_template kept;
	struct stat info;
	char path[128];

	for (int i = 0; i < 3; i++) {
		struct kt_template_label label = label_of(keys[i]);
		KT_OK(kt_template_cache_store(&label, &made));
		age(keys[i], 300 - i * 100);
	}
	(void)snprintf(path, sizeof(path), "%s/stranger", dir);
	(void)close(open(path, O_CREAT | O_WRONLY, 0600));
	(void)snprintf(path, sizeof(path), "%s/%s", dir, KEY_A);
	ck_assert_int_eq(stat(path, &info), 0);
	uint64_t each = (uint64_t)info.st_blocks * 512;

	struct kt_template_label oldest = label_of(KEY_A);
	ck_assert(load(&oldest, &kept)); /* now it is the newest */
	kt_template_deinit(&kept);
	KT_OK(kt_template_cache_trim(dir, 3 * each, &removal));
	ck_assert_uint_eq(removal.count, 0);
	KT_OK(kt_template_cache_trim(dir, 2 * each, &removal));
	ck_assert_uint_eq(removal.count, 1);
	ck_assert_uint_eq(removal.bytes, each);
	ck_assert(is_there(KEY_A) && !is_there(KEY_B) && is_there(KEY_C));
	KT_OK(kt_template_cache_trim(dir, 0, &removal));
	ck_assert_uint_eq(removal.count, 2);
	ck_assert(!is_there(KEY_A) && !is_there(KEY_C));
	ck_assert(is_there("stranger")); /* what is not ours stays */
}
END_TEST

START_TEST(what_a_dead_writer_left_goes)
{
	struct kt_template_cache_removal removal;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s.part.abcdef", dir, KEY_A);
	(void)close(open(path, O_CREAT | O_WRONLY, 0600));
	KT_OK(kt_template_cache_trim(dir, 1 << 30, &removal));
	ck_assert(is_there(KEY_A ".part.abcdef")); /* perhaps somebody still writes */
	age(KEY_A ".part.abcdef", 3600);
	KT_OK(kt_template_cache_trim(dir, 1 << 30, &removal));
	ck_assert(!is_there(KEY_A ".part.abcdef"));
}
END_TEST

START_TEST(no_place_to_keep_it)
{
	struct kt_template_label label = label_of(KEY_A);
	struct kt_template_cache_removal removal;

	label.dir = "/nowhere";
	KT_FAILS(kt_template_cache_store(&label, &made), KT_ERROR_IO, "/nowhere");
	KT_FAILS(kt_template_cache_trim("/nowhere", 0, &removal), KT_ERROR_IO, "/nowhere");
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("template-cache");
	TCase *tests = tcase_create("template-cache");

	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_test(tests, what_was_kept_comes_back);
	tcase_add_test(tests, what_does_not_fit_is_not_used);
	tcase_add_loop_test(tests, what_is_damaged_is_not_used, 0,
			    sizeof(damages) / sizeof(*damages));
	tcase_add_test(tests, what_is_cut_short_is_not_used);
	tcase_add_test(tests, the_oldest_go_first);
	tcase_add_test(tests, what_a_dead_writer_left_goes);
	tcase_add_test(tests, no_place_to_keep_it);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
