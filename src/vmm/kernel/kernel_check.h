/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Whether an uncompressed kernel has what a guest needs, asked before any boot.  An option
 * counts as built in when a text of its code is in the kernel's loaded segments; as a
 * module that text would be in a file of its own.
 */
#ifndef KT_VMM_KERNEL_KERNEL_CHECK_H
#define KT_VMM_KERNEL_KERNEL_CHECK_H

#include "base/error.h"

/**
 * Checks the ELF kernel in @fd (its offset does not matter).  @name is for the error text.
 * @ret_version is the release in its banner, "6.12.1-x".
 * Errors: environment (not a kernel, truncated, other architecture, no PVH entry, no
 * initramfs, no built-in virtio-pci or virtio-console: one reason each), no memory.
 * Owner: the caller frees @ret_version and keeps @fd.
 */
struct kt_error *kt_kernel_check(int fd, const char *name, char **ret_version) KT_MUST_CHECK;

#endif
