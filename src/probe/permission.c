/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/permission.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"

#define YAMA_SCOPE_PATH "/proc/sys/kernel/yama/ptrace_scope"

enum {
	STATUS_BYTES = 4096,
	YAMA_RELATIVES = 1, /* only ancestors, and who the process named */
	YAMA_SUPERUSER = 2,
	YAMA_NOBODY = 3
};

bool kt_permission_to_read(pid_t pid)
{
	char byte;
	struct iovec local = { &byte, 1 };
	struct iovec remote = { NULL, 1 };

	/* The kernel looks at the right before it looks at the address, which is nobody's. */
	return process_vm_readv(pid, &local, 1, &remote, 1, 0) >= 0 ||
	       (errno != EPERM && errno != EACCES);
}

/* The text of a small file, relative to @dir_fd; false if it cannot be read. */
static bool read_text(int dir_fd, const char *path, char *text, size_t cap)
{
	kt_autoclose int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, cap - 1);

	if (got < 0)
		return false;
	text[got] = '\0';
	return true;
}

static struct kt_permission_facts look(int proc_fd)
{
	struct kt_permission_facts facts = { .yama_scope = -1, .is_superuser = !geteuid() };
	char text[STATUS_BYTES];
	unsigned owner;

	if (read_text(AT_FDCWD, YAMA_SCOPE_PATH, text, sizeof(text)))
		(void)sscanf(text, "%d", &facts.yama_scope);
	if (!read_text(proc_fd, "status", text, sizeof(text)))
		return facts;
	const char *line = strstr(text, "\nUid:");
	if (line && sscanf(line, "\nUid: %*u %u", &owner) == 1) {
		facts.has_owner = true;
		facts.owner = owner;
		facts.is_same_user = owner == geteuid();
	}
	return facts;
}

const char *kt_permission_remedy(const struct kt_permission_facts *facts)
{
	if (facts->yama_scope >= YAMA_NOBODY)
		return "kernel.yama.ptrace_scope is 3, so nobody may read another process until "
		       "this machine starts again with a lower one";
	if (facts->is_superuser)
		return "the probe is root, but without cap_sys_ptrace for that process (is it in "
		       "a container?), or a security module forbids it";
	if (facts->yama_scope == YAMA_SUPERUSER)
		return "kernel.yama.ptrace_scope is 2: run the probe as root, or give it "
		       "cap_sys_ptrace";
	if (!facts->is_same_user && facts->yama_scope == YAMA_RELATIVES)
		return "run the probe as root, or give it cap_sys_ptrace";
	if (!facts->is_same_user)
		return "run the probe as root or as that user, or give it cap_sys_ptrace";
	if (facts->yama_scope == YAMA_RELATIVES)
		return "kernel.yama.ptrace_scope is 1: run the probe as root, give it "
		       "cap_sys_ptrace, let the process allow it by prctl PR_SET_PTRACER, or set "
		       "the scope to 0";
	return "the process is protected (set-user-ID, capabilities, or not dumpable): run the "
	       "probe as root, or give it cap_sys_ptrace";
}

struct kt_error *kt_permission_error(int proc_fd, pid_t pid, int os_errno)
{
	struct kt_permission_facts facts = look(proc_fd);
	char owner[32] = "";

	if (facts.has_owner)
		(void)snprintf(owner, sizeof(owner), " of user %u", (unsigned)facts.owner);
	/* The system's own word last, so that what to do is read first. */
	return kt_error_create(KT_ERROR_PROBE, os_errno, "no permission to read process %d%s: %s",
			       pid, owner, kt_permission_remedy(&facts));
}
