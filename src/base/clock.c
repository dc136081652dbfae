/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/clock.h"

#include <assert.h>
#include <time.h>

static uint64_t read_ns(clockid_t clock)
{
	struct timespec now;

	int failed = clock_gettime(clock, &now);
	assert(!failed);
	if (now.tv_sec < 0)
		return 0;
	return (uint64_t)now.tv_sec * KT_NS_PER_SEC + (uint64_t)now.tv_nsec;
}

uint64_t kt_clock_mono_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

uint64_t kt_clock_real_ns(void)
{
	return read_ns(CLOCK_REALTIME);
}
