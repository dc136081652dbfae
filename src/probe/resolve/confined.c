/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/confined.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

const char *kt_confined_text(enum kt_confined_end end)
{
	switch (end) {
	case KT_CONFINED_DONE:
		break;
	case KT_CONFINED_CRASHED:
		return "libdw crashed on it";
	case KT_CONFINED_TIMEOUT:
		return "reading it took too long";
	case KT_CONFINED_REFUSED:
		return "no process could be made to read it";
	}
	return "no error";
}

/* The child: nothing can be opened, written to disk, or outlive the probe. */
static void confine(void)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };
	const struct rlimit none = { 0 };
	const struct rlimit cpu = { KT_CONFINED_LIMIT_MS / 1000 + 1,
				    KT_CONFINED_LIMIT_MS / 1000 + 1 };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)setrlimit(RLIMIT_FSIZE, &none);
	(void)setrlimit(RLIMIT_NOFILE, &none);
	(void)setrlimit(RLIMIT_CPU, &cpu);
	/* A sanitizer's report would be about a library that is not ours, on our user's screen. */
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		(void)signal(crashes[i], SIG_DFL);
}

__attribute__((noreturn)) static void be_child(void (*work)(void *ctx, void *result), void *ctx,
					       size_t bytes, int out)
{
	char result[KT_CONFINED_RESULT_MAX_BYTES] __attribute__((aligned(16))) = { 0 };

	confine();
	work(ctx, result);
	/* RLIMIT_FSIZE does not concern pipes. */
	_exit(write(out, result, bytes) == (ssize_t)bytes ? 0 : 1);
}

/* Reads the child's answer of @bytes bytes, which comes in one piece. */
static enum kt_confined_end await(int in, void *answer, size_t bytes)
{
	struct pollfd watch = { .fd = in, .events = POLLIN };

	/* A signal may be the one that ends the probe: it ends the wait too. */
	if (poll(&watch, 1, KT_CONFINED_LIMIT_MS) <= 0)
		return KT_CONFINED_TIMEOUT;
	return read(in, answer, bytes) == (ssize_t)bytes ? KT_CONFINED_DONE : KT_CONFINED_CRASHED;
}

enum kt_confined_end kt_confined_run(void (*work)(void *ctx, void *result), void *ctx, void *result,
				     size_t bytes)
{
	char answer[KT_CONFINED_RESULT_MAX_BYTES];
	int ends[2];

	if (bytes > sizeof(answer) || pipe2(ends, O_CLOEXEC))
		return KT_CONFINED_REFUSED;
	pid_t child = fork();
	if (!child)
		be_child(work, ctx, bytes, ends[1]);
	(void)close(ends[1]);
	enum kt_confined_end end = KT_CONFINED_REFUSED;
	if (child > 0) {
		end = await(ends[0], answer, bytes);
		(void)kill(child, SIGKILL);
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	(void)close(ends[0]);
	if (end == KT_CONFINED_DONE)
		memcpy(result, answer, bytes);
	return end;
}
