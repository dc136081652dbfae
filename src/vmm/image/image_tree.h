/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The entries of an image, sorted by path, each path once.  Internal to vmm/image/image.h.
 */
#ifndef KT_VMM_IMAGE_IMAGE_TREE_H
#define KT_VMM_IMAGE_IMAGE_TREE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/error.h"

/** One entry; mode says its type.  Texts and bytes are owned. */
struct kt_image_entry {
	char *path; /* "bin/x": no leading or trailing slash */
	mode_t mode;
	char *link_target;	   /* S_IFLNK */
	char *host_path;	   /* S_IFREG from a file */
	void *bytes;		   /* S_IFREG from memory, when host_path is NULL */
	uint64_t size;		   /* of a regular file, in bytes */
	struct stat host;	   /* of host_path, when it was added */
	unsigned int device_major; /* S_IFCHR */
	unsigned int device_minor;
};

struct kt_image {
	struct kt_image_entry *entries;
	size_t count;
	size_t cap;
};

/**
 * Puts @entry into the image, with those of its parents that are missing.  An equal entry is
 * accepted silently.  Errors: usage (something else is there), no memory.
 * Owner: takes what @entry owns, in any case.
 */
struct kt_error *kt_image_tree_add(struct kt_image *image,
				   struct kt_image_entry *entry) KT_MUST_CHECK;

/** The entry at @path, or NULL.  Owner: borrowed from @image. */
const struct kt_image_entry *kt_image_tree_find(const struct kt_image *image, const char *path);

/** Frees what @entry owns. */
void kt_image_entry_deinit(struct kt_image_entry *entry);

#endif
