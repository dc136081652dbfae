/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/accel/tsc.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "vmm/accel/cpuinfo.h"

#if defined(__x86_64__)
#include <x86intrin.h>

enum {
	KT_TSC_ROUNDS = 8, /* readings of a pair; the tightest is taken */
	KT_TSC_INTERVAL_MS = 20,
	KT_TSC_MIN_KHZ = 100 * 1000, /* outside of these the measurement is nonsense */
	KT_TSC_MAX_KHZ = 20 * 1000 * 1000,
};

struct reading {
	uint64_t ticks;
	uint64_t raw_ns;
};

static uint64_t raw_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (uint64_t)now.tv_sec * KT_NS_PER_SEC + (uint64_t)now.tv_nsec;
}

/* Clock and counter of the same moment: of several tries the one that was interrupted least. */
static struct reading read_pair(void)
{
	struct reading best = { 0 };
	uint64_t best_width = UINT64_MAX;

	for (int i = 0; i < KT_TSC_ROUNDS; i++) {
		uint64_t before = __rdtsc();
		uint64_t now_ns = raw_ns();
		uint64_t width = __rdtsc() - before;
		if (width < best_width) {
			best_width = width;
			best = (struct reading){ before + width / 2, now_ns };
		}
	}
	return best;
}

static uint64_t measure_khz(void)
{
	struct reading first = read_pair();

	while (raw_ns() - first.raw_ns < KT_TSC_INTERVAL_MS * KT_NS_PER_MS)
		;
	struct reading last = read_pair();
	uint64_t ticks = last.ticks - first.ticks;
	uint64_t elapsed_ns = last.raw_ns - first.raw_ns;

	if (ticks > UINT64_MAX / KT_NS_PER_MS)
		return 0;
	uint64_t khz = (ticks * KT_NS_PER_MS + elapsed_ns / 2) / elapsed_ns;
	return khz >= KT_TSC_MIN_KHZ && khz <= KT_TSC_MAX_KHZ ? khz : 0;
}
#else
static uint64_t measure_khz(void)
{
	return 0;
}
#endif

struct kt_tsc kt_tsc_measure(const char *cpuinfo_path)
{
	kt_autobuf struct kt_buf flags = KT_BUF_INIT;
	kt_autoerr struct kt_error *err = kt_cpuinfo_flags(cpuinfo_path, &flags);

	if (err)
		return (struct kt_tsc){ .reason = "the CPU flags are unreadable" };
	if (!kt_cpuinfo_has(&flags, "constant_tsc"))
		return (struct kt_tsc){ .reason = "the host's TSC is not constant" };
	uint64_t khz = measure_khz();
	if (!khz)
		return (struct kt_tsc){ .reason = "the host's TSC gives no sane rate" };
	return (struct kt_tsc){ .khz = khz };
}
