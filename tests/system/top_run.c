/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/system/top_run.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"

/* Only a hang gets there: emulated guests under sanitizers on a busy machine are slow. */
#define DEADLINE_NS (180 * KT_NS_PER_SEC)
/* How long what dies with its parent may take to be gone: no time, but on a busy machine. */
#define GRACE_NS (20 * KT_NS_PER_SEC)

static _Noreturn void run_child(const struct top_run *run, const struct top_run_options *options,
				int out_fd, int err_fd)
{
	char *argv[TOP_RUN_MAX_ARGUMENTS + 2] = { (char *)KTSTR_TOP };

	for (int i = 0; i < TOP_RUN_MAX_ARGUMENTS && options->arguments[i]; i++)
		argv[i + 1] = (char *)options->arguments[i];
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)dup2(out_fd, STDOUT_FILENO);
	(void)dup2(err_fd, STDERR_FILENO);
	if (options->close_standard)
		for (int fd = 0; fd <= STDERR_FILENO; fd++)
			(void)close(fd);
	(void)putenv((char *)run->mark);
	if (options->variable)
		(void)putenv((char *)options->variable);
	(void)execv(argv[0], argv);
	_exit(126);
}

void top_run_start(struct top_run *run, const struct top_run_options *options)
{
	int out[2];
	int err[2];

	*run = (struct top_run){ 0 };
	(void)snprintf(run->mark, sizeof(run->mark), "KTSTR_TEST_MARK=%d.%llu", (int)getpid(),
		       (unsigned long long)kt_clock_mono_ns());
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(err, O_CLOEXEC), 0);
	run->pid = fork();
	ck_assert_int_ge(run->pid, 0);
	if (!run->pid)
		run_child(run, options, out[1], err[1]);
	(void)close(out[1]);
	(void)close(err[1]);
	run->out_fd = out[0];
	run->err_fd = err[0];
}

static void take(int *fd, struct kt_buf *into)
{
	char bytes[65536];
	ssize_t got = read(*fd, bytes, sizeof(bytes));

	if (got > 0) {
		kt_buf_append(into, bytes, (size_t)got);
		return;
	}
	(void)close(*fd);
	*fd = -1;
}

/* One wait on both streams; false when both are at their end. */
static bool pump(struct top_run *run)
{
	struct pollfd slots[] = { { .fd = run->out_fd, .events = POLLIN },
				  { .fd = run->err_fd, .events = POLLIN } };

	if (run->out_fd < 0 && run->err_fd < 0)
		return false;
	(void)poll(slots, 2, 200);
	if (slots[0].revents)
		take(&run->out_fd, &run->out);
	if (slots[1].revents)
		take(&run->err_fd, &run->err);
	return true;
}

void top_run_wait_for(struct top_run *run, const char *part)
{
	uint64_t until_ns = kt_clock_mono_ns() + DEADLINE_NS;

	while (!strstr(kt_buf_text(&run->out), part)) {
		bool open = pump(run);
		ck_assert_msg(open && kt_clock_mono_ns() < until_ns,
			      "no '%s' in:\n%.3000s\n%.3000s", part, kt_buf_text(&run->out),
			      kt_buf_text(&run->err));
	}
}

void top_run_signal(const struct top_run *run, int signal)
{
	ck_assert_int_eq(kill(run->pid, signal), 0);
}

int top_run_end(struct top_run *run)
{
	uint64_t until_ns = kt_clock_mono_ns() + DEADLINE_NS;
	int status;

	while (pump(run))
		ck_assert_msg(kt_clock_mono_ns() < until_ns, "it does not end:\n%.3000s",
			      kt_buf_text(&run->out));
	ck_assert_int_eq(waitpid(run->pid, &status, 0), run->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* Whether process @pid (a directory of /proc) carries the mark and, if not NULL, @name. */
static bool is_ours(const struct top_run *run, const char *pid, const char *name)
{
	char path[300];
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	(void)snprintf(path, sizeof(path), "/proc/%s/environ", pid);
	kt_autoerr struct kt_error *err = kt_file_read(path, 1 << 20, &text);
	if (err || !text.len || !memmem(text.data, text.len, run->mark, strlen(run->mark) + 1))
		return false;
	if (!name)
		return true;
	kt_buf_reset(&text);
	(void)snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	kt_error_destroy(kt_file_read(path, 1 << 10, &text));
	return !strncmp(kt_buf_text(&text), name, strlen(name));
}

static pid_t find(const struct top_run *run, const char *name)
{
	struct dirent *entry;
	pid_t found = 0;
	DIR *dir = opendir("/proc");

	ck_assert_ptr_nonnull(dir);
	while (!found && (entry = readdir(dir)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    is_ours(run, entry->d_name, name))
			found = (pid_t)atoi(entry->d_name);
	(void)closedir(dir);
	return found;
}

pid_t top_run_find(const struct top_run *run, const char *name)
{
	return find(run, name);
}

void top_run_expect_nothing_left(const struct top_run *run)
{
	uint64_t until_ns = kt_clock_mono_ns() + GRACE_NS;
	pid_t left;

	while ((left = find(run, NULL))) {
		ck_assert_msg(kt_clock_mono_ns() < until_ns, "process %d was left behind",
			      (int)left);
		(void)poll(NULL, 0, 10);
	}
}

void top_run_deinit(struct top_run *run)
{
	kt_buf_deinit(&run->out);
	kt_buf_deinit(&run->err);
	if (run->out_fd >= 0)
		(void)close(run->out_fd);
	if (run->err_fd >= 0)
		(void)close(run->err_fd);
}
