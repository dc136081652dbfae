/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/vmm/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/program.h"
#include "vmm/accel/tsc.h"
#include "vmm/kernel/kernel.h"
#include "vmm/qemu/qemu_info.h"

extern char **environ;

/* QEMU's descriptors, from 3 on. */
enum {
	FD_QMP,
	FD_AGENT,
	FD_CONSOLE,
	FD_KERNEL,
	FD_INITRD,
	FD_COUNT,
	FD_FIRST = 3,
	SOCKET_COUNT = FD_CONSOLE + 1,
};

struct process {
	pid_t pid;
	int ours[SOCKET_COUNT];
	int theirs[FD_COUNT];
};

static void process_close(struct process *process)
{
	for (int i = 0; i < SOCKET_COUNT; i++)
		kt_close_cleanup(&process->ours[i]);
	for (int i = 0; i < SOCKET_COUNT; i++) /* kernel and initrd belong to others */
		kt_close_cleanup(&process->theirs[i]);
}

/* The descriptors move above the ones that QEMU will have, so that no dup2() hits another. */
static struct kt_error *make_sockets(struct process *process)
{
	for (int i = 0; i < SOCKET_COUNT; i++) {
		int pair[2];
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
			return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "socketpair");
		process->ours[i] = pair[0];
		process->theirs[i] = fcntl(pair[1], F_DUPFD_CLOEXEC, FD_FIRST + FD_COUNT);
		(void)close(pair[1]);
		if (process->theirs[i] < 0)
			return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "dup");
	}
	return NULL;
}

static struct kt_error *spawn(struct process *process, char *const *argv)
{
	posix_spawn_file_actions_t actions;
	int failed = posix_spawn_file_actions_init(&actions);

	if (failed)
		return kt_error_create(KT_ERROR_ENVIRONMENT, failed, "file actions");
	for (int i = 0; i < FD_COUNT && !failed; i++)
		failed = posix_spawn_file_actions_adddup2(&actions, process->theirs[i],
							  FD_FIRST + i);
	if (!failed)
		failed = posix_spawn(&process->pid, argv[0], &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return failed ? kt_error_create(KT_ERROR_ENVIRONMENT, failed, "%s", argv[0]) : NULL;
}

/* Takes what came on one socket; false at its end. */
static bool take(int fd, struct kt_buf *out)
{
	char chunk[16384];
	ssize_t got = read(fd, chunk, sizeof(chunk));

	if (got > 0)
		kt_buf_append(out, chunk, (size_t)got);
	return got > 0 || (got < 0 && errno == EINTR);
}

/* Reads all sockets to their ends, or to the deadline. */
static void read_all(const struct process *process, uint64_t start_ns, uint64_t deadline_ns,
		     struct kt_boot *boot)
{
	kt_autobuf struct kt_buf qmp = KT_BUF_INIT;
	struct kt_buf *const outs[SOCKET_COUNT] = { &qmp, &boot->agent, &boot->console };
	struct pollfd polls[SOCKET_COUNT];
	int open_count = SOCKET_COUNT;

	for (int i = 0; i < SOCKET_COUNT; i++)
		polls[i] = (struct pollfd){ .fd = process->ours[i], .events = POLLIN };
	while (open_count && kt_clock_mono_ns() < deadline_ns) {
		uint64_t left_ns = deadline_ns - kt_clock_mono_ns();
		(void)poll(polls, SOCKET_COUNT, (int)(left_ns / KT_NS_PER_MS) + 1);
		for (int i = 0; i < SOCKET_COUNT; i++) {
			if (polls[i].fd < 0 || !polls[i].revents || take(polls[i].fd, outs[i]))
				continue;
			polls[i].fd = -1;
			open_count--;
		}
		if (boot->agent.len && !boot->first_byte_ns)
			boot->first_byte_ns = kt_clock_mono_ns() - start_ns;
	}
}

static struct kt_error *run_qemu(struct process *process, char *const *argv,
				 unsigned int deadline_ms, struct kt_boot *boot)
{
	uint64_t start_ns = kt_clock_mono_ns();
	uint64_t deadline_ns = start_ns + deadline_ms * KT_NS_PER_MS;
	int status = 0;

	KT_TRY(make_sockets(process));
	KT_TRY(spawn(process, argv));
	for (int i = 0; i < SOCKET_COUNT; i++) {
		(void)close(process->theirs[i]);
		process->theirs[i] = -1;
	}
	read_all(process, start_ns, deadline_ns, boot);
	return kt_error_wrap(kt_program_wait(process->pid, deadline_ns, &status), "QEMU");
}

static struct kt_error *make_arguments(const struct kt_topology *topology, uint64_t image_bytes,
				       const struct kt_qemu_info *qemu, struct kt_arguments *ret)
{
	const struct kt_machine machine = {
		.topology = *topology,
		.memory_mib = kt_machine_memory_mib(topology, image_bytes),
		.tcg_multi_thread = qemu->tcg_multi_thread,
		.agent_port = "ktstr-test",
		.qmp_fd = FD_FIRST + FD_QMP,
		.agent_fd = FD_FIRST + FD_AGENT,
		.console_fd = FD_FIRST + FD_CONSOLE,
	};
	const struct kt_machine_boot boot = {
		.kernel_fd = FD_FIRST + FD_KERNEL,
		.initrd_fd = FD_FIRST + FD_INITRD,
		.tsc_khz = kt_tsc_measure("/proc/cpuinfo").khz,
	};
	const struct kt_machine_programs programs = { .setpriv = qemu->setpriv_path,
						      .qemu = qemu->path };

	return kt_machine_boot_arguments(&machine, &boot, &programs, ret);
}

static void raise_fd(int *fd)
{
	int high = fcntl(*fd, F_DUPFD_CLOEXEC, FD_FIRST + FD_COUNT);

	(void)close(*fd);
	*fd = high;
}

struct kt_error *kt_boot_run(const struct kt_topology *topology, struct kt_image *image,
			     unsigned int deadline_ms, struct kt_boot *ret)
{
	__attribute__((cleanup(kt_qemu_info_deinit))) struct kt_qemu_info qemu = { 0 };
	__attribute__((cleanup(kt_kernel_deinit))) struct kt_kernel kernel = { .elf_fd = -1 };
	__attribute__((cleanup(process_close))) struct process process = {
		.ours = { -1, -1, -1 },
		.theirs = { -1, -1, -1, -1, -1 },
	};
	kt_autoarguments struct kt_arguments arguments = { 0 };
	kt_autoclose int initrd = -1;
	uint64_t image_bytes = 0;

	KT_TRY(kt_qemu_info_find(&qemu));
	KT_TRY(kt_kernel_find(NULL, &kernel));
	KT_TRY(kt_image_finish(image, &initrd, &image_bytes));
	raise_fd(&kernel.elf_fd);
	raise_fd(&initrd);
	process.theirs[FD_KERNEL] = kernel.elf_fd;
	process.theirs[FD_INITRD] = initrd;
	KT_TRY(make_arguments(topology, image_bytes, &qemu, &arguments));
	return run_qemu(&process, arguments.argv, deadline_ms, ret);
}

void kt_boot_deinit(struct kt_boot *boot)
{
	kt_buf_deinit(&boot->agent);
	kt_buf_deinit(&boot->console);
}
