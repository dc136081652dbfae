/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The two clocks: monotonic for durations, wall clock only to show.
 */
#ifndef KT_BASE_CLOCK_H
#define KT_BASE_CLOCK_H

#include <stdint.h>

#define KT_NS_PER_US  1000ULL
#define KT_NS_PER_MS  1000000ULL
#define KT_NS_PER_SEC 1000000000ULL

/** CLOCK_MONOTONIC in nanoseconds. */
uint64_t kt_clock_mono_ns(void);

/** CLOCK_REALTIME in nanoseconds since 1970; 0 for a clock set before that. */
uint64_t kt_clock_real_ns(void);

#endif
