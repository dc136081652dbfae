/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The process under the probe, and the proof that it is still the same one.
 *
 * Three guards: the descriptor of /proc/PID is bound to the process, so a reused pid
 * cannot be met through it; the descriptor of /proc/PID/mem is bound to the address space, so
 * even an exec of the same file is seen; device and inode of the executable, and the start time
 * of the process, say it in words one can report.
 */
#ifndef KT_PROBE_TARGET_H
#define KT_PROBE_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "probe/fatal.h"

struct kt_target {
	pid_t pid;
	int proc_fd; /* /proc/PID */
	int task_fd; /* /proc/PID/task */
	int mem_fd;  /* /proc/PID/mem; -1 if that is refused */
	int pidfd;   /* becomes readable when the process ends; -1 where it cannot be had */
	char *exe_path;
	dev_t exe_device;
	ino_t exe_inode;
	bool is_same_pid_ns;
	bool has_start_time;
	uint64_t start_time_jiffies; /* of the thread group's leader */
};

#define KT_TARGET_INIT         \
	((struct kt_target){   \
		.proc_fd = -1, \
		.task_fd = -1, \
		.mem_fd = -1,  \
		.pidfd = -1,   \
	})

enum kt_target_state {
	KT_TARGET_SAME,
	KT_TARGET_EXITED,
	KT_TARGET_REPLACED, /* another program runs under the pid */
};

/**
 * Takes hold of process @pid.
 * Errors: probe (@ret_fatal says which kind), no memory.
 * Owner: the caller calls kt_target_deinit().
 */
struct kt_error *kt_target_open(pid_t pid, struct kt_target *ret,
				enum kt_fatal *ret_fatal) KT_MUST_CHECK;

/** Lets go of the process. */
void kt_target_deinit(struct kt_target *target);

/** Whether the process is still the one that was opened. */
enum kt_target_state kt_target_check(const struct kt_target *target);

/**
 * The error for a target that kt_target_check() found replaced; @phase says when it was
 * noticed ("between snapshots").  Errors: probe, always.
 */
struct kt_error *kt_target_replaced_error(const struct kt_target *target,
					  const char *phase) KT_MUST_CHECK;

#endif
