/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The dynamic linker's cache, /etc/ld.so.cache: from a library's name to its path.
 * Only the format "glibc-ld.so.cache1.1" (glibc 2.2 and newer) is read, alone or behind
 * the older one, as sysdeps/generic/dl-cache.h of glibc lays it out.  The file is input like any
 * other: every offset in it is checked, and a file that is damaged finds nothing.
 */
#ifndef KT_VMM_IMAGE_LD_CACHE_H
#define KT_VMM_IMAGE_LD_CACHE_H

#include "base/buf.h"

struct kt_ld_cache {
	struct kt_buf file; /* owned */
	size_t table; /* offset of the new format's header; offsets of texts count from here */
	size_t count; /* entries, all within the file */
};

/**
 * Reads the cache file @path; one that is missing or is no cache makes an empty cache.
 * Errors: no memory.  Owner: the caller calls kt_ld_cache_deinit() on @ret.
 */
struct kt_error *kt_ld_cache_read(const char *path, struct kt_ld_cache *ret) KT_MUST_CHECK;

/**
 * The next path of library @name, or NULL.  @cursor starts at 0.  Entries for special
 * hardware capabilities are left out: a guest's CPU may lack them.
 * Owner: borrowed from @cache.
 */
const char *kt_ld_cache_next(const struct kt_ld_cache *cache, const char *name, size_t *cursor);

/** Frees the cache. */
void kt_ld_cache_deinit(struct kt_ld_cache *cache);

#endif
