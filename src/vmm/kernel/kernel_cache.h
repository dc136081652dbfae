/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Unpacked kernels, kept in the user's cache directory as vmlinux/<hash of the packed
 * file>.  Only what passed vmm/kernel/kernel_check.h gets in.  Behind the ELF stands one line with
 * its size, its hash and the kernel's version; an entry that does not agree with it
 * is not used and gets replaced.  A new entry appears whole or not at all, and several
 * processes may make the same one at once.  The oldest go when there are more than eight.
 */
#ifndef KT_VMM_KERNEL_KERNEL_CACHE_H
#define KT_VMM_KERNEL_KERNEL_CACHE_H

#include <stddef.h>

#include "base/error.h"

/**
 * Gives the uncompressed kernel of the @len bytes of a boot image, from the cache or
 * unpacked, checked and put there.  Without a usable cache directory it works as well, in
 * memory.  @hash is that of the image (base/hash.h), @name is for the error text.
 * Errors: environment (the image is refused), io (no room), no memory.
 * Owner: the caller closes @ret_fd, which is read-only, and frees @ret_version.
 */
struct kt_error *kt_kernel_cache_get(const void *image, size_t len, const char *hash,
				     const char *name, int *ret_fd,
				     char **ret_version) KT_MUST_CHECK;

#endif
