/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A process as it mostly is: many threads of which a tenth works, seen with their time on the CPU.
 */
#ifndef KT_TESTS_RUN_CROWD_H
#define KT_TESTS_RUN_CROWD_H

#include "run/snapshot.h"

struct crowd {
	struct kt_snapshot snapshot;
	struct kt_thread *threads;
	struct kt_thread_extras *extras;
	char (*names)[16];
	struct kt_snapshot_extras process;
	uint64_t random;
};

/** @count threads that have just begun; ends the program without memory. */
void crowd_init(struct crowd *crowd, size_t count);

/** Goes on for a second: a tenth of the threads, always others, works. */
void crowd_next(struct crowd *crowd);

/** Frees the threads. */
void crowd_deinit(struct crowd *crowd);

#endif
