/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Thread pointers of some of the target's threads, for the resolver's gate.
 *
 * They come from robust lists, so nobody is stopped.  Where there are none (another C library, a
 * thread that was made by hand), the main thread is stopped for a moment to tell its own.
 */
#ifndef KT_PROBE_SAMPLE_H
#define KT_PROBE_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "probe/target.h"

/**
 * Fills @ret with up to @max thread pointers of the target and returns how many there are; 0 if none
 * could be had.  The stops that this took are added to @stop_count.
 */
size_t kt_sample_thread_pointers(const struct kt_target *target, uint64_t *ret, size_t max,
				 uint64_t *stop_count);

#endif
