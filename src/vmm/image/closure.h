/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * All files a program needs to run besides itself: its interpreter and the transitive
 * closure of its shared libraries, found as the dynamic linker would find them.
 *
 * Search order of a library: DT_RPATH of the object and of those that loaded it (only
 * without DT_RUNPATH), LD_LIBRARY_PATH, DT_RUNPATH, beside an interpreter that is not the
 * system's, ld.so.cache, the default directories.  A file is stored under its real path;
 * each other path at which a guest's linker, which has no cache and no environment of ours,
 * will look for it becomes a symlink.
 */
#ifndef KT_VMM_IMAGE_CLOSURE_H
#define KT_VMM_IMAGE_CLOSURE_H

#include <stddef.h>

#include "base/error.h"

/** One thing to store; exactly one of host_path and link_target is set. */
struct kt_closure_entry {
	char *guest_path; /* absolute, without "." and ".." */
	char *host_path;  /* the file's real path */
	char *link_target;
};

struct kt_closure {
	struct kt_closure_entry *entries;
	size_t count;
	size_t cap;
};

/** Where libraries are looked for besides what the files say.  All texts are borrowed. */
struct kt_closure_search {
	const char *ld_library_path; /* as LD_LIBRARY_PATH, or NULL */
	const char *cache_path;	     /* "/etc/ld.so.cache" */
};

/** The search of this process: its LD_LIBRARY_PATH and /etc/ld.so.cache. */
struct kt_closure_search kt_closure_search_host(void);

/**
 * Adds to @closure what the program @host_path, stored as @guest_path (absolute), needs;
 * not the program itself.  Data files and static programs need nothing.
 * Errors: environment (unreadable or damaged file, a library or an interpreter that is not
 * found; the text names who needs it), no memory.
 * Owner: the caller calls kt_closure_deinit(), after a failure too.
 */
struct kt_error *kt_closure_collect(const struct kt_closure_search *search, const char *host_path,
				    const char *guest_path,
				    struct kt_closure *closure) KT_MUST_CHECK;

/** Frees the entries. */
void kt_closure_deinit(struct kt_closure *closure);

/**
 * Removes ".", ".." and repeated slashes from the absolute @path, by its text alone.
 * Errors: no memory.  Owner: the caller frees @ret.
 */
struct kt_error *kt_closure_normalize(const char *path, char **ret) KT_MUST_CHECK;

#endif
