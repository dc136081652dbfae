/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Made-up snapshots: each follows from the one before by chance, and everything that may happen
 * to threads and values does.
 */
#ifndef KT_TESTS_RUN_SNAPSHOTS_H
#define KT_TESTS_RUN_SNAPSHOTS_H

#include "run/snapshot.h"

/* A snapshot that owns its arrays; its texts are constants. */
struct fake {
	struct kt_snapshot snapshot;
	struct kt_thread *threads;
	struct kt_thread_extras *extras; /* at the thread's place */
	struct kt_skipped_thread skipped[4];
	struct kt_snapshot_extras process;
};

/** Fills @fake with @count threads. */
void fake_begin(struct fake *fake, size_t count, uint64_t *state);

/** Fills @fake with what may follow @before. */
void fake_next(const struct fake *before, struct fake *fake, uint64_t *state);

/** Whether both snapshots say the same, row by row. */
bool fake_is_equal(const struct kt_snapshot *a, const struct kt_snapshot *b);

/** Frees what @fake holds. */
void fake_deinit(struct fake *fake);

#endif
