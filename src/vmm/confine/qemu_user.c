/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/confine/qemu_user.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/program.h"
#include "base/text.h"

enum {
	TRIAL_MS = 5000,
	TRIAL_OUTPUT_BYTES = 4096,
	SAID_BYTES = 120,
};

static void keep(struct kt_qemu_user *ret, const char *reason)
{
	*ret = (struct kt_qemu_user){ .is_dropped = false };
	(void)snprintf(ret->reason, sizeof(ret->reason), "%s", reason);
}

/* Whether nobody, in the group of /dev/kvm if need be, can use it. */
static bool decide_kvm(const struct kt_qemu_user_facts *facts, struct kt_qemu_user *ret)
{
	const mode_t others = S_IROTH | S_IWOTH;
	const mode_t group = S_IRGRP | S_IWGRP;

	if (!facts->is_kvm || (facts->kvm_mode & others) == others)
		return true;
	/* The group of root is no group to be kept. */
	if ((facts->kvm_mode & group) != group || !facts->kvm_group)
		return false;
	ret->has_group = true;
	ret->group = facts->kvm_group;
	return true;
}

static bool can_read_kernel(const struct kt_qemu_user_facts *facts)
{
	return (facts->kernel_mode & S_IROTH) ||
	       ((facts->kernel_mode & S_IRGRP) && facts->kernel_group == KT_QEMU_USER_NOBODY);
}

void kt_qemu_user_decide(const struct kt_qemu_user_facts *facts, struct kt_qemu_user *ret)
{
	struct kt_qemu_user user = { .is_dropped = true };

	if (!facts->is_root) {
		keep(ret, "QEMU runs as this user");
	} else if (!can_read_kernel(facts)) {
		keep(ret, "QEMU runs as root, for only root may read the kernel's file");
	} else if (!decide_kvm(facts, &user)) {
		keep(ret, "QEMU runs as root, for only root may use /dev/kvm");
	} else {
		(void)snprintf(user.reason, sizeof(user.reason),
			       "QEMU runs as nobody%s, without capabilities",
			       user.has_group ? " in the group of /dev/kvm" : "");
		*ret = user;
	}
}

void kt_qemu_user_put(const struct kt_qemu_user *user, struct kt_arguments *out)
{
	if (!user->is_dropped)
		return;
	kt_arguments_add(out, "--reuid");
	kt_arguments_addf(out, "%d", KT_QEMU_USER_NOBODY);
	kt_arguments_add(out, "--regid");
	kt_arguments_addf(out, "%d", KT_QEMU_USER_NOBODY);
	if (user->has_group) {
		kt_arguments_add(out, "--groups");
		kt_arguments_addf(out, "%u", (unsigned)user->group);
	} else {
		kt_arguments_add(out, "--clear-groups");
	}
	kt_arguments_add_pair(out, "--bounding-set", "-all");
	kt_arguments_add_pair(out, "--inh-caps", "-all");
}

/* Does setpriv do it, and may nobody execute QEMU then?  Says why not in @said. */
static bool try_it(const struct kt_qemu_user_query *query, const struct kt_qemu_user *user,
		   struct kt_buf *said)
{
	kt_autoarguments struct kt_arguments arguments = { 0 };
	kt_autobuf struct kt_buf output = KT_BUF_INIT;
	int status = 0;

	kt_arguments_add(&arguments, query->setpriv);
	kt_qemu_user_put(user, &arguments);
	kt_arguments_add(&arguments, "--no-new-privs");
	kt_arguments_add_pair(&arguments, "/bin/sh", "-c");
	kt_arguments_add(&arguments, "test -x \"$1\" || { echo \"no access to $1\"; exit 1; }");
	kt_arguments_add_pair(&arguments, "sh", query->qemu);
	kt_autoerr struct kt_error *err = kt_arguments_error(&arguments);
	if (!err)
		err = kt_program_capture(arguments.argv, TRIAL_MS, TRIAL_OUTPUT_BYTES, &output,
					 &status);
	if (err)
		kt_buf_puts(said, kt_error_message(err));
	else
		kt_text_sanitize(said, kt_buf_text(&output), output.len, SAID_BYTES, false);
	return !err && WIFEXITED(status) && !WEXITSTATUS(status);
}

void kt_qemu_user_find(const struct kt_qemu_user_query *query, struct kt_qemu_user *ret)
{
	kt_autobuf struct kt_buf said = KT_BUF_INIT;
	struct kt_qemu_user user;
	struct stat kernel = { .st_mode = 0 };
	struct stat kvm = { .st_mode = 0 };

	(void)fstat(query->kernel_fd, &kernel);
	if (stat(query->kvm_path, &kvm))
		kvm.st_mode = 0;
	struct kt_qemu_user_facts facts = {
		.is_root = !geteuid(),
		.is_kvm = query->is_kvm,
		.kvm_mode = kvm.st_mode,
		.kvm_group = kvm.st_gid,
		.kernel_mode = kernel.st_mode,
		.kernel_group = kernel.st_gid,
	};
	kt_qemu_user_decide(&facts, &user);
	if (user.is_dropped && !try_it(query, &user, &said)) {
		keep(&user, "");
		(void)snprintf(user.reason, sizeof(user.reason),
			       "QEMU runs as root, for it does not work as nobody: %s",
			       kt_buf_text(&said));
	}
	*ret = user;
}

struct kt_error *kt_qemu_user_share(int fd, bool is_writable)
{
	if (geteuid())
		return NULL;
	if (fchown(fd, (uid_t)-1, KT_QEMU_USER_NOBODY) || fchmod(fd, is_writable ? 0660 : 0640))
		return kt_error_create(KT_ERROR_IO, errno, "let QEMU open what it is given");
	return NULL;
}
