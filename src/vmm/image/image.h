/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The initramfs of a guest: an uncompressed newc archive in a sealed memfd.
 *
 * Reproducible: entries sorted by path, time 0, owner 0:0, inode numbers in order; equal
 * input gives equal bytes.  Every directory stands before what it contains, else the
 * kernel would drop the content without a word.  The last entry, KT_IMAGE_SENTINEL, is only
 * there if all of the archive was unpacked.  From the start there are /dev/console (the
 * kernel opens it for PID 1) and /dev/null.
 *
 * Paths in the guest may be written with or without a leading '/'.  A path with "..", or
 * with a component that starts with ".ktstr_", is refused.
 */
#ifndef KT_VMM_IMAGE_IMAGE_H
#define KT_VMM_IMAGE_IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "guest/protocol.h"

struct kt_image;

/**
 * Makes an image with nothing but the device nodes.
 * Errors: no memory.  Owner: the caller calls kt_image_destroy().
 */
struct kt_error *kt_image_create(struct kt_image **ret) KT_MUST_CHECK;

/** Adds a directory; parents of anything are added by themselves with mode 0755.  @mode: permission
 * bits.  Errors: usage (bad path, or something else is there), no memory. */
struct kt_error *kt_image_add_directory(struct kt_image *image, const char *guest_path,
					mode_t mode) KT_MUST_CHECK;

/** Adds a symlink to @target.  Errors: usage (bad path, or something else is there), no memory. */
struct kt_error *kt_image_add_link(struct kt_image *image, const char *guest_path,
				   const char *target) KT_MUST_CHECK;

/**
 * Adds a regular file with these @len bytes, which are copied.
 * Errors: usage (bad path, or something else is there), no memory.
 */
struct kt_error *kt_image_add_bytes(struct kt_image *image, const char *guest_path,
				    const void *bytes, size_t len, mode_t mode) KT_MUST_CHECK;

/**
 * Adds the host's file @host_path byte for byte, without its closure.  It is read by
 * kt_image_finish(), and must not change until then.
 * Errors: usage (bad path, or something else is there), environment (missing, unreadable,
 * not a regular file), no memory.
 */
struct kt_error *kt_image_add_file(struct kt_image *image, const char *host_path,
				   const char *guest_path, mode_t mode) KT_MUST_CHECK;

/**
 * Adds a program byte for byte and all it needs: interpreter and shared libraries (vmm/image/closure.h).
 * Errors: as kt_image_add_file(), and environment (a library that is not found; the text
 * names program and library).
 */
struct kt_error *kt_image_add_program(struct kt_image *image, const char *host_path,
				      const char *guest_path, mode_t mode) KT_MUST_CHECK;

/**
 * Writes the archive.  @ret_fd is a memfd, sealed against any change, at offset 0;
 * @ret_bytes is its size.  The image may be finished again, with the same result.
 * Errors: environment (a file changed or became unreadable), io, no memory.
 * Owner: the caller closes @ret_fd.
 */
struct kt_error *kt_image_finish(struct kt_image *image, int *ret_fd,
				 uint64_t *ret_bytes) KT_MUST_CHECK;

/** Frees the image; NULL is allowed. */
void kt_image_destroy(struct kt_image *image);

static inline void kt_image_destroy_cleanup(struct kt_image **slot)
{
	kt_image_destroy(*slot);
}

#define kt_autoimage __attribute__((cleanup(kt_image_destroy_cleanup)))

#endif
