/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What /proc says of each thread of a sweep: name, start time and, when asked, extras.
 *
 * Best effort: what cannot be read stays unknown, and never spoils a row.  Opening a file in
 * /proc costs more than reading it, so a run of many sweeps may keep files open; a descriptor
 * belongs to its thread for ever, whatever becomes of the number.  Large sweeps are shared
 * with one helper thread.
 */
#ifndef KT_PROBE_READ_DESCRIBE_H
#define KT_PROBE_READ_DESCRIBE_H

#include <pthread.h>
#include <stdatomic.h>

#include "probe/read/sweep.h"

enum kt_thread_file {
	KT_FILE_STAT,
	KT_FILE_SCHEDSTAT,
	KT_FILE_STATUS,
	KT_THREAD_FILES,
};

/* A thread's files that are kept open; 0 for none. */
struct kt_thread_files {
	int fds[KT_THREAD_FILES];
};

struct kt_describe {
	int task_fd;		       /* /proc/PID/task; borrowed */
	uint32_t extras;	       /* bits of enum kt_extra: SCHED and CPU are read here */
	struct kt_sweep *sweep;	       /* borrowed; rows with a start time keep their names */
	struct kt_thread_files *files; /* one per row, or NULL: none is kept; borrowed */
	atomic_int *files_left;	       /* how many more may be kept; borrowed */
	/* Private. */
	atomic_size_t next;
	pthread_t helper;
	bool has_helper;
};

/** Begins: if there is much to do, a helper thread does some of it from now on. */
void kt_describe_begin(struct kt_describe *describe);

/** Does the rest.  Until then nobody else may touch names, start times and extras of the rows. */
void kt_describe_finish(struct kt_describe *describe);

/** Reads name and start time of row @index again, and what extras it may have. */
void kt_describe_again(const struct kt_describe *describe, size_t index);

/** How many files a process may keep open for this: half of what its limit allows. */
int kt_thread_files_limit(void);

/** Closes a thread's files and adds their number to @files_left. */
void kt_thread_files_close(struct kt_thread_files *files, atomic_int *files_left);

/** Whether thread @tid is still listed but has ended (a zombie). */
bool kt_describe_has_ended(int task_fd, pid_t tid);

/**
 * Whether thread @tid is on its way to its first instructions: it wants the processor, but had it
 * for less than a millisecond in all its life.  False if that cannot be told.
 */
bool kt_describe_is_newborn(int task_fd, pid_t tid);

/** Reads name and start time of @row alone from @task_fd (/proc/PID/task). */
void kt_describe_row(int task_fd, struct kt_row *row);

#endif
