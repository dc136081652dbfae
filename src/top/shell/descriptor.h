/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A standard descriptor for the loop, which must not wait in it.  Others (the shell that started us, the
 * rest of a pipeline) share it and its flags, so what it leads to is opened anew.  Where that cannot
 * be done (a socket), the flags are put back in the end.
 */
#ifndef KT_TOP_SHELL_DESCRIPTOR_H
#define KT_TOP_SHELL_DESCRIPTOR_H

#include "base/error.h"

struct kt_descriptor {
	int fd;	   /* close-on-exec; does not block, unless it is a regular file */
	int flags; /* to be put back; -1: it is ours alone */
};

#define KT_DESCRIPTOR_INIT ((struct kt_descriptor){ -1, -1 })

/**
 * Opens what @fd leads to; @access is O_RDONLY or O_WRONLY.
 * Errors: environment.  Owner: the caller calls kt_descriptor_close().
 */
struct kt_error *kt_descriptor_open(int fd, int access, struct kt_descriptor *ret) KT_MUST_CHECK;

/** Closes it, if it is open. */
void kt_descriptor_close(struct kt_descriptor *descriptor);

#endif
