/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/doctor/errand.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"

/* How long a child that has been killed may take to be gone; it is no matter if it is not. */
#define REAP_NS (100 * KT_NS_PER_MS)

/*
 * Nothing of ours stays open in a child that may outlive us: whoever reads our output, waits for its end.
 */
static _Noreturn void be_child(kt_errand_fn look, void *facts, size_t size, int pipe_fd)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(pipe_fd, STDIN_FILENO) < 0 || close_range(STDIN_FILENO + 1, ~0U, 0))
		_exit(1);
	look(facts);
	kt_autoerr struct kt_error *err = kt_file_write_fd(STDIN_FILENO, "pipe", facts, size);
	_exit(err != NULL);
}

/* Waits for the pipe until @until_ns; false when it is late. */
static bool wait_for(int pipe_fd, uint64_t until_ns)
{
	struct pollfd slot = { .fd = pipe_fd, .events = POLLIN };

	for (;;) {
		uint64_t now_ns = kt_clock_mono_ns();
		uint64_t left_ns = now_ns < until_ns ? until_ns - now_ns : 0;
		int count = poll(&slot, 1, (int)((left_ns + KT_NS_PER_MS - 1) / KT_NS_PER_MS));

		if (count > 0)
			return true;
		if (!left_ns || (count < 0 && errno != EINTR))
			return false;
	}
}

/* A write to a pipe of at most PIPE_BUF bytes comes whole; a larger one in parts. */
static enum kt_errand_end take_answer(int pipe_fd, char *answer, size_t size, uint64_t until_ns)
{
	for (size_t len = 0; len < size;) {
		if (!wait_for(pipe_fd, until_ns))
			return KT_ERRAND_LATE;
		ssize_t got = read(pipe_fd, answer + len, size - len);
		if (got > 0)
			len += (size_t)got;
		else if (!got || errno != EINTR)
			return KT_ERRAND_DEAD;
	}
	return KT_ERRAND_DONE;
}

/* Who hangs in the kernel may not end even now: then it stays a child of ours until we end. */
static void end_child(pid_t pid)
{
	uint64_t until_ns = kt_clock_mono_ns() + REAP_NS;

	(void)kill(pid, SIGKILL);
	while (!waitpid(pid, NULL, WNOHANG) && kt_clock_mono_ns() < until_ns)
		(void)poll(NULL, 0, 1);
}

struct kt_error *kt_errand_run(kt_errand_fn look, void *facts, size_t size, uint64_t deadline_ms,
			       enum kt_errand_end *ret_end)
{
	uint64_t until_ns = kt_clock_mono_ns() + deadline_ms * KT_NS_PER_MS;
	kt_autofree char *answer = malloc(size);
	int ends[2];

	if (!answer)
		return kt_error_no_memory();
	if (pipe2(ends, O_CLOEXEC))
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "no pipe");
	kt_autoclose int reading = ends[0];
	pid_t pid = fork();
	if (!pid)
		be_child(look, facts, size, ends[1]);
	int fork_errno = errno;
	(void)close(ends[1]);
	if (pid < 0)
		return kt_error_create(KT_ERROR_ENVIRONMENT, fork_errno, "no child");

	*ret_end = take_answer(reading, answer, size, until_ns);
	end_child(pid);
	if (*ret_end == KT_ERRAND_DONE)
		memcpy(facts, answer, size);
	return NULL;
}
