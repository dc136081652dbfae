/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/jobs.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "vmm/confine/control_group.h"

#define MILLI 1000

uint64_t kt_jobs_memory_mib(uint32_t guest_mib)
{
	return (uint64_t)guest_mib + KT_JOBS_QEMU_MIB;
}

uint32_t kt_jobs_fit(uint32_t cpu_count, uint64_t memory_bytes, uint32_t guest_mib)
{
	uint64_t by_memory = (memory_bytes >> 20) / kt_jobs_memory_mib(guest_mib);
	uint64_t jobs = by_memory < cpu_count ? by_memory : cpu_count;

	return jobs ? (uint32_t)jobs : 1;
}

uint32_t kt_jobs_cpus(uint32_t allowed_count, uint64_t quota_milli_cpus)
{
	uint64_t paid_count = quota_milli_cpus / MILLI;
	uint64_t count = paid_count < allowed_count ? paid_count : allowed_count;

	return count ? (uint32_t)count : 1;
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

void kt_jobs_look(struct kt_jobs_host *ret)
{
	uint64_t quota_milli_cpus = KT_CONTROL_GROUP_NO_LIMIT;
	uint64_t room_bytes = KT_CONTROL_GROUP_NO_LIMIT;
	uint64_t bytes = available_bytes();
	uint32_t count = 0;
	cpu_set_t cpus;

	if (!sched_getaffinity(0, sizeof(cpus), &cpus))
		count = (uint32_t)CPU_COUNT(&cpus);
	(void)kt_control_group_cpus(KT_CONTROL_GROUP_LIST, KT_CONTROL_GROUP_MOUNT,
				    &quota_milli_cpus);
	(void)kt_control_group_room(KT_CONTROL_GROUP_LIST, KT_CONTROL_GROUP_MOUNT, &room_bytes);
	*ret = (struct kt_jobs_host){
		.cpu_count = kt_jobs_cpus(count, quota_milli_cpus),
		.memory_bytes = room_bytes < bytes ? room_bytes : bytes,
	};
}
