/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * How many guests at once: an emulated guest keeps one core busy, and each holds its
 * memory; more than the machine has makes all of them slower and gains nothing.
 */
#ifndef KT_ENGINE_JOBS_H
#define KT_ENGINE_JOBS_H

#include <stdint.h>

/* What a QEMU takes beside the guest's memory: code, translation cache, the kernel's file. */
#define KT_JOBS_QEMU_MIB 192

/**
 * The number of guests for @cpu_count processors and @available_bytes of memory when the
 * largest guest has @guest_mib: at least 1.
 */
uint32_t kt_jobs_fit(uint32_t cpu_count, uint64_t available_bytes, uint32_t guest_mib);

/** kt_jobs_fit() for this machine: the CPUs this process may use, /proc/meminfo. */
uint32_t kt_jobs_auto(uint32_t guest_mib);

#endif
