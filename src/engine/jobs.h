/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * How many guests at once: an emulated guest keeps one core busy, and each holds its
 * memory; more than the machine has makes all of them slower and gains nothing.  What the
 * machine has is less where control groups limit this process.
 */
#ifndef KT_ENGINE_JOBS_H
#define KT_ENGINE_JOBS_H

#include <stdint.h>

/* What a QEMU takes beside the guest's memory: code, translation cache, the kernel's file. */
#define KT_JOBS_QEMU_MIB 192

/* What this process may use. */
struct kt_jobs_host {
	uint32_t cpu_count;    /* at least 1 */
	uint64_t memory_bytes; /* UINT64_MAX where nothing says how much */
};

/** Memory in MiB that a guest of @guest_mib takes with its QEMU. */
uint64_t kt_jobs_memory_mib(uint32_t guest_mib);

/**
 * The number of guests for @cpu_count processors and @memory_bytes of memory when each
 * has @guest_mib: at least 1.  Pure.
 */
uint32_t kt_jobs_fit(uint32_t cpu_count, uint64_t memory_bytes, uint32_t guest_mib);

/**
 * The processors that can be kept busy: those of the affinity mask (@allowed_count; 0 if it could not be
 * read), or what @quota_milli_cpus (thousandths of a CPU, UINT64_MAX for no limit) pays for in
 * whole, if that is less: at least 1.  Pure.
 */
uint32_t kt_jobs_cpus(uint32_t allowed_count, uint64_t quota_milli_cpus);

/** Looks at this machine: the affinity mask, MemAvailable, and the control groups. */
void kt_jobs_look(struct kt_jobs_host *ret);

#endif
