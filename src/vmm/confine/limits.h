/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a QEMU may take of this machine, as resource limits of its process.  They are set by the shell
 * that stands before QEMU anyway, so they cost nothing, and no right is needed to lower one.  They are a
 * fence for what has gone wrong, wide enough that no sound guest ever meets it: QEMU's memory beside the
 * guest's was measured (docs/performance.md) and is allowed twice.
 *
 * Pure.
 */
#ifndef KT_VMM_CONFINE_LIMITS_H
#define KT_VMM_CONFINE_LIMITS_H

#include <stdint.h>

#include "base/buf.h"

/** How a guest is described for its limits. */
struct kt_limits_need {
	uint64_t memory_bytes; /* of the guest */
	uint64_t file_bytes;   /* that QEMU writes into one file; 0 unless it saves a state */
	uint32_t cpu_count;
	uint32_t thread_count; /* of host threads that run virtual CPUs */
};

struct kt_limits {
	uint64_t address_space_bytes;
	uint64_t memory_bytes; /* that can be in use at once, for a control group */
	uint64_t file_bytes;
	uint32_t open_file_count;
	uint32_t task_count; /* for a control group: RLIMIT_NPROC counts all of a user's */
};

/** The limits for a QEMU whose guest is @need. */
struct kt_limits kt_limits_for(const struct kt_limits_need *need);

/**
 * Appends the commands that set them (and forbid core files) to a script for a POSIX shell.  A limit that
 * cannot be set is tighter already, and stays.
 */
void kt_limits_put_script(const struct kt_limits *limits, struct kt_buf *out);

#endif
