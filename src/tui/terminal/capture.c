/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/terminal/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
	REPLAY_PATIENCE_MS = 200
};

/* A process has one standard error, and a signal handler has no arguments. */
static struct {
	volatile sig_atomic_t is_on;
	int saved_fd; /* where standard error was */
	int read_fd;
	char ring[KT_CAPTURE_MAX_BYTES];
	size_t begin;
	size_t len;
	pid_t pid; /* a child that was forked has nothing to give back */
} capture;

int kt_capture_begin(void)
{
	int ends[2];

	if (capture.is_on || !isatty(STDERR_FILENO))
		return -1;
	/* A full pipe loses what comes next: who writes must not wait for the loop. */
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -1;
	capture.saved_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (capture.saved_fd < 0 || dup2(ends[1], STDERR_FILENO) < 0) {
		if (capture.saved_fd >= 0)
			(void)close(capture.saved_fd);
		(void)close(ends[0]);
		(void)close(ends[1]);
		return -1;
	}
	(void)close(ends[1]);
	capture.read_fd = ends[0];
	capture.begin = 0;
	capture.len = 0;
	capture.pid = getpid();
	capture.is_on = 1;
	return capture.read_fd;
}

static void keep(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		capture.ring[(capture.begin + capture.len) % KT_CAPTURE_MAX_BYTES] = bytes[i];
		if (capture.len < KT_CAPTURE_MAX_BYTES)
			capture.len++;
		else
			capture.begin = (capture.begin + 1) % KT_CAPTURE_MAX_BYTES;
	}
}

void kt_capture_drain(void)
{
	char bytes[4096];

	if (!capture.is_on)
		return;
	/* No more than a pipe holds: somebody who writes all the time does not keep us here. */
	for (size_t total = 0; total < KT_CAPTURE_MAX_BYTES;) {
		ssize_t len = read(capture.read_fd, bytes, sizeof(bytes));
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			break;
		keep(bytes, (size_t)len);
		total += (size_t)len;
	}
}

/* Writes it all, unless the terminal takes nothing for a while. */
static void write_all(const char *bytes, size_t len)
{
	while (len) {
		struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };
		if (poll(&ready, 1, REPLAY_PATIENCE_MS) != 1 || !(ready.revents & POLLOUT))
			return;
		/* In small pieces: a blocking terminal that has room takes them without waiting. */
		ssize_t written = write(STDERR_FILENO, bytes, len < 512 ? len : 512);
		if (written < 0 && errno != EINTR && errno != EAGAIN)
			return;
		if (written > 0) {
			bytes += written;
			len -= (size_t)written;
		}
	}
}

void kt_capture_end(void)
{
	if (!capture.is_on || capture.pid != getpid())
		return;
	kt_capture_drain();
	capture.is_on = 0;
	(void)dup2(capture.saved_fd, STDERR_FILENO);
	(void)close(capture.saved_fd);
	(void)close(capture.read_fd);
	size_t first = KT_CAPTURE_MAX_BYTES - capture.begin;
	first = capture.len < first ? capture.len : first;
	write_all(capture.ring + capture.begin, first);
	write_all(capture.ring, capture.len - first);
}
