/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/program.h"
#include "vmm/qemu/qemu_info.h"

static char dir[64];
static char script[96];

static void enter(void)
{
	strcpy(dir, "/tmp/kt-qemu-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(script, sizeof(script), "%s/qemu", dir);
}

static void leave(void)
{
	(void)unlink(script);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void write_script(const char *body)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_printf(&text, "#!/bin/sh\n%s\n", body);
	KT_OK(kt_file_replace(script, text.data, text.len, 0700));
	ck_assert_int_eq(setenv("KTSTR_QEMU", script, 1), 0);
}

static void check_parse(const char *answer, const char *version, unsigned int major,
			unsigned int minor, bool multi)
{
	struct kt_qemu_info info = { 0 };

	KT_OK(kt_qemu_info_parse(answer, &info));
	ck_assert_str_eq(info.version_text, version);
	ck_assert_uint_eq(info.major, major);
	ck_assert_uint_eq(info.minor, minor);
	ck_assert_int_eq(info.tcg_multi_thread, multi);
	kt_qemu_info_deinit(&info);
}

START_TEST(versions)
{
	struct kt_qemu_info info = { 0 };

	check_parse("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\nCopyright",
		    "7.2.22", 7, 2, false);
	check_parse("QEMU emulator version 8.0.5\n", "8.0.5", 8, 0, false);
	check_parse("QEMU emulator version 8.1.0\n", "8.1.0", 8, 1, true);
	check_parse("warning: x\nQEMU emulator version 10.0.2-rc1\n", "10.0.2", 10, 0, true);
	KT_FAILS(kt_qemu_info_parse("QEMU emulator version 6.2.0\n", &info), KT_ERROR_ENVIRONMENT,
		 "QEMU 6.2 is too old, 7.0 or newer");
	KT_FAILS(kt_qemu_info_parse("hello\033[31m\nmore", &info), KT_ERROR_ENVIRONMENT,
		 "says no version: \"hello\xef\xbf\xbd[31m\"");
	KT_FAILS(kt_qemu_info_parse("", &info), KT_ERROR_ENVIRONMENT, "no version");
	KT_FAILS(kt_qemu_info_parse("QEMU emulator version x", &info), KT_ERROR_ENVIRONMENT,
		 "no version");
	ck_assert_ptr_null(info.version_text);
}
END_TEST

START_TEST(programs_that_answer)
{
	struct kt_qemu_info info = { 0 };

	write_script("[ \"$1\" = --version ] && echo 'QEMU emulator version 9.1.2'");
	KT_OK(kt_qemu_info_find(&info));
	ck_assert_str_eq(info.path, script);
	ck_assert_str_eq(info.version_text, "9.1.2");
	ck_assert_ptr_nonnull(strstr(info.setpriv_path, "setpriv"));
	kt_qemu_info_deinit(&info);

	write_script("echo cannot load libx >&2; exit 127");
	KT_FAILS(kt_qemu_info_find(&info), KT_ERROR_ENVIRONMENT,
		 "does not run: \"cannot load libx");
	write_script("while :; do echo 0123456789012345678901234567890123456789; done");
	KT_FAILS(kt_qemu_info_find(&info), KT_ERROR_ENVIRONMENT, "more than 16384 bytes");
}
END_TEST

START_TEST(programs_that_are_missing)
{
	struct kt_qemu_info info = { 0 };

	ck_assert_int_eq(setenv("KTSTR_QEMU", "/nonexistent/qemu", 1), 0);
	KT_FAILS(kt_qemu_info_find(&info), KT_ERROR_ENVIRONMENT, "KTSTR_QEMU: /nonexistent/qemu");
	ck_assert_int_eq(unsetenv("KTSTR_QEMU"), 0);
	ck_assert_int_eq(setenv("PATH", dir, 1), 0);
	KT_FAILS(kt_qemu_info_find(&info), KT_ERROR_ENVIRONMENT,
		 "qemu-system-x86_64: not found on PATH");
}
END_TEST

/* A program that hangs is killed; so is one whose output ends but which lives on. */
START_TEST(deadline)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;
	char *argv[] = { script, NULL };
	int status = 0;

	write_script("exec sleep 3600");
	KT_FAILS(kt_program_capture(argv, 50, 100, &out, &status), KT_ERROR_ENVIRONMENT,
		 "not done in time");
	write_script("exec >&- 2>&-; exec sleep 3600");
	KT_FAILS(kt_program_capture(argv, 50, 100, &out, &status), KT_ERROR_ENVIRONMENT,
		 "not done in time");
	write_script("echo out; echo err >&2; exit 3");
	KT_OK(kt_program_capture(argv, 10000, 100, &out, &status));
	ck_assert_str_eq(kt_buf_text(&out), "out\nerr\n");
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}
END_TEST

START_TEST(path_members)
{
	kt_autofree char *path = NULL;
	kt_autobuf struct kt_buf list = KT_BUF_INIT;

	write_script("exit 0");
	kt_buf_printf(&list, "/nonexistent::%s", dir);
	ck_assert_int_eq(setenv("PATH", list.data, 1), 0);
	KT_OK(kt_program_find("qemu", &path));
	ck_assert_str_eq(path, script);
	ck_assert_int_eq(chmod(script, 0600), 0);
	KT_FAILS(kt_program_find(script, &path), KT_ERROR_ENVIRONMENT, "not an executable file");
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("qemu_info");
	TCase *tests = tcase_create("qemu_info");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_test(tests, versions);
	tcase_add_test(tests, programs_that_answer);
	tcase_add_test(tests, programs_that_are_missing);
	tcase_add_test(tests, deadline);
	tcase_add_test(tests, path_members);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
