/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Where control groups for guests may be made: cgroup v2 only
 * (Documentation/admin-guide/cgroup-v2.rst of Linux).  A group that has processes gives its children
 * no memory controller, so the place is seldom our own group; it is the nearest above it that hands the
 * controller down and that we may write to: as root, or in a subtree that was delegated to us.  A limit
 * between the two would be escaped by going there, so it is a reason to stay away.
 *
 * What is looked at is apart from how it is judged.  Nothing is changed here.
 */
#ifndef KT_VMM_CONFINE_GROUP_PLACE_H
#define KT_VMM_CONFINE_GROUP_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define KT_GROUP_MAX_LEVELS   32
#define KT_GROUP_REASON_BYTES 200

/** What a group is, as seen by this process. */
struct kt_group_level {
	bool is_domain;	   /* not one of threads */
	bool gives_memory; /* to its children */
	bool gives_pids;
	bool is_writable; /* groups may be made in it, and processes moved between them */
	bool has_limit;	  /* of its own, for memory or processes */
};

struct kt_group_verdict {
	bool is_found;
	size_t level; /* whose children guests may be */
	char reason[KT_GROUP_REASON_BYTES];
};

/** Decides: @levels are our own group and those above it, up to the root of the mount. */
void kt_group_decide(const struct kt_group_level *levels, size_t count,
		     struct kt_group_verdict *ret);

struct kt_group_place {
	char *dir; /* NULL: there is none */
	bool gives_pids;
	char reason[KT_GROUP_REASON_BYTES]; /* why not, or which controllers it has */
};

/**
 * Looks for the place by the group list @list_path ("/proc/self/cgroup") and the mounts @mounts_path
 * ("/proc/self/mountinfo").  That there is none is no error.
 * Errors: no memory.  Owner: the caller calls kt_group_place_deinit().
 */
struct kt_error *kt_group_place_find(const char *list_path, const char *mounts_path,
				     struct kt_group_place *ret) KT_MUST_CHECK;

/** Frees the path. */
void kt_group_place_deinit(struct kt_group_place *place);

#endif
