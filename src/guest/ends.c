/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/ends.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct kt_error *make_pipe(int *ret_read, int *ret_write)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return kt_error_create(KT_ERROR_IO, errno, "pipe");
	*ret_read = fds[0];
	*ret_write = fds[1];
	return NULL;
}

struct kt_error *kt_ends_open_pipes(bool has_input, struct kt_ends *ret)
{
	if (has_input) {
		KT_TRY(make_pipe(&ret->its[STDIN_FILENO], &ret->ours[STDIN_FILENO]));
	} else {
		ret->its[STDIN_FILENO] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (ret->its[STDIN_FILENO] < 0)
			return kt_error_create(KT_ERROR_IO, errno, "/dev/null");
	}
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		KT_TRY(make_pipe(&ret->ours[fd], &ret->its[fd]));
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (ret->ours[fd] >= 0)
			(void)fcntl(ret->ours[fd], F_SETFL, O_NONBLOCK);
	return NULL;
}

/* The kernel's erase key takes a whole character then; every terminal today sends UTF-8 or ASCII. */
static void expect_utf8(int fd)
{
	struct termios modes;

	if (tcgetattr(fd, &modes))
		return;
	modes.c_iflag |= IUTF8;
	(void)tcsetattr(fd, TCSANOW, &modes);
}

static struct kt_error *duplicate(int fd, int *ret)
{
	*ret = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return *ret < 0 ? kt_error_create(KT_ERROR_IO, errno, "a terminal") : NULL;
}

struct kt_error *kt_ends_open_terminal(const struct kt_terminal *terminal, struct kt_ends *ret)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	ret->ours[STDOUT_FILENO] = master;
	if (master < 0 || unlockpt(master))
		return kt_error_create(KT_ERROR_IO, errno, "a pseudo-terminal");
	/* By the descriptor: that works whatever is mounted where. */
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	ret->its[STDIN_FILENO] = slave;
	if (slave < 0)
		return kt_error_create(KT_ERROR_IO, errno, "a pseudo-terminal");
	expect_utf8(slave);
	kt_ends_resize(master, terminal->rows, terminal->columns);
	KT_TRY(duplicate(master, &ret->ours[STDIN_FILENO]));
	KT_TRY(duplicate(slave, &ret->its[STDOUT_FILENO]));
	return duplicate(slave, &ret->its[STDERR_FILENO]);
}

bool kt_ends_enter(const struct kt_ends *ends, bool is_terminal)
{
	if (is_terminal && (setsid() < 0 || ioctl(ends->its[STDIN_FILENO], TIOCSCTTY, 0)))
		return false;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(ends->its[fd], fd) < 0)
			return false;
	return true;
}

void kt_ends_resize(int fd, unsigned rows, unsigned columns)
{
	struct winsize size = {
		.ws_row = (unsigned short)rows,
		.ws_col = (unsigned short)columns,
	};

	(void)ioctl(fd, TIOCSWINSZ, &size);
}

void kt_ends_close(struct kt_ends *ends)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (ends->ours[fd] >= 0)
			(void)close(ends->ours[fd]);
		if (ends->its[fd] >= 0)
			(void)close(ends->its[fd]);
	}
	*ends = KT_ENDS_INIT;
}
