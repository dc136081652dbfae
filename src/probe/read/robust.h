/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Thread pointers without stopping: glibc registers the robust-futex list that lies in each
 * thread's struct pthread, and get_robust_list(2) tells its address.
 *
 * struct pthread of glibc (nptl/descr.h, 64-bit): ..., pid_t tid at head - 16, robust_prev
 * at head - 8, robust_head.  The kernel clears the tid word when the thread ends, so it tells
 * whether memory that is still mapped still belongs to the thread.  The distance from the thread
 * pointer to the head differs between versions and is found in the target's own memory.
 */
#ifndef KT_PROBE_READ_ROBUST_H
#define KT_PROBE_READ_ROBUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	KT_ROBUST_TID_OFFSET = -16, /* of the tid word, from the head */
	KT_ROBUST_SAMPLE_MAX = 256
};

/**
 * Address of the robust list's head of a thread: 0 and @ret 0 for none, or an errno value
 * (ESRCH: no such thread).
 */
int kt_robust_head(pid_t tid, uint64_t *ret);

/**
 * Finds the distance from the thread pointer up to the head at @head by looking for the two
 * self pointers of tcbhead_t (x86_64: tcb at 0, self at 16) below it.
 * False when there are none, as on aarch64 or with another C library.
 */
bool kt_robust_calibrate(pid_t pid, uint64_t head, int64_t *ret_delta);

/**
 * Thread pointers of up to @max (at most KT_ROBUST_SAMPLE_MAX) threads of process @pid, those
 * that are listed first in the directory open at @task_fd, into @ret; returns how many.
 * Nothing is stopped.  Each was seen to be the address of a tcbhead_t.  0 where that cannot be
 * (another C library or architecture, a process that is gone).
 */
size_t kt_robust_sample(pid_t pid, int task_fd, uint64_t *ret, size_t max);

#endif
