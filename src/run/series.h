/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The snapshots of one probe run, kept for looking back, in little memory.
 *
 * Frames are packed: most threads change little between two snapshots, so a frame says only
 * what is different from the one before, and every KT_SERIES_KEY_INTERVAL-th says all.  A frame
 * can be read at any time, in steps of at most that many frames.  A thread is the same as long as
 * its tid and its start time are; it has a number that no other thread of the series gets.
 *
 * Thinning drops every second frame of the older half: how coarse the past has become is
 * told, and what is there is never changed.
 */
#ifndef KT_RUN_SERIES_H
#define KT_RUN_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/snapshot.h"

#define KT_SERIES_KEY_INTERVAL 16

struct kt_series;

/**
 * One snapshot, unpacked.  It owns its arrays, and keeps them from one reading to the next:
 * zero-initialise it once.  Texts last until the frame is read again or freed, whatever
 * happens to the series meanwhile.
 */
struct kt_series_frame {
	uint64_t host_mono_ns; /* when it arrived */
	uint32_t index;	       /* of the snapshot in its probe run */
	struct kt_snapshot snapshot;
	const uint32_t *thread_numbers; /* one per snapshot.threads, at the thread's place */
	void *memory;			/* private */
};

/** How much of the past there is. */
struct kt_series_stats {
	size_t frame_count;
	uint64_t dropped_count; /* frames that thinning dropped */
	size_t bytes;		/* that the series holds, without what thinning takes in passing */
	uint32_t thread_count;	/* that were ever seen */
};

/** Makes an empty series.  Errors: no memory.  Owner: the caller calls kt_series_destroy(). */
struct kt_error *kt_series_create(struct kt_series **ret) KT_MUST_CHECK;

/** Frees a series; NULL is allowed. */
void kt_series_destroy(struct kt_series *series);

/**
 * Appends snapshot @index, which arrived at @host_mono_ns (not before the last one).
 * Errors: no memory; then nothing changed.  Owner: what is needed of @snapshot is copied.
 */
struct kt_error *kt_series_append(struct kt_series *series, uint64_t host_mono_ns, uint32_t index,
				  const struct kt_snapshot *snapshot) KT_MUST_CHECK;

/** Says that nothing will be appended any more, which frees what only that needs. */
void kt_series_finish(struct kt_series *series);

/** Drops every second frame of the older half (the first and the last stay). */
void kt_series_thin(struct kt_series *series);

/**
 * Goes on with what kt_series_thin() does, by about *@budget rows of threads (at least one frame), which
 * are taken off it, or up to the next frames that are dropped; so nobody waits for a large series.
 * Behind the older half it starts over.  False when no frame can go, or without memory.
 */
bool kt_series_thin_step(struct kt_series *series, size_t *budget);

/** How much there is. */
struct kt_series_stats kt_series_stats(const struct kt_series *series);

/** The place of the last frame that arrived at or before @host_mono_ns; false if there is none. */
bool kt_series_find(const struct kt_series *series, uint64_t host_mono_ns, size_t *ret);

/** When the frame at @place arrived, and its index (NULL: not wanted), without unpacking it. */
uint64_t kt_series_time(const struct kt_series *series, size_t place, uint32_t *ret_index);

/**
 * Unpacks the frame at @place, which is less than the number of frames.  Reading the frame behind the
 * one that @frame holds takes one step.
 * Errors: no memory.  Owner: see struct kt_series_frame.
 */
struct kt_error *kt_series_read(const struct kt_series *series, size_t place,
				struct kt_series_frame *frame) KT_MUST_CHECK;

/** Frees what the frame holds and makes it empty again. */
void kt_series_frame_deinit(struct kt_series_frame *frame);

#define kt_autoframe __attribute__((cleanup(kt_series_frame_deinit)))

#endif
