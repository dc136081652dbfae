/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PID 1 of the guest of groups_test: a kernel whose cgroup v2 has all controllers, whatever the host has.
 * Makes control groups by our own code, does in them what they are to stop, and writes what happened as
 * "name=value" lines to the virtio-serial port, then "end".  Linked statically, without sanitizers.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "guest/system.h"
#include "vmm/confine/group_place.h"
#include "vmm/confine/groups.h"

#define GROUP_ROOT "/sys/fs/cgroup"
#define MIB	   (1UL << 20)

enum {
	LIMIT_MIB = 32,
	EATEN_MIB = 100,
	TASKS = 8,
	FORKS = 50,
};

/* Ends the guest if @err is one. */
static void need(FILE *port, struct kt_error *err)
{
	if (!err)
		return;
	(void)fprintf(port, "error=%s\n", kt_error_message(err));
	(void)fflush(port);
	(void)reboot(RB_POWER_OFF);
}

static void join(const char *procs)
{
	int fd = open(procs, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) != 1)
		_exit(9);
	(void)close(fd);
}

static _Noreturn void eat(void)
{
	char *memory = mmap(NULL, EATEN_MIB * MIB, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		_exit(8);
	memset(memory, 1, EATEN_MIB * MIB);
	_exit(0);
}

/* Exits with the number of children that it got. */
static _Noreturn void multiply(void)
{
	int count = 0;

	for (int i = 0; i < FORKS; i++) {
		pid_t pid = fork();
		if (!pid)
			for (;;)
				(void)pause();
		count += pid > 0;
	}
	_exit(count);
}

/* How a child that joins @procs and does @act ends: its exit code, or 1000 and its signal. */
static int try_in(const char *procs, void (*act)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		if (procs)
			join(procs);
		act();
	}
	(void)waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* How many runs have left something, or are there. */
static int count_runs(void)
{
	DIR *entries = opendir(GROUP_ROOT);
	const struct dirent *entry;
	int count = 0;

	while (entries && (entry = readdir(entries)))
		count += !strncmp(entry->d_name, "ktstr-top.", 10);
	if (entries)
		(void)closedir(entries);
	return count;
}

static const struct kt_group_controllers both = { true, true };

/* A run that is killed, as its lock shows. */
static void leave_groups(void)
{
	struct kt_groups *groups = NULL;
	struct kt_error *err = kt_groups_open(GROUP_ROOT, both, 3, &groups);

	_exit(err ? 1 : 0);
}

static void run(FILE *port)
{
	struct kt_group_place place;
	struct kt_groups *groups = NULL;
	const char *first;
	const char *second;

	need(port, kt_group_place_find("/proc/self/cgroup", "/proc/self/mountinfo", &place));
	(void)fprintf(port, "place=%s\nreason=%s\n", place.dir ? place.dir : "none", place.reason);
	need(port, kt_groups_open(GROUP_ROOT, both, 1, &groups));
	need(port, kt_groups_take(groups, LIMIT_MIB * MIB, TASKS, &first));
	need(port, kt_groups_take(groups, 2 * EATEN_MIB * MIB, TASKS, &second));
	(void)fprintf(port, "first=%s\nsecond=%s\n", first, second);
	(void)fprintf(port, "free_eater=%d\n", try_in(NULL, eat));
	(void)fprintf(port, "small_eater=%d\n", try_in(first, eat));
	(void)fprintf(port, "large_eater=%d\n", try_in(second, eat));
	(void)fprintf(port, "children=%d\n", try_in(second, multiply));
	(void)kill(-1, SIGKILL);
	while (wait(NULL) > 0)
		;
	kt_groups_give(groups, first);
	kt_groups_sweep(GROUP_ROOT);
	(void)fprintf(port, "runs_after_sweep_of_living=%d\n", count_runs());
	kt_groups_close(groups);
	(void)fprintf(port, "runs_after_close=%d\n", count_runs());
	(void)fprintf(port, "killed_run=%d\n", try_in(NULL, leave_groups));
	(void)fprintf(port, "runs_left=%d\n", count_runs());
	kt_groups_sweep(GROUP_ROOT);
	(void)fprintf(port, "runs_after_sweep=%d\nend\n", count_runs());
	(void)fflush(port);
}

static void give_all_controllers(void)
{
	int fd = open(GROUP_ROOT "/cgroup.subtree_control", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, "+memory +pids", 13);
		(void)close(fd);
	}
}

int main(void)
{
	int fd = -1;

	(void)mount("dev", "/dev", "devtmpfs", 0, "");
	(void)mkdir("/sys", 0755);
	(void)mkdir("/proc", 0755);
	(void)mount("sys", "/sys", "sysfs", 0, "");
	(void)mount("proc", "/proc", "proc", 0, "");
	(void)mount("cg", GROUP_ROOT, "cgroup2", 0, "");
	give_all_controllers();
	kt_error_destroy(kt_system_open_port("ktstr-test", 10 * KT_NS_PER_SEC, &fd));
	FILE *port = fd < 0 ? NULL : fdopen(fd, "w");
	if (port)
		run(port);
	(void)reboot(RB_POWER_OFF);
	return 1;
}
