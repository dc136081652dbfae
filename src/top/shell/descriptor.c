/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/shell/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opened anew, a file would be read from its begin. */
static bool can_reopen(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode));
}

struct kt_error *kt_descriptor_open(int fd, int access, struct kt_descriptor *ret)
{
	struct kt_descriptor descriptor = KT_DESCRIPTOR_INIT;
	char path[32];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (can_reopen(fd))
		descriptor.fd = open(path, access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (descriptor.fd < 0) {
		descriptor.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (descriptor.fd < 0 || fstat(descriptor.fd, &st))
			return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "descriptor %d", fd);
		descriptor.flags = fcntl(descriptor.fd, F_GETFL);
		if (S_ISREG(st.st_mode))
			descriptor.flags = -1;
		else
			(void)fcntl(descriptor.fd, F_SETFL, descriptor.flags | O_NONBLOCK);
	}
	*ret = descriptor;
	return NULL;
}

void kt_descriptor_close(struct kt_descriptor *descriptor)
{
	if (descriptor->fd < 0)
		return;
	if (descriptor->flags >= 0)
		(void)fcntl(descriptor->fd, F_SETFL, descriptor->flags);
	(void)close(descriptor->fd);
	*descriptor = KT_DESCRIPTOR_INIT;
}
