/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Who the threads of a process are.
 */
#ifndef KT_PROBE_READ_THREADS_H
#define KT_PROBE_READ_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "probe/read/sweep.h"

/* Thread ids, ascending.  Zero-initialise it. */
struct kt_tids {
	pid_t *tids;
	size_t count;
	size_t cap;
};

/**
 * Replaces the content of @ret by the threads listed in the directory open at @task_fd
 * (/proc/PID/task), or about @max of them, those that are listed first.  @ret_is_gone: the process
 * has ended; what was listed until then is in @ret.
 * Errors: probe (the directory cannot be read), no memory.
 * Owner: the caller calls kt_tids_deinit() in any case.
 */
struct kt_error *kt_threads_list(int task_fd, size_t max, struct kt_tids *ret,
				 bool *ret_is_gone) KT_MUST_CHECK;

/**
 * How many threads the directory open at @task_fd has now, without listing them; 0 if that cannot be told.
 * It has two links more than that: proc_task_getattr() of the kernel.
 */
size_t kt_threads_count(int task_fd);

/** Frees the list. */
void kt_tids_deinit(struct kt_tids *tids);

#define kt_autotids __attribute__((cleanup(kt_tids_deinit)))

/**
 * Takes a thread's name as the kernel has it, @len bytes without NUL, into @comm: without the
 * white space around it; @comm stays as it is if the name is not UTF-8.
 */
void kt_threads_take_name(const char *name, size_t len, char comm[static KT_COMM_BYTES]);

#endif
