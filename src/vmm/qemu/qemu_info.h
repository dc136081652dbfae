/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Which QEMU there is and what it can be trusted with.  A version is asked for only where
 * nothing can be probed: a race in the emulator is fixed or it is not.
 */
#ifndef KT_VMM_QEMU_QEMU_INFO_H
#define KT_VMM_QEMU_QEMU_INFO_H

#include <stdbool.h>

#include "base/error.h"

struct kt_qemu_info {
	char *path;
	char *setpriv_path; /* util-linux's setpriv, which QEMU is started through */
	char *version_text; /* "7.2.22" */
	unsigned int major;
	unsigned int minor;
	bool tcg_multi_thread; /* virtual CPUs may run in threads of their own under TCG */
};

/**
 * Finds QEMU ($KTSTR_QEMU, else qemu-system-x86_64 on PATH) and setpriv, and asks QEMU for its
 * version; waits 10 seconds at most.
 * Errors: environment (missing, does not run, does not say a version, older than 7.0), no memory.
 * Owner: the caller calls kt_qemu_info_deinit().
 */
struct kt_error *kt_qemu_info_find(struct kt_qemu_info *ret) KT_MUST_CHECK;

/**
 * Reads the answer of `qemu --version` into the version members of @ret.
 * Errors: environment (no version in it, or one that is too old), no memory.
 * Owner: the caller frees @ret->version_text.
 */
struct kt_error *kt_qemu_info_parse(const char *answer, struct kt_qemu_info *ret) KT_MUST_CHECK;

/** Frees the texts. */
void kt_qemu_info_deinit(struct kt_qemu_info *info);

#endif
