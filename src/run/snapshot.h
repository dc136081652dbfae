/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the probe saw in one pass over the threads of its target.
 *
 * A thread row either has its counters or says why not; never both, and a counter that
 * was not read is unknown, not 0.  Rows are found by tid, never by their place: threads
 * are listed anew for each pass.
 */
#ifndef KT_RUN_SNAPSHOT_H
#define KT_RUN_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

#include "run/fields.h"

/* What a probe tells of a thread when it is asked for more. */
struct kt_thread_extras {
	const char *state; /* letter of proc(5); NULL: unknown */
	struct kt_opt_u64 cpu;
	struct kt_opt_u64 utime_ns;
	struct kt_opt_u64 stime_ns;
	struct kt_opt_u64 run_ns;
	struct kt_opt_u64 run_delay_ns;
	struct kt_opt_u64 voluntary_switches;
	struct kt_opt_u64 involuntary_switches;
	struct kt_opt_u64 tcache_bytes;
};

struct kt_thread {
	uint32_t tid;
	const char *comm; /* NULL: unknown */
	struct kt_opt_u64 start_time_jiffies;
	struct kt_opt_u64 allocated_bytes;
	struct kt_opt_u64 deallocated_bytes;
	const char *error;		       /* NULL when the counters were read */
	const char *error_kind;		       /* NULL when the counters were read */
	const struct kt_thread_extras *extras; /* NULL: none are known */
};

/* A thread that was left out on purpose. */
struct kt_skipped_thread {
	uint32_t tid;
	const char *comm; /* NULL: unknown */
	struct kt_opt_u64 start_time_jiffies;
	const char *reason;
};

/* How a snapshot was taken, and what it tells of the process as a whole. */
struct kt_snapshot_extras {
	struct kt_opt_u64 duration_ns;
	struct kt_opt_u64 read_calls;
	struct kt_opt_u64 stopped_threads;
	struct kt_opt_u64 longest_stop_ns;
	struct kt_opt_bool partial; /* true: it was interrupted, threads may be missing */
	struct kt_opt_u64 rss_bytes;
	struct kt_opt_u64 jemalloc_active_bytes;
	struct kt_opt_u64 arenas;
};

struct kt_snapshot {
	uint64_t timestamp_unix_sec;	 /* wall clock where the probe ran */
	uint64_t elapsed_since_start_ns; /* monotonic, since the probe's run began */
	const struct kt_thread *threads;
	size_t thread_count;
	const struct kt_skipped_thread *skipped;
	size_t skipped_count;
	const struct kt_snapshot_extras *extras; /* NULL: none are known */
};

/** The outcome of looking for a thread (contract section 7.5; there is no scan cap here). */
enum kt_thread_lookup {
	KT_THREAD_FOUND,
	KT_THREAD_NO_COUNTERS, /* listed, but with an error in place of counters */
	KT_THREAD_ABSENT,
};

/** How a thread row and a snapshot look in JSON (the probe's schema 2). */
extern const struct kt_record kt_thread_record;
extern const struct kt_record kt_snapshot_record;

/** The same for what stands in records of their own. */
extern const struct kt_record kt_skipped_thread_record;
extern const struct kt_record kt_snapshot_extras_record;

/**
 * Looks for @tid; @ret_thread is its row, or NULL when absent.
 * Owner: the row is borrowed from @snapshot.
 */
enum kt_thread_lookup kt_snapshot_find_thread(const struct kt_snapshot *snapshot, uint32_t tid,
					      const struct kt_thread **ret_thread);

/** How many rows have an error in place of counters. */
size_t kt_snapshot_failed_count(const struct kt_snapshot *snapshot);

#endif
