/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker that goes wrong in a guest in the way its first argument says.  Linked
 * without any allocator of ours; the faults are those that users' programs have.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static _Noreturn void park(void)
{
	for (;;)
		(void)pause();
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		(void)fprintf(stderr, "fault-worker: %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
}

static void mark_ready(void)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/tmp/ktstr-worker-ready-%d", (int)getpid());
	write_file(path, "ready\n");
}

static void exit_at_once(void)
{
	(void)fprintf(stderr, "fault-worker: \x1b[31mgoing down\n");
	exit(42);
}

static void hang(void)
{
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_IGN);
	park();
}

static void fork_away(void)
{
	if (fork())
		exit(0);
	mark_ready();
	park();
}

/* The process that executes @path; 0 for none. */
static int find_process(const char *path)
{
	char link[300];
	char name[64];
	int pid = 0;
	DIR *proc = opendir("/proc");
	const struct dirent *entry;

	while (!pid && proc && (entry = readdir(proc))) {
		(void)snprintf(link, sizeof(link), "/proc/%s/exe", entry->d_name);
		ssize_t len = readlink(link, name, sizeof(name) - 1);
		if (len <= 0)
			continue;
		name[len] = '\0';
		if (!strcmp(name, path))
			pid = atoi(entry->d_name);
	}
	if (proc)
		(void)closedir(proc);
	return pid;
}

/* The letter of the process's state, or '?'. */
static char state_of(int pid)
{
	char text[512] = "";
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return '?';
	(void)!read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	const char *close_paren = strrchr(text, ')');
	return close_paren ? close_paren[2] : '?';
}

/* Kills the real worker once the probe is seen to wait between its snapshots. */
static void kill_worker(void)
{
	int sleeping_count = 0;

	mark_ready();
	while (sleeping_count < 10) {
		int probe = find_process("/bin/ktstr-jemalloc-probe");
		sleeping_count += probe && state_of(probe) == 'S';
		(void)usleep(20 * 1000);
	}
	(void)kill(find_process("/bin/ktstr-jemalloc-alloc-worker"), SIGKILL);
	park();
}

static void panic_kernel(void)
{
	mark_ready();
	write_file("/proc/sysrq-trigger", "c");
	park();
}

static void eat_memory(void)
{
	for (;;) {
		const size_t chunk = 16 << 20;
		char *memory = mmap(NULL, chunk, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED)
			park();
		memset(memory, 1, chunk);
	}
}

/* PID 1, the agent, stands still and with it every answer. */
static void freeze_agent(void)
{
	if (mkdir("/sys/fs/cgroup/cold", 0755))
		perror("fault-worker: cgroup");
	write_file("/sys/fs/cgroup/cold/cgroup.procs", "1");
	write_file("/sys/fs/cgroup/cold/cgroup.freeze", "1");
	park();
}

static void spin(void)
{
	mark_ready();
	for (volatile unsigned long turn = 0;; turn++)
		;
}

static void flood_output(void)
{
	static const char block[65536] = { 0 };

	mark_ready();
	while (write(STDOUT_FILENO, block, sizeof(block)) > 0)
		;
	park();
}

static const struct {
	const char *name;
	void (*act)(void);
} faults[] = {
	{ "exit", exit_at_once },   { "hang", hang },	       { "fork", fork_away },
	{ "kill", kill_worker },    { "panic", panic_kernel }, { "oom", eat_memory },
	{ "freeze", freeze_agent }, { "spin", spin },	       { "flood", flood_output },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(faults) / sizeof(*faults); i++)
		if (!strcmp(faults[i].name, argv[1]))
			faults[i].act();
	return 99;
}
