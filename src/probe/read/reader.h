/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Reads the counters of many threads at once, and proves whose they are.
 *
 * For each thread one record is copied, in this order: the counters; for a block found through the
 * dynamic thread vector, what shows that it is still the thread's block; then
 * four words of struct pthread, which show that the thread still lives there: its tid, which the
 * kernel clears when it ends, and the constant that glibc keeps in robust_head.futex_offset.
 * Memory of a thread that ended stays mapped and may serve the next one, so no value is taken
 * without that proof.  A thread in another pid namespace has another number there: its word is
 * learned while get_robust_list(2) still shows its list in the same place.
 */
#ifndef KT_PROBE_READ_READER_H
#define KT_PROBE_READ_READER_H

#include "probe/read/batch.h"
#include "probe/read/engine.h"
#include "probe/read/table.h"

struct kt_reader {
	const struct kt_read_config *config; /* borrowed */
	struct kt_table *table;		     /* borrowed; its rows are those of the sweep */
	struct kt_sweep *sweep;		     /* borrowed, while one is under way */
	bool has_delta;
	int64_t delta;	       /* from a thread pointer up to the robust list's head */
	uint64_t futex_offset; /* of all lists of the C library */
	unsigned calibrate_tries;
	bool has_mismatch; /* a thread is not where it was: the listing is out of date */
	bool has_moved;	   /* a thread's block is: it must be looked up again */
	char *buffer;
	struct kt_batch batch;
	uint32_t row_of[KT_BATCH_RECORDS];
};

/** Prepares a reader.  Errors: no memory.  Owner: the caller calls kt_reader_deinit(). */
struct kt_error *kt_reader_init(struct kt_reader *reader, const struct kt_read_config *config,
				struct kt_table *table) KT_MUST_CHECK;

/** Frees the buffer. */
void kt_reader_deinit(struct kt_reader *reader);

/** Begins @sweep, whose rows are those of the table. */
void kt_reader_begin(struct kt_reader *reader, struct kt_sweep *sweep);

/**
 * Reads all rows that are pending.  Those that stay so have no robust list (yet), or none that
 * tells where the thread's data is.  False when the stop flag ended it.
 */
bool kt_reader_read_pending(struct kt_reader *reader);

/**
 * Takes note that the thread's pointer is @tp, which a stop showed: from now on it is read like
 * the others, if the same proof can be had.
 */
void kt_reader_adopt(struct kt_reader *reader, struct kt_thread *thread, uint64_t tp);

/** Learns the distance from the pointer @tp of a stopped thread to its list at @head. */
void kt_reader_learn(struct kt_reader *reader, uint64_t tp, uint64_t head);

/** The thread pointer of a thread whose head is known. */
uint64_t kt_reader_thread_pointer(const struct kt_reader *reader, const struct kt_thread *thread);

/** Reads the caches of all threads that are good rows into the sweep's extras. */
void kt_reader_read_caches(struct kt_reader *reader);

#endif
