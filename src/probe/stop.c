/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/stop.h"

#include <poll.h>
#include <stddef.h>
#include <sys/time.h>

#include "base/clock.h"

static volatile sig_atomic_t stop_reason;

static void on_signal(int number)
{
	if (!stop_reason)
		stop_reason = number == SIGALRM ? KT_STOP_DEADLINE : KT_STOP_SIGNAL;
}

void kt_stop_install(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	(void)sigaction(SIGPIPE, &action, NULL);
	action.sa_handler = on_signal;
	(void)sigaction(SIGALRM, &action, NULL); /* no restart: it breaks blocking calls */
	action.sa_flags = SA_RESTART;
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
}

void kt_stop_deadline_start(uint64_t ms)
{
	struct itimerval timer = {
		.it_value = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (long)(ms % 1000) * 1000 },
	};

	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

void kt_stop_deadline_end(void)
{
	struct itimerval timer = { 0 };

	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

const volatile sig_atomic_t *kt_stop_flag(void)
{
	return &stop_reason;
}

void kt_stop_clear(void)
{
	stop_reason = KT_STOP_NONE;
}

/* Blocked outside of ppoll, so that no signal falls between the look and the sleep. */
static void block_stops(sigset_t *ret_saved)
{
	sigset_t stops;

	(void)sigemptyset(&stops);
	(void)sigaddset(&stops, SIGINT);
	(void)sigaddset(&stops, SIGTERM);
	(void)sigaddset(&stops, SIGALRM);
	(void)sigprocmask(SIG_BLOCK, &stops, ret_saved);
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / KT_NS_PER_SEC),
		.tv_nsec = (long)(ns % KT_NS_PER_SEC),
	};
}

bool kt_stop_wait_until(uint64_t end_ns, int pidfd, int out_fd)
{
	/* That a reader is gone is reported unasked. */
	struct pollfd watches[] = { { .fd = pidfd, .events = POLLIN }, { .fd = out_fd } };
	bool is_reached = false;
	sigset_t saved;

	block_stops(&saved);
	while (!stop_reason) {
		uint64_t now_ns = kt_clock_mono_ns();
		is_reached = now_ns >= end_ns;
		if (is_reached)
			break;
		struct timespec left = timespec_of(end_ns - now_ns);
		if (ppoll(watches, 2, &left, &saved) > 0)
			break;
	}
	(void)sigprocmask(SIG_SETMASK, &saved, NULL);
	return is_reached;
}

bool kt_stop_wait_writable(int fd)
{
	struct pollfd watch = { .fd = fd, .events = POLLOUT };
	const struct timespec now = { 0 };
	uint64_t end_ns = 0;
	sigset_t saved;

	if (ppoll(&watch, 1, &now, NULL) > 0)
		return true;
	block_stops(&saved);
	bool is_writable = false;
	for (;;) {
		uint64_t now_ns = kt_clock_mono_ns();
		if (stop_reason && !end_ns)
			end_ns = now_ns + KT_STOP_DRAIN_MS * KT_NS_PER_MS;
		if (end_ns && now_ns >= end_ns)
			break;
		struct timespec left = timespec_of(end_ns ? end_ns - now_ns : 0);
		is_writable = ppoll(&watch, 1, end_ns ? &left : NULL, &saved) > 0;
		if (is_writable)
			break;
	}
	(void)sigprocmask(SIG_SETMASK, &saved, NULL);
	return is_writable;
}
