/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static char dir[64];

static void enter(void)
{
	strcpy(dir, "/tmp/kt-file-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
}

static void leave(void)
{
	(void)unlink("link");
	(void)unlink("file");
	ck_assert_int_eq(rmdir(dir), 0); /* also: no temporary file is left */
}

START_TEST(replace_keeps_mode_and_link)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;
	struct stat st;

	KT_OK(kt_file_replace("file", "one", 3, 0640));
	ck_assert_int_eq(chmod("file", 0604), 0);
	ck_assert_int_eq(symlink("file", "link"), 0);
	KT_OK(kt_file_replace("link", "second", 6, 0600));
	ck_assert_int_eq(lstat("link", &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	ck_assert_int_eq(stat("file", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0604);
	KT_OK(kt_file_read("file", 6, &out));
	ck_assert_str_eq(kt_buf_text(&out), "second");
}
END_TEST

/* A superuser's mistake must not turn a device into a file. */
START_TEST(only_files_are_replaced)
{
	char unnamed[64];
	struct stat st;

	ck_assert_int_eq(mkfifo("file", 0600), 0);
	ck_assert_int_eq(symlink("file", "link"), 0);
	KT_FAILS(kt_file_replace("file", "x", 1, 0600), KT_ERROR_IO, "file: not a file");
	KT_FAILS(kt_file_replace("link", "x", 1, 0600), KT_ERROR_IO, "link: not a file");
	KT_FAILS(kt_file_replace("/dev/null", "x", 1, 0600), KT_ERROR_IO, "/dev/null: not a file");
	KT_FAILS(kt_file_replace(dir, "x", 1, 0600), KT_ERROR_IO, "not a file");
	ck_assert_int_eq(stat("/dev/null", &st), 0);
	ck_assert(S_ISCHR(st.st_mode));
	ck_assert_int_eq(unlink("file"), 0);
	int fd = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(unlink("file"), 0);
	(void)snprintf(unnamed, sizeof(unnamed), "/proc/self/fd/%d", fd);
	KT_FAILS(kt_file_replace(unnamed, "x", 1, 0600), KT_ERROR_IO, "not a file");
	(void)close(fd);
}
END_TEST

START_TEST(limits_and_failures)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;

	KT_OK(kt_file_replace("file", "12345", 5, 0600));
	KT_FAILS(kt_file_read("file", 4, &out), KT_ERROR_IO, "larger than 4 bytes");
	KT_FAILS(kt_file_read("none", 4, &out), KT_ERROR_IO, "none: No such file");
	KT_FAILS(kt_file_replace("none/x", "", 0, 0600), KT_ERROR_IO, "none/x");
}
END_TEST

START_TEST(cache_path_needs_a_home)
{
	char *path = NULL;

	setenv("XDG_CACHE_HOME", "", 1);
	setenv("HOME", "relative", 1);
	KT_FAILS(kt_cache_path("x", &path), KT_ERROR_ENVIRONMENT, "HOME");
	setenv("XDG_CACHE_HOME", dir, 1);
	KT_OK(kt_cache_path("x", &path));
	ck_assert(strstr(path, "/ktstr-top/x"));
	*strrchr(path, '/') = '\0';
	ck_assert_int_eq(rmdir(path), 0);
	free(path);
}
END_TEST

START_TEST(closed_standard_descriptors_are_filled)
{
	(void)close(STDIN_FILENO);
	(void)close(STDOUT_FILENO);
	kt_file_fill_standard();
	int next = dup(STDERR_FILENO);
	ck_assert_int_gt(next, STDERR_FILENO);
	ck_assert_int_eq(write(STDOUT_FILENO, "x", 1), 1);
	ck_assert_int_eq(close(next), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("file");
	TCase *tests = tcase_create("file");

	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_test(tests, replace_keeps_mode_and_link);
	tcase_add_test(tests, only_files_are_replaced);
	tcase_add_test(tests, limits_and_failures);
	tcase_add_test(tests, closed_standard_descriptors_are_filled);
	tcase_add_test(tests, cache_path_needs_a_home);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
