/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts processes into a guest that the probe must refuse, under pids that a scenario can name:
 * ZOMBIE_PID has ended and is not waited for, FOREIGN_PID runs a program for i386.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	ZOMBIE_PID = 4000,
	FOREIGN_PID = 4001,
};

#define FOREIGN_PATH	"/tmp/foreign"
#define FOREIGN_ADDRESS 0x8048000

static _Noreturn void give_up(const char *what)
{
	(void)fprintf(stderr, "refusal-worker: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* fork() with the child's pid chosen: clone3(2), set_tid. */
static pid_t fork_as(pid_t pid)
{
	struct clone_args arguments = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&pid,
		.set_tid_size = 1,
	};

	long result = syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (result < 0)
		give_up("clone3");
	return (pid_t)result;
}

static void write_file(const char *path, const void *bytes, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || close(fd))
		give_up(path);
}

/* A program for i386 that calls pause(2) for ever; this machine's kernel runs it. */
static void make_foreign_program(void)
{
	static const unsigned char code[] = {
		0xb8, 0x1d, 0x00, 0x00, 0x00, /* mov $29, %eax: pause */
		0xcd, 0x80,		      /* int $0x80 */
		0xeb, 0xf7,		      /* jmp to the start */
	};
	struct {
		Elf32_Ehdr header;
		Elf32_Phdr segment;
		unsigned char code[sizeof(code)];
	} file = {
		.header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32,
					 ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_EXEC,
			    .e_machine = EM_386,
			    .e_version = EV_CURRENT,
			    .e_entry = FOREIGN_ADDRESS + sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr),
			    .e_phoff = sizeof(Elf32_Ehdr),
			    .e_ehsize = sizeof(Elf32_Ehdr),
			    .e_phentsize = sizeof(Elf32_Phdr),
			    .e_phnum = 1 },
		.segment = { .p_type = PT_LOAD,
			     .p_vaddr = FOREIGN_ADDRESS,
			     .p_filesz = sizeof(file),
			     .p_memsz = sizeof(file),
			     .p_flags = PF_R | PF_X,
			     .p_align = 4096 },
	};

	memcpy(file.code, code, sizeof(code));
	write_file(FOREIGN_PATH, &file, sizeof(file), 0755);
}

int main(void)
{
	char path[64];
	siginfo_t info;

	if (!fork_as(ZOMBIE_PID))
		_exit(0);
	if (waitid(P_PID, ZOMBIE_PID, &info, WEXITED | WNOWAIT))
		give_up("waitid");
	make_foreign_program();
	/* Closed by a successful exec, so that the parent sees when it has happened. */
	int ends[2];
	if (pipe2(ends, O_CLOEXEC))
		give_up("pipe2");
	if (!fork_as(FOREIGN_PID)) {
		(void)execl(FOREIGN_PATH, FOREIGN_PATH, (char *)NULL);
		(void)write(ends[1], "x", 1);
		_exit(1);
	}
	(void)close(ends[1]);
	if (read(ends[0], path, 1))
		give_up(FOREIGN_PATH);
	(void)snprintf(path, sizeof(path), "/tmp/ktstr-worker-ready-%d", (int)getpid());
	write_file(path, "ready\n", 6, 0644);
	for (;;)
		(void)pause();
}
