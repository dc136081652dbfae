/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a template depends on, as a name: two guests with the same key may be woken from the
 * same template.  QEMU restores a state into a machine with other caches, other devices or another
 * CPU without a word, and then lies or hangs; so everything goes in: every argument of the boot, QEMU
 * itself, the kernel, the image, and under KVM the host's CPU.
 */
#ifndef KT_VMM_TEMPLATE_TEMPLATE_KEY_H
#define KT_VMM_TEMPLATE_TEMPLATE_KEY_H

#include "base/hash.h"
#include "vmm/qemu/machine.h"

/** What the machine is made from.  All borrowed. */
struct kt_template_parts {
	const struct kt_machine *machine;
	const char *qemu;   /* the program's path */
	const char *kernel; /* a hash of its content, as the next */
	const char *image;
	const char *cpuinfo_path; /* "/proc/cpuinfo" */
};

/**
 * Writes the key as hex digits.  QEMU is known by file system, inode, size and time of change.  The clock's rate is no part of it, being measured anew by
 * each run; who keeps a template for longer compares that himself.
 * Errors: usage (kt_machine_check()), io (a file cannot be looked at), no memory.
 */
struct kt_error *kt_template_key(const struct kt_template_parts *parts,
				 char ret[KT_HASH_TEXT_SIZE]) KT_MUST_CHECK;

#endif
