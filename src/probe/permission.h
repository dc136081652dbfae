/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A process that may not be read: whose it is, what forbids it, and what helps (ptrace(2),
 * "Ptrace access mode checking"; Documentation/admin-guide/LSM/Yama.rst of Linux).
 */
#ifndef KT_PROBE_PERMISSION_H
#define KT_PROBE_PERMISSION_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct kt_permission_facts {
	int yama_scope;	   /* kernel.yama.ptrace_scope; -1 where there is no Yama */
	bool is_superuser; /* the probe is */
	bool has_owner;
	uid_t owner; /* user whose the process is */
	bool is_same_user;
};

/** Whether the memory of process @pid may be read.  False with errno set if it may not. */
bool kt_permission_to_read(pid_t pid);

/** What forbids reading and what helps, in one sentence. */
const char *kt_permission_remedy(const struct kt_permission_facts *facts);

/**
 * The error for process @pid, which may not be read; its /proc directory is open at @proc_fd.
 * Errors: probe, always.  Owner: the caller.
 */
struct kt_error *kt_permission_error(int proc_fd, pid_t pid, int os_errno) KT_MUST_CHECK;

#endif
