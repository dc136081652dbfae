/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/target.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "probe/permission.h"
#include "probe/read/describe.h"

#define DELETED " (deleted)"

enum {
	PF_KTHREAD_BIT = 0x00200000 /* include/linux/sched.h */
};

static struct kt_error *fatal(enum kt_fatal *ret_fatal, enum kt_fatal kind, struct kt_error *err)
{
	*ret_fatal = kind;
	return err;
}

/* State letter and flags (fields 3 and 9) of the process; false if they cannot be read. */
static bool read_state(int proc_fd, char *ret_letter, unsigned long *ret_flags)
{
	char text[1024];
	kt_autoclose int fd = openat(proc_fd, "stat", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (got <= 0)
		return false;
	text[got] = '\0';
	const char *close = strrchr(text, ')');
	return close &&
	       sscanf(close + 1, " %c %*d %*d %*d %*d %*d %lu", ret_letter, ret_flags) == 2;
}

/* A process without executable: says what it is.  NULL for one that should have it. */
static struct kt_error *explain_state(const struct kt_target *target, enum kt_fatal *ret_fatal)
{
	char letter = '?';
	unsigned long flags = 0;

	if (!read_state(target->proc_fd, &letter, &flags))
		return fatal(ret_fatal, KT_FATAL_PID_MISSING,
			     kt_error_create(KT_ERROR_PROBE, 0, "no process %d", target->pid));
	if (flags & PF_KTHREAD_BIT)
		return fatal(ret_fatal, KT_FATAL_KERNEL_THREAD,
			     kt_error_create(KT_ERROR_PROBE, 0,
					     "process %d is a kernel thread: it has no executable",
					     target->pid));
	if (letter == 'Z' || letter == 'X')
		return fatal(ret_fatal, KT_FATAL_ZOMBIE,
			     kt_error_create(KT_ERROR_PROBE, 0,
					     "process %d has ended (it is a zombie)", target->pid));
	return NULL;
}

static struct kt_error *refuse_permission(const struct kt_target *target, int saved,
					  enum kt_fatal *ret_fatal)
{
	return fatal(ret_fatal, KT_FATAL_PERMISSION_DENIED,
		     kt_permission_error(target->proc_fd, target->pid, saved));
}

/* The executable cannot be looked at: says why. */
static struct kt_error *explain_no_exe(const struct kt_target *target, int saved,
				       enum kt_fatal *ret_fatal)
{
	KT_TRY(explain_state(target, ret_fatal));
	if (saved == EACCES || saved == EPERM)
		return refuse_permission(target, saved, ret_fatal);
	return fatal(ret_fatal, KT_FATAL_PID_MISSING,
		     kt_error_create(KT_ERROR_PROBE, saved, "the executable of process %d",
				     target->pid));
}

/* There is no such directory in /proc; a process may still be there (proc(5), hidepid). */
static struct kt_error *explain_no_directory(pid_t pid, const char *path, int saved,
					     enum kt_fatal *ret_fatal)
{
	if (!kill(pid, 0) || errno == EPERM)
		return fatal(ret_fatal, KT_FATAL_PERMISSION_DENIED,
			     kt_error_create(KT_ERROR_PROBE, saved,
					     "no permission to look at process %d: it is there, "
					     "but %s is hidden (mount option hidepid); run the "
					     "probe as root",
					     pid, path));
	return fatal(ret_fatal, KT_FATAL_PID_MISSING,
		     kt_error_create(KT_ERROR_PROBE, saved, "no process %d (%s)", pid, path));
}

static struct kt_error *read_exe_path(struct kt_target *target, enum kt_fatal *ret_fatal)
{
	char path[PATH_MAX];
	size_t tail = sizeof(DELETED) - 1;
	ssize_t len = readlinkat(target->proc_fd, "exe", path, sizeof(path) - 1);

	if (len < 0)
		return fatal(ret_fatal, KT_FATAL_READLINK_FAILURE,
			     kt_error_create(KT_ERROR_PROBE, errno,
					     "the executable's path of process %d", target->pid));
	path[len] = '\0';
	if ((size_t)len > tail && !strcmp(path + len - tail, DELETED))
		path[(size_t)len - tail] = '\0';
	target->exe_path = strdup(path);
	return target->exe_path ? NULL : kt_error_no_memory();
}

/* Start time of the leader, from its own stat: cheap whatever the number of threads. */
static void read_start_time(struct kt_target *target)
{
	struct kt_row leader = { .tid = target->pid };

	kt_describe_row(target->task_fd, &leader);
	target->has_start_time = leader.has_start_time;
	target->start_time_jiffies = leader.start_time_jiffies;
}

static bool is_same_pid_ns(const struct kt_target *target)
{
	struct stat theirs;
	struct stat ours;

	return !fstatat(target->proc_fd, "ns/pid", &theirs, 0) &&
	       !stat("/proc/self/ns/pid", &ours) && theirs.st_dev == ours.st_dev &&
	       theirs.st_ino == ours.st_ino;
}

static struct kt_error *take_hold(struct kt_target *target, enum kt_fatal *ret_fatal)
{
	struct stat st;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d", target->pid);
	target->proc_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (target->proc_fd < 0)
		return explain_no_directory(target->pid, path, errno, ret_fatal);
	if (fstatat(target->proc_fd, "exe", &st, 0))
		return explain_no_exe(target, errno, ret_fatal);
	target->exe_device = st.st_dev;
	target->exe_inode = st.st_ino;
	if (!kt_permission_to_read(target->pid))
		return refuse_permission(target, errno, ret_fatal);
	KT_TRY(read_exe_path(target, ret_fatal));
	target->task_fd = openat(target->proc_fd, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (target->task_fd < 0)
		return fatal(ret_fatal, KT_FATAL_TID_ENUMERATION_FAILURE,
			     kt_error_create(KT_ERROR_PROBE, errno, "the threads of process %d",
					     target->pid));
	target->mem_fd = openat(target->proc_fd, "mem", O_RDONLY | O_CLOEXEC);
	/* The process behind proc_fd is alive at the next check, so the pid is its own here. */
	target->pidfd = (int)syscall(SYS_pidfd_open, target->pid, 0);
	target->is_same_pid_ns = is_same_pid_ns(target);
	read_start_time(target);
	return NULL;
}

struct kt_error *kt_target_open(pid_t pid, struct kt_target *ret, enum kt_fatal *ret_fatal)
{
	struct kt_target target = KT_TARGET_INIT;

	target.pid = pid;
	*ret_fatal = KT_FATAL_OTHER;
	if (pid == getpid())
		return fatal(ret_fatal, KT_FATAL_SELF_PROBE_REJECTED,
			     kt_error_create(KT_ERROR_PROBE, 0,
					     "process %d is the probe: it refuses to probe itself",
					     pid));
	struct kt_error *err = take_hold(&target, ret_fatal);
	if (err) {
		kt_target_deinit(&target);
		return err;
	}
	*ret = target;
	return NULL;
}

void kt_target_deinit(struct kt_target *target)
{
	const int fds[] = { target->proc_fd, target->task_fd, target->mem_fd, target->pidfd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	free(target->exe_path);
	*target = KT_TARGET_INIT;
}

enum kt_target_state kt_target_check(const struct kt_target *target)
{
	struct stat st;
	char byte;

	/* A process at its end has no executable any more; one that gained rights hides it. */
	if (fstatat(target->proc_fd, "exe", &st, 0))
		return errno == EACCES || errno == EPERM ? KT_TARGET_REPLACED : KT_TARGET_EXITED;
	if (st.st_dev != target->exe_device || st.st_ino != target->exe_inode)
		return KT_TARGET_REPLACED;
	/* An address space that lives fails on address 0 with EIO; a dead one reads 0 bytes. */
	if (target->mem_fd >= 0 && !pread(target->mem_fd, &byte, 1, 0))
		return KT_TARGET_REPLACED;
	return KT_TARGET_SAME;
}

struct kt_error *kt_target_replaced_error(const struct kt_target *target, const char *phase)
{
	struct stat st;

	if (fstatat(target->proc_fd, "exe", &st, 0))
		st = (struct stat){ 0 };
	return kt_error_create(KT_ERROR_PROBE, 0,
			       "process %d started a program anew %s: the executable was device "
			       "0x%" PRIx64 " inode %" PRIu64 ", it is device 0x%" PRIx64
			       " inode %" PRIu64 "; the TLS offsets are invalid",
			       target->pid, phase, (uint64_t)target->exe_device,
			       (uint64_t)target->exe_inode, (uint64_t)st.st_dev,
			       (uint64_t)st.st_ino);
}
