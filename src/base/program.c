/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

extern char **environ;

enum {
	KT_CAPTURE_CHUNK_BYTES = 4096
};

static bool is_executable(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/* The first executable @name in the directories of @path_list; NULL with *failed when memory is out. */
static char *search_path(const char *path_list, const char *name, bool *failed)
{
	for (const char *at = path_list; at; at = *at ? at + 1 : NULL) {
		size_t len = strcspn(at, ":");
		char *path = NULL;

		/* An empty member means the current directory. */
		if (asprintf(&path, "%.*s/%s", len ? (int)len : 1, len ? at : ".", name) < 0) {
			*failed = true;
			return NULL;
		}
		if (is_executable(path))
			return path;
		free(path);
		at += len;
	}
	return NULL;
}

struct kt_error *kt_program_find(const char *name, char **ret_path)
{
	const char *path_list = getenv("PATH");
	bool failed = false;
	char *path = NULL;

	if (strchr(name, '/')) {
		if (!is_executable(name))
			return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
					       "%s: not an executable file", name);
		path = strdup(name);
		failed = !path;
	} else {
		path = search_path(path_list ? path_list : "/usr/bin:/bin", name, &failed);
	}
	if (failed)
		return kt_error_no_memory();
	if (!path)
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "%s: not found on PATH", name);
	*ret_path = path;
	return NULL;
}

static int left_ms(uint64_t deadline_mono_ns)
{
	uint64_t now = kt_clock_mono_ns();

	if (now >= deadline_mono_ns)
		return 0;
	return (int)((deadline_mono_ns - now + KT_NS_PER_MS - 1) / KT_NS_PER_MS);
}

/* poll() of one descriptor until the deadline: 1 ready, 0 too late, -1 failed. */
static int poll_until(int fd, uint64_t deadline_mono_ns)
{
	for (;;) {
		struct pollfd one = { .fd = fd, .events = POLLIN };
		int wait_ms = left_ms(deadline_mono_ns);
		int ready = poll(&one, 1, wait_ms);

		if (ready > 0 || (ready < 0 && errno != EINTR))
			return ready;
		if (!wait_ms)
			return 0;
	}
}

/* waitpid() of a process that has ended or is being killed, so it cannot block for long. */
static int reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return status;
}

struct kt_error *kt_program_wait(int pid, uint64_t deadline_mono_ns, int *ret_status)
{
	kt_autoclose int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	int ready = pidfd < 0 ? -1 : poll_until(pidfd, deadline_mono_ns);
	int wait_errno = ready < 0 ? errno : 0;
	if (ready <= 0)
		(void)kill(pid, SIGKILL);
	int status = reap(pid);
	if (ready < 0)
		return kt_error_create(KT_ERROR_ENVIRONMENT, wait_errno,
				       "cannot watch the process");
	if (!ready)
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "not done in time");
	*ret_status = status;
	return NULL;
}

/* Reads the pipe to its end, or to the deadline. */
static struct kt_error *drain(int fd, uint64_t deadline_mono_ns, size_t max_bytes,
			      struct kt_buf *out)
{
	size_t start = out->len;
	char chunk[KT_CAPTURE_CHUNK_BYTES];

	for (;;) {
		int ready = poll_until(fd, deadline_mono_ns);
		if (!ready)
			return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "not done in time");
		ssize_t got = ready < 0 ? -1 : read(fd, chunk, sizeof(chunk));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "read its output");
		if (!got)
			return kt_buf_error(out);
		kt_buf_append(out, chunk, (size_t)got);
		if (out->len - start > max_bytes)
			return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
					       "more than %zu bytes of output", max_bytes);
	}
}

/* Starts @argv with stdin from /dev/null and both outputs to @output_fd. */
static int spawn(char *const *argv, int output_fd, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	int failed = posix_spawn_file_actions_init(&actions);

	if (failed)
		return failed;
	failed = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (!failed)
		failed = posix_spawn_file_actions_adddup2(&actions, output_fd, 1);
	if (!failed)
		failed = posix_spawn_file_actions_adddup2(&actions, output_fd, 2);
	if (!failed)
		failed = posix_spawn(ret_pid, argv[0], &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return failed;
}

struct kt_error *kt_program_capture(char *const *argv, unsigned int deadline_ms, size_t max_bytes,
				    struct kt_buf *out, int *ret_status)
{
	uint64_t deadline = kt_clock_mono_ns() + deadline_ms * KT_NS_PER_MS;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "%s: make a pipe", argv[0]);
	kt_autoclose int read_end = ends[0];
	pid_t pid = -1;
	int failed = spawn(argv, ends[1], &pid);
	(void)close(ends[1]);
	if (failed)
		return kt_error_create(KT_ERROR_ENVIRONMENT, failed, "%s: start", argv[0]);

	struct kt_error *err = drain(read_end, deadline, max_bytes, out);
	int status = 0;
	struct kt_error *wait_err = kt_program_wait(pid, err ? 0 : deadline, &status);
	if (err) {
		kt_error_destroy(wait_err);
		return kt_error_wrap(err, "%s", argv[0]);
	}
	KT_TRY(kt_error_wrap(wait_err, "%s", argv[0]));
	*ret_status = status;
	return NULL;
}
