/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Questions to KVM itself.  The last one runs a tiny guest: 64-bit kernel mode, a loop
 * of a million turns, one BMI2 instruction where the host has it, an OUT.  Hardware is done in a
 * millisecond; a KVM that interprets is not, or fails at the instruction.
 * (ABI: Documentation/virt/kvm/api.rst of Linux.)
 */
#ifndef KT_VMM_ACCEL_KVM_PROBE_H
#define KT_VMM_ACCEL_KVM_PROBE_H

#include <stdbool.h>

#define KT_KVM_REASON_BYTES	 160
#define KT_KVM_PROBE_DEADLINE_MS 50

struct kt_kvm_answer {
	bool good;
	char reason[KT_KVM_REASON_BYTES];
};

/** Whether @kvm_path opens, speaks API version 12 and makes a machine.  Quick. */
struct kt_kvm_answer kt_kvm_probe_device(const char *kvm_path);

/**
 * Runs the probe guest in a child process, which is killed after KT_KVM_PROBE_DEADLINE_MS.
 * Not for a caller that waits for children it does not know.
 */
struct kt_kvm_answer kt_kvm_probe_run(const char *kvm_path);

#endif
