/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Boot images as the kernel's build makes them, around any bytes.
 */
#ifndef KT_TESTS_VMM_BZIMAGE_MAKE_H
#define KT_TESTS_VMM_BZIMAGE_MAKE_H

#include <stdbool.h>

#include "base/buf.h"

#define BZIMAGE_PACKING_COUNT 7
#define BZIMAGE_GZIP	      1

/** The name of packing @index, "zstd" and so on.  Owner: a constant. */
const char *bzimage_packing_name(size_t index);

/**
 * Appends @bytes packed in the way of @index; false if the libarchive here cannot.
 */
bool bzimage_pack(const struct kt_buf *bytes, size_t index, struct kt_buf *out);

/**
 * Appends a boot image whose payload is @kernel, packed in the way of @index; false if the
 * libarchive here cannot pack that way.
 */
bool bzimage_make(const struct kt_buf *kernel, size_t index, struct kt_buf *out);

#endif
