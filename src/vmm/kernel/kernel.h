/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The guests' kernel: which file, why that one, and the uncompressed ELF that QEMU gets.
 *
 * Order: the option, $KTSTR_TEST_KERNEL, $KTSTR_KERNEL, the newest that is fit in the cache
 * directory's kernels/, build trees ./linux and ../linux, then the host's own kernel.
 * The first three are wishes: one that is unfit is an error.  The others are searched, and
 * one that is unfit is passed over and remembered for the error text.
 */
#ifndef KT_VMM_KERNEL_KERNEL_H
#define KT_VMM_KERNEL_KERNEL_H

#include "base/hash.h"

struct kt_kernel {
	int elf_fd;		      /* read-only */
	char *path;		      /* the file it comes from */
	char *version;		      /* "6.12.1-x", from the kernel itself */
	char *reason;		      /* why this one: "--kernel", "newest in the cache", ... */
	char hash[KT_HASH_TEXT_SIZE]; /* of the file's content */
};

/**
 * Finds and opens the kernel.  @option_path is what --kernel gave, or NULL.
 * Errors: environment (an explicit one that is missing or unfit, or none at all: the text
 * says what was tried and what to do), io, no memory.
 * Owner: the caller calls kt_kernel_deinit().
 */
struct kt_error *kt_kernel_find(const char *option_path, struct kt_kernel *ret) KT_MUST_CHECK;

/**
 * Opens the kernel file @path, a boot image or an uncompressed ELF; @reason is copied.
 * Errors: environment (missing, or unfit as a guest's kernel), io, no memory.
 * Owner: the caller calls kt_kernel_deinit().
 */
struct kt_error *kt_kernel_open(const char *path, const char *reason,
				struct kt_kernel *ret) KT_MUST_CHECK;

/** Closes the descriptor and frees the texts. */
void kt_kernel_deinit(struct kt_kernel *kernel);

#endif
