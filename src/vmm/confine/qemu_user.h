/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * As whom QEMU runs.  Started by root it needs none of root's rights: it gets the user and group
 * "nobody" and no capability, provided that this can work: what it opens by name (program, kernel,
 * /dev/kvm) must be open to that user.  What it is given as memory (initramfs, a guest's RAM, a saved
 * state) is opened anew through /proc/self/fd, so kt_qemu_user_share() has to be called on it.
 *
 * Anybody else has no more rights to give up than those that no-new-privs takes.
 */
#ifndef KT_VMM_CONFINE_QEMU_USER_H
#define KT_VMM_CONFINE_QEMU_USER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arguments.h"

/* The kernel's overflow user; no file is ever owned by it on purpose. */
#define KT_QEMU_USER_NOBODY 65534

#define KT_QEMU_USER_REASON_BYTES 200

struct kt_qemu_user {
	bool is_dropped; /* QEMU runs as nobody */
	bool has_group;	 /* and keeps one group, for /dev/kvm */
	gid_t group;
	char reason[KT_QEMU_USER_REASON_BYTES];
};

/** What decides it. */
struct kt_qemu_user_facts {
	bool is_root;
	bool is_kvm;	    /* the guests run under KVM */
	mode_t kvm_mode;    /* of /dev/kvm; 0: it cannot be looked at */
	gid_t kvm_group;    /* that owns it */
	mode_t kernel_mode; /* of the kernel's file */
	gid_t kernel_group;
};

/** Decides by @facts alone. */
void kt_qemu_user_decide(const struct kt_qemu_user_facts *facts, struct kt_qemu_user *ret);

/** What kt_qemu_user_find() looks at.  All borrowed. */
struct kt_qemu_user_query {
	const char *setpriv;
	const char *qemu;
	const char *kvm_path;
	int kernel_fd;
	bool is_kvm;
};

/**
 * Looks, decides, and has setpriv try it, which takes some milliseconds.  What does not work is a
 * reason to stay root, not an error.
 */
void kt_qemu_user_find(const struct kt_qemu_user_query *query, struct kt_qemu_user *ret);

/** Adds the arguments of setpriv that make it so; none if nothing is dropped. */
void kt_qemu_user_put(const struct kt_qemu_user *user, struct kt_arguments *out);

/**
 * Lets QEMU open the file behind @fd, which is ours, through the /proc/self/fd of its process, for
 * reading and if @is_writable for writing.  For root the file gets the group of nobody, so that nobody
 * else gains by it; for others there is nothing to do.
 * Errors: io.
 */
struct kt_error *kt_qemu_user_share(int fd, bool is_writable) KT_MUST_CHECK;

#endif
