/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/jobs.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>

#include "base/cleanup.h"

uint32_t kt_jobs_fit(uint32_t cpu_count, uint64_t available_bytes, uint32_t guest_mib)
{
	uint64_t by_memory = (available_bytes >> 20) / ((uint64_t)guest_mib + KT_JOBS_QEMU_MIB);
	uint64_t jobs = by_memory < cpu_count ? by_memory : cpu_count;

	return jobs ? (uint32_t)jobs : 1;
}

/* MemAvailable of /proc/meminfo; all there is when it cannot be read. */
static uint64_t available_bytes(void)
{
	kt_autofclose FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	uint64_t kib;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
			return kib << 10;
	return UINT64_MAX;
}

uint32_t kt_jobs_auto(uint32_t guest_mib)
{
	cpu_set_t cpus;
	uint32_t count = 1;

	if (!sched_getaffinity(0, sizeof(cpus), &cpus))
		count = (uint32_t)CPU_COUNT(&cpus);
	return kt_jobs_fit(count, available_bytes(), guest_mib);
}
