/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The threads of a process and what /proc says of each: name and start time.
 */
#ifndef KT_PROBE_READ_THREADS_H
#define KT_PROBE_READ_THREADS_H

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
 * (/proc/PID/task), or about @max of them, those that are listed first.
 * Errors: probe (the directory cannot be read), no memory.  ESRCH or ENOENT as its errno
 * means that the process is gone.  Owner: the caller calls kt_tids_deinit() in any case.
 */
struct kt_error *kt_threads_list(int task_fd, size_t max, struct kt_tids *ret) KT_MUST_CHECK;

/** Frees the list. */
void kt_tids_deinit(struct kt_tids *tids);

#define kt_autotids __attribute__((cleanup(kt_tids_deinit)))

/**
 * Lists the threads into @tids and adds a pending row for each of them.  A process that is gone
 * is told in @sweep.  Errors: probe (the directory cannot be read), no memory.
 * Owner: both stay the caller's.
 */
struct kt_error *kt_threads_begin_sweep(int task_fd, struct kt_tids *tids,
					struct kt_sweep *sweep) KT_MUST_CHECK;

/**
 * Reads name and start time of all rows from task/TID/stat, best effort: what cannot be
 * read stays unknown.  Large numbers of rows are shared with one helper thread.
 */
void kt_threads_name(int task_fd, struct kt_row *rows, size_t count);

/**
 * Takes a thread's name as the kernel has it, @len bytes without NUL, into @comm: without the
 * white space around it; @comm stays as it is if the name is not UTF-8.
 */
void kt_threads_take_name(const char *name, size_t len, char comm[static KT_COMM_BYTES]);

/**
 * Parses a thread's stat line (proc(5)): the name between the first '(' and the last ')',
 * unescaped and trimmed into @row->comm, and field 22, the start time in clock ticks.
 * What is missing or not a number stays unknown.
 */
void kt_threads_parse_stat(const char *text, size_t len, struct kt_row *row);

#endif
