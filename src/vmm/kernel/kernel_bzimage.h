/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The x86 boot image (bzImage, vmlinuz): its header, and the compressed ELF kernel in it.
 * Format: Documentation/arch/x86/boot.rst of Linux.  An emulated guest that starts with
 * the ELF itself saves 0.8 s, which the decompressor would take.
 */
#ifndef KT_VMM_KERNEL_KERNEL_BZIMAGE_H
#define KT_VMM_KERNEL_KERNEL_BZIMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct kt_bzimage {
	const unsigned char *payload; /* compressed; borrowed from the image */
	size_t payload_len;	      /* without the size that may follow it */
	const char *compression;      /* "zstd", ... */
	uint32_t unpacked_bytes;      /* as the image tells */
};

/**
 * Finds the payload in the @len bytes of an image.  @name is for the error text.
 * Errors: environment (not a kernel image, of another architecture, too old a format,
 * truncated, compressed in an unknown way).  Owner: @ret borrows from @image.
 */
struct kt_error *kt_bzimage_parse(const void *image, size_t len, const char *name,
				  struct kt_bzimage *ret) KT_MUST_CHECK;

/**
 * Writes the unpacked payload to @fd at its offset.
 * Errors: environment (damaged payload, or a compression this libarchive was built without), io, no
 * memory.  Owner: @fd stays the caller's.
 */
struct kt_error *kt_bzimage_unpack(const struct kt_bzimage *bzimage, const char *name,
				   int fd) KT_MUST_CHECK;

#endif
