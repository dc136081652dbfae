/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The threads an engine knows, from one sweep to the next.
 *
 * Rows of the table are those of the last listing, ascending by tid.  Whatever is kept of a thread
 * is proven again by each sweep (the tid word in the thread's own struct pthread); only the
 * listing decides who is in the table.
 */
#ifndef KT_PROBE_READ_TABLE_H
#define KT_PROBE_READ_TABLE_H

#include "base/error.h"
#include "probe/memory/tls_place.h"
#include "probe/read/describe.h"
#include "probe/read/threads.h"

struct kt_thread {
	pid_t tid;
	pid_t word;	    /* what struct pthread.tid must be; 0: not known yet */
	uint64_t head;	    /* where its robust list is in struct pthread; 0: not known */
	uint64_t shared_ns; /* when a stop showed that the thread pointer is another's; or 0 */
	struct kt_tls_spot spot;
	uint64_t allocated_bytes; /* as read last */
	uint64_t deallocated_bytes;
	uint64_t start_time_jiffies;
	char comm[KT_COMM_BYTES];
	bool has_start_time;
	bool is_by_stop;  /* a stop told the head: the kernel knows of no list */
	bool was_awaited; /* it had its time to register a list */
	bool is_suspect;  /* a counter went backwards: it may be another thread by now */
};

/* Zero-initialise it. */
struct kt_table {
	struct kt_thread *threads;
	struct kt_thread_files *files; /* one per thread, or NULL unless they are kept */
	size_t count;
	size_t cap;
	bool keeps_files;
	atomic_int files_left; /* how many more may be opened to be kept */
	/* Room for the next merge. */
	struct kt_thread *spare_threads;
	struct kt_thread_files *spare_files;
};

/**
 * Makes the table that of the threads @tids (ascending): those that are in it already keep what is
 * known, those that are gone are dropped, the others come new.
 * Errors: no memory (the table is as it was).  Owner: both stay the caller's.
 */
struct kt_error *kt_table_merge(struct kt_table *table, const struct kt_tids *tids) KT_MUST_CHECK;

/** Forgets where the thread's data is: the thread must be found anew. */
void kt_thread_forget(struct kt_thread *thread);

/** Frees the table and closes what it keeps open. */
void kt_table_deinit(struct kt_table *table);

#endif
