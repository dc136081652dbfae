/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The rate of the host's time stamp counter.  Under TCG the guest's counter is the
 * host's, so a guest that is told the rate need not calibrate it.
 */
#ifndef KT_VMM_ACCEL_TSC_H
#define KT_VMM_ACCEL_TSC_H

#include <stdint.h>

struct kt_tsc {
	uint64_t khz;	    /* 0: unknown, do not tell the guest anything */
	const char *reason; /* why it is unknown; a constant, NULL when it is known */
};

/**
 * Measures for about 20 ms, busy, against CLOCK_MONOTONIC_RAW.  @cpuinfo_path is
 * "/proc/cpuinfo"; without the flag constant_tsc there the rate is unknown.
 */
struct kt_tsc kt_tsc_measure(const char *cpuinfo_path);

#endif
