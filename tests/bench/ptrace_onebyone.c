/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The method the probe is measured against: each thread in turn is seized, interrupted,
 * waited for, its thread pointer fetched, the counters read, and let go.
 *
 * ptrace_onebyone PID OFFSET: OFFSET (signed) leads from the thread pointer to the counters.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#if defined(__x86_64__)
static int read_thread(pid_t pid, pid_t tid, int64_t offset, uint64_t counters[3])
{
	struct user_regs_struct regs;
	struct iovec registers = { &regs, sizeof(regs) };
	int status;

	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL))
		return -1;
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) || waitpid(tid, &status, __WALL) != tid ||
	    ptrace(PTRACE_GETREGSET, tid, (void *)1 /* NT_PRSTATUS */, &registers))
		return -1;
	struct iovec local = { counters, 24 };
	struct iovec remote = { (void *)(uintptr_t)(regs.fs_base + (uint64_t)offset), 24 };
	ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);
	(void)ptrace(PTRACE_DETACH, tid, NULL, NULL);
	return got == 24 ? 0 : -1;
}
#else
static int read_thread(pid_t pid, pid_t tid, int64_t offset, uint64_t counters[3])
{
	(void)pid;
	(void)tid;
	(void)offset;
	(void)counters;
	return -1; /* the re-enactment exists for x86_64 only */
}
#endif

int main(int argc, char **argv)
{
	char path[64];
	int failed = 0;

	if (argc != 3)
		return 2;
	pid_t pid = atoi(argv[1]);
	(void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *dir = opendir(path);
	if (!dir)
		return 1;
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		uint64_t counters[3] = { 0 };
		pid_t tid = atoi(entry->d_name);
		if (!tid)
			continue;
		if (read_thread(pid, tid, strtoll(argv[2], NULL, 0), counters))
			failed++;
		else
			(void)printf("%d %lu %lu\n", tid, (unsigned long)counters[0],
				     (unsigned long)counters[2]);
	}
	(void)closedir(dir);
	return failed != 0;
}
