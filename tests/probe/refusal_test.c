/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that cannot be read, and what their refusal says. */
#include "tests/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe/permission.h"
#include "probe/target.h"
#include "tests/probe/harness.h"

enum {
	NOBODY = 65534
};

START_TEST(every_cause_has_its_remedy)
{
	static const struct {
		struct kt_permission_facts facts;
		const char *part;
	} cases[] = {
		{ { .yama_scope = -1 }, "as root or as that user" },
		{ { .yama_scope = 0 }, "as root or as that user" },
		{ { .yama_scope = 1 }, "as root, or give it cap_sys_ptrace" },
		{ { .yama_scope = 2 }, "ptrace_scope is 2: run the probe as root" },
		{ { .yama_scope = 3 }, "ptrace_scope is 3, so nobody" },
		{ { .yama_scope = 3, .is_superuser = true }, "ptrace_scope is 3, so nobody" },
		{ { .yama_scope = -1, .is_same_user = true }, "is protected" },
		{ { .yama_scope = 0, .is_same_user = true }, "is protected" },
		{ { .yama_scope = 1, .is_same_user = true }, "PR_SET_PTRACER, or set the scope" },
		{ { .yama_scope = 2, .is_same_user = true }, "ptrace_scope is 2" },
		{ { .yama_scope = -1, .is_superuser = true }, "without cap_sys_ptrace" },
		{ { .yama_scope = 1, .is_superuser = true, .is_same_user = true },
		  "without cap_sys_ptrace" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *remedy = kt_permission_remedy(&cases[i].facts);
		ck_assert_msg(strstr(remedy, cases[i].part), "case %zu: %s", i, remedy);
	}
}
END_TEST

static void become_nobody(void)
{
	if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		_exit(99);
}

/*
 * Opens process @pid in a child that is nobody; the child's exit code is the fatal kind, or 100
 * when it was not refused or the text is not @part.
 */
static int open_as_nobody(pid_t pid, const char *part)
{
	pid_t child = fork();
	int status;

	if (!child) {
		enum kt_fatal kind = KT_FATAL_OTHER;
		struct kt_target target;

		become_nobody();
		struct kt_error *err = kt_target_open(pid, &target, &kind);
		if (!err || !strstr(kt_error_message(err), part)) {
			(void)fprintf(stderr, "%s\n", err ? kt_error_message(err) : "opened");
			_exit(100);
		}
		_exit((int)kind);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* A child that waits; with @is_protected it is nobody's too, and may not be looked into. */
static pid_t start_child(bool is_protected)
{
	int ready[2];
	char byte;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	pid_t child = fork();
	if (!child) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (is_protected) {
			become_nobody();
			(void)prctl(PR_SET_DUMPABLE, 0);
		}
		(void)!write(ready[1], "x", 1);
		for (;;)
			(void)pause();
	}
	(void)close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	return child;
}

static void end_child(pid_t child)
{
	(void)kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

START_TEST(another_users_process)
{
	if (getuid())
		return; /* only root can become somebody else */
	pid_t child = start_child(false);
	ck_assert_int_eq(open_as_nobody(child, "of user 0: "), KT_FATAL_PERMISSION_DENIED);
	end_child(child);
}
END_TEST

START_TEST(a_protected_process)
{
	if (getuid())
		return;
	pid_t child = start_child(true);
	ck_assert_int_eq(open_as_nobody(child, "no permission to read process"),
			 KT_FATAL_PERMISSION_DENIED);
	end_child(child);
}
END_TEST

/* What it is counts for more than that we may not look at it. */
START_TEST(kernel_thread_and_zombie_of_others)
{
	siginfo_t info;
	char link[64];

	if (getuid())
		return;
	pid_t child = fork();
	if (!child)
		_exit(0);
	ck_assert_int_eq(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(open_as_nobody(child, "it is a zombie"), KT_FATAL_ZOMBIE);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	/* In a pid namespace pid 2 is something else. */
	if (!access("/proc/2", F_OK) && readlink("/proc/2/exe", link, sizeof(link)) < 0)
		ck_assert_int_eq(open_as_nobody(2, "is a kernel thread"), KT_FATAL_KERNEL_THREAD);
}
END_TEST

/*
 * An ELF32 program for i386 that waits: header, one segment that is the whole file, and
 * pause() (int 0x80, number 29) in a loop.
 */
static const unsigned char program_32_bit[] = {
	0x7f, 'E',  'L',  'F',	1,    1,    1, 0, 0,	0,    0,    0,	  0,	0,    0,    0,
	2,    0,    3,	  0,	1,    0,    0, 0, 0x54, 0x80, 0x04, 0x08, 0x34, 0,    0,    0,
	0,    0,    0,	  0,	0,    0,    0, 0, 0x34, 0,    0x20, 0,	  1,	0,    0,    0,
	0,    0,    0,	  0,	1,    0,    0, 0, 0,	0,    0,    0,	  0,	0x80, 0x04, 0x08,
	0,    0x80, 0x04, 0x08, 0x5d, 0,    0, 0, 0x5d, 0,    0,    0,	  5,	0,    0,    0,
	0,    0x10, 0,	  0,	0xb8, 0x1d, 0, 0, 0,	0xcd, 0x80, 0xeb, 0xf7,
};

START_TEST(a_32_bit_program)
{
	char path[] = "/tmp/kt-refusal-test.XXXXXX";
	struct outcome outcome;
	int ready[2];
	char byte;

	int fd = mkostemp(path, O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, program_32_bit, sizeof(program_32_bit)),
			 (ssize_t)sizeof(program_32_bit));
	ck_assert_int_eq(fchmod(fd, 0700), 0);
	ck_assert_int_eq(close(fd), 0);
	/* The pipe closes when the program runs; a byte says that this kernel runs none such. */
	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	pid_t child = fork();
	if (!child) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)execl(path, path, (char *)NULL);
		(void)!write(ready[1], "x", 1);
		_exit(1);
	}
	(void)close(ready[1]);
	bool is_running = read(ready[0], &byte, 1) == 0;
	(void)close(ready[0]);
	if (is_running) {
		probe_run(child, "--json", &outcome);
		ck_assert_int_eq(outcome.exit_code, 1);
		ck_assert_uint_eq(outcome.out.len, 0);
		ck_assert_msg(strstr(kt_buf_text(&outcome.err),
				     "ktstr-probe-fatal: arch-mismatch\nerror: "),
			      "%s", kt_buf_text(&outcome.err));
		ck_assert_ptr_nonnull(strstr(outcome.err.data, "32-bit"));
		ck_assert_ptr_nonnull(strstr(outcome.err.data, "i386"));
		outcome_deinit(&outcome);
	}
	end_child(child);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("refusal");
	TCase *tests = tcase_create("refusal");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, every_cause_has_its_remedy);
	tcase_add_test(tests, another_users_process);
	tcase_add_test(tests, a_protected_process);
	tcase_add_test(tests, kernel_thread_and_zombie_of_others);
	tcase_add_test(tests, a_32_bit_program);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
