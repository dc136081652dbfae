/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that cannot be read, and what their refusal says. */
#include "tests/unit.h"

#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe/permission.h"
#include "probe/resolve/layout.h"
#include "probe/target.h"

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

/* The start of an ELF header: class, byte order and machine are what counts. */
struct foreign {
	unsigned char class;
	unsigned char order;
	uint16_t machine;
	const char *part;
};

/* Such programs run on few machines, so the directory of a process is made up. */
START_TEST(a_program_of_another_machine)
{
	static const struct foreign programs[] = {
		{ ELFCLASS32, ELFDATA2LSB, EM_386, "32-bit program for i386" },
		{ ELFCLASS32, ELFDATA2LSB, EM_X86_64, "32-bit program for x86_64" },
		{ ELFCLASS64, ELFDATA2LSB, EM_S390, "64-bit program for s390" },
		{ ELFCLASS64, ELFDATA2MSB, EM_PPC64, "64-bit program for ppc64" },
	};
	const struct foreign *program = &programs[_i];
	char dir[] = "/tmp/kt-refusal-test.XXXXXX";
	enum kt_resolve_failure failure = KT_RESOLVE_NOT_FOUND;
	struct kt_layout layout;

	Elf64_Ehdr header = { .e_machine = program->machine };
	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = program->class;
	header.e_ident[EI_DATA] = program->order;
	ck_assert_ptr_nonnull(mkdtemp(dir));
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = openat(dir_fd, "exe", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(write(fd, &header, sizeof(header)), (ssize_t)sizeof(header));
	ck_assert_int_eq(close(fd), 0);
	struct kt_resolve_request request = {
		.proc_fd = dir_fd,
		.exe_path = "/bin/program",
		.memory = kt_memory_of_process(getpid()),
	};
	KT_FAILS(kt_layout_resolve(&request, &layout, &failure), KT_ERROR_PROBE, program->part);
	ck_assert_int_eq(failure, KT_RESOLVE_MACHINE);
	ck_assert_int_eq(unlinkat(dir_fd, "exe", 0), 0);
	ck_assert_int_eq(close(dir_fd), 0);
	ck_assert_int_eq(rmdir(dir), 0);
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
	tcase_add_loop_test(tests, a_program_of_another_machine, 0, 4);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
