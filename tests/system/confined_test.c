/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a real QEMU was left with: its limits, its user and capabilities, the descriptors it has; and that
 * it stays root, and says so, where it would not work otherwise.
 */
#include "tests/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "tests/system/top_run.h"

enum {
	MAX_BYTES = 1 << 20,
	INHERITED_FD = 200,
};

static void read_of(pid_t pid, const char *name, struct kt_buf *out)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	KT_OK(kt_file_read(path, MAX_BYTES, out));
}

/* The soft limit called @name, which must be the hard one too. */
static uint64_t limit_of(const struct kt_buf *limits, const char *name)
{
	const char *line = strstr(kt_buf_text(limits), name);
	uint64_t soft;
	uint64_t hard;

	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(sscanf(line + strlen(name), "%" SCNu64 " %" SCNu64, &soft, &hard), 2);
	ck_assert_uint_eq(soft, hard);
	return soft;
}

static void expect_status(const struct kt_buf *status, const char *line)
{
	ck_assert_msg(strstr(kt_buf_text(status), line), "no '%s' in:\n%s", line,
		      kt_buf_text(status));
}

/* Whether one of the descriptors of @pid is what is @path. */
static bool has_open(pid_t pid, const char *path)
{
	char dir[64];
	bool found = false;
	const struct dirent *entry;

	(void)snprintf(dir, sizeof(dir), "/proc/%d/fd", (int)pid);
	DIR *entries = opendir(dir);
	ck_assert_ptr_nonnull(entries);
	while ((entry = readdir(entries))) {
		char name[128] = "";
		if (readlinkat(dirfd(entries), entry->d_name, name, sizeof(name) - 1) > 0)
			found |= !strcmp(name, path);
	}
	(void)closedir(entries);
	return found;
}

/* Until a QEMU has begun: one that wakes from a template, or boots @kernel ("": any) if that is not NULL. */
static pid_t start(struct top_run *run, const char *kernel)
{
	struct top_run_options options = { .arguments = { "-bcv", "known-allocation", NULL } };

	if (kernel) {
		options.arguments[2] = "--no-template";
		options.arguments[3] = *kernel ? "--kernel" : NULL;
		options.arguments[4] = kernel;
	}
	top_run_start(run, &options);
	top_run_wait_for(run, "kernel after");
	pid_t qemu = top_run_find(run, "qemu-system");
	ck_assert_int_gt(qemu, 0);
	return qemu;
}

static void end(struct top_run *run)
{
	int code = top_run_end(run);

	ck_assert_msg(!code, "exit code %d:\n%.3000s", code, kt_buf_text(&run->out));
	top_run_expect_nothing_left(run);
	top_run_deinit(run);
}

/* Woken, and booted. */
START_TEST(a_qemu_has_only_what_it_needs)
{
	kt_autobuf struct kt_buf limits = KT_BUF_INIT;
	kt_autobuf struct kt_buf status = KT_BUF_INIT;
	struct top_run run;
	int forgotten[2];
	char pipe_name[64] = "";

	/* What whoever starts ktstr-top forgot to close. */
	ck_assert_int_eq(pipe(forgotten), 0);
	ck_assert_int_eq(dup2(forgotten[1], INHERITED_FD), INHERITED_FD);
	ck_assert_int_gt(readlink("/proc/self/fd/200", pipe_name, sizeof(pipe_name) - 1), 0);
	pid_t qemu = start(&run, _i ? "" : NULL);
	ck_assert(!has_open(qemu, pipe_name));
	read_of(qemu, "limits", &limits);
	ck_assert_uint_eq(limit_of(&limits, "Max core file size"), 0);
	ck_assert_uint_eq(limit_of(&limits, "Max file size"), 0);
	ck_assert_uint_le(limit_of(&limits, "Max open files"), 256);
	/* 256 MiB of the guest, and 4 GiB at most for QEMU. */
	ck_assert_uint_le(limit_of(&limits, "Max address space"), (4352ULL << 20));
	read_of(qemu, "status", &status);
	expect_status(&status, "NoNewPrivs:\t1\n");
	expect_status(&status, "Seccomp:\t2\n");
	if (!geteuid()) {
		expect_status(&status, "Uid:\t65534\t65534\t65534\t65534\n");
		expect_status(&status, "Gid:\t65534\t65534\t65534\t65534\n");
		expect_status(&status, "CapPrm:\t0000000000000000\n");
		expect_status(&status, "CapBnd:\t0000000000000000\n");
		ck_assert(strstr(kt_buf_text(&run.out), "QEMU runs as nobody"));
	}
	end(&run);
}
END_TEST

/* Copies the kernel that @qemu was given. */
static void copy_kernel(pid_t qemu, const char *path)
{
	char from[64];
	ssize_t got;

	(void)snprintf(from, sizeof(from), "/proc/%d/fd/6", (int)qemu);
	kt_autoclose int in = open(from, O_RDONLY | O_CLOEXEC);
	kt_autoclose int out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge(in, 0);
	ck_assert_int_ge(out, 0);
	do
		got = sendfile(out, in, NULL, MAX_BYTES);
	while (got > 0);
	ck_assert_int_eq(got, 0);
}

START_TEST(a_kernel_of_root_alone_keeps_root)
{
	kt_autobuf struct kt_buf status = KT_BUF_INIT;
	struct top_run run;
	char path[64];

	(void)snprintf(path, sizeof(path), "/tmp/kt-confined-test.%d", (int)getpid());
	pid_t qemu = start(&run, "");
	copy_kernel(qemu, path);
	end(&run);
	qemu = start(&run, path);
	read_of(qemu, "status", &status);
	expect_status(&status, geteuid() ? "NoNewPrivs:\t1\n" : "Uid:\t0\t0\t0\t0\n");
	ck_assert(strstr(kt_buf_text(&run.out),
			 geteuid() ? "QEMU runs as this user"
				   : "QEMU runs as root, for only root may read the kernel"));
	end(&run);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("confined");
	TCase *tests = tcase_create("confined");

	tcase_set_timeout(tests, 400);
	tcase_add_loop_test(tests, a_qemu_has_only_what_it_needs, 0, 2);
	tcase_add_test(tests, a_kernel_of_root_alone_keeps_root);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
