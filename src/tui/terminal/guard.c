/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/terminal/guard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tui/terminal/capture.h"

enum {
	STACK_BYTES = 64 * 1024,
	PATIENCE_MS = 200, /* for a terminal that takes nothing */
};

static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT };
enum {
	SIGNAL_COUNT = sizeof(signals) / sizeof(signals[0])
};

/* A signal handler has no arguments. */
static struct {
	atomic_bool is_armed;
	bool is_registered; /* with atexit() */
	pid_t pid;	    /* children that were forked are not guarded */
	int fd;
	struct termios modes;
	char bytes[KT_GUARD_MAX_BYTES];
	size_t len;
	struct sigaction before[SIGNAL_COUNT];
	bool has_stack;
	char stack[STACK_BYTES] __attribute__((aligned(16)));
} guard;

/* Only async-signal-safe calls.  Whoever comes first does it, once. */
static void restore(void)
{
	if (guard.pid != getpid() || !atomic_exchange(&guard.is_armed, false))
		return;
	const char *at = guard.bytes;
	size_t left = guard.len;
	while (left) {
		struct pollfd ready = { .fd = guard.fd, .events = POLLOUT };
		if (poll(&ready, 1, PATIENCE_MS) != 1 || !(ready.revents & POLLOUT))
			break;
		ssize_t written = write(guard.fd, at, left);
		if (written < 0 && errno != EINTR && errno != EAGAIN)
			break;
		if (written > 0) {
			at += written;
			left -= (size_t)written;
		}
	}
	(void)tcsetattr(guard.fd, TCSANOW, &guard.modes);
	kt_capture_end();
}

/* The signal's old meaning is back when this returns. */
static void on_fatal(int number, siginfo_t *info, void *context)
{
	int saved_errno = errno;

	(void)context;
	restore();
	for (unsigned i = 0; i < SIGNAL_COUNT; i++) {
		/* Without a screen there is no going on, even if the signal was ignored before. */
		if (signals[i] == number && guard.before[i].sa_handler != SIG_IGN)
			(void)sigaction(number, &guard.before[i], NULL);
		else if (signals[i] == number)
			(void)signal(number, SIG_DFL);
	}
	/* A fault comes again by itself, with the true address for who looks at it next. */
	bool is_fault = info->si_code > 0 && number != SIGABRT && number != SIGQUIT;
	if (!is_fault)
		(void)raise(number);
	errno = saved_errno;
}

/* A stack that overflowed is no place for a handler.  One that is there already is fine. */
static void use_own_stack(void)
{
	stack_t now;

	if (sigaltstack(NULL, &now) || !(now.ss_flags & SS_DISABLE))
		return;
	const stack_t own = { .ss_sp = guard.stack, .ss_size = sizeof(guard.stack) };
	guard.has_stack = !sigaltstack(&own, NULL);
}

void kt_guard_arm(int fd, const struct termios *modes, const void *bytes, size_t len)
{
	struct sigaction action = { .sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	kt_guard_disarm();
	guard.pid = getpid();
	guard.fd = fd;
	guard.modes = *modes;
	guard.len = len < KT_GUARD_MAX_BYTES ? len : KT_GUARD_MAX_BYTES;
	memcpy(guard.bytes, bytes, guard.len);
	if (!guard.is_registered)
		guard.is_registered = !atexit(restore);
	use_own_stack();
	(void)sigfillset(&action.sa_mask);
	atomic_store(&guard.is_armed, true);
	for (unsigned i = 0; i < SIGNAL_COUNT; i++) {
		(void)sigaction(signals[i], &action, &guard.before[i]);
		/* Nobody but us sends the others; who ignores this one wants us to go on. */
		if (signals[i] == SIGQUIT && guard.before[i].sa_handler == SIG_IGN)
			(void)signal(SIGQUIT, SIG_IGN);
	}
}

/* The signals are as they were. */
static void release(void)
{
	for (unsigned i = 0; i < SIGNAL_COUNT; i++)
		(void)sigaction(signals[i], &guard.before[i], NULL);
	if (guard.has_stack) {
		const stack_t none = { .ss_flags = SS_DISABLE };
		(void)sigaltstack(&none, NULL);
		guard.has_stack = false;
	}
}

void kt_guard_restore(void)
{
	if (!atomic_load(&guard.is_armed))
		return;
	restore();
	release();
}

void kt_guard_disarm(void)
{
	if (atomic_exchange(&guard.is_armed, false))
		release();
}
