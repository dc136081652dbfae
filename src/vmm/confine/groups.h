/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Control groups for the guests of a run, one for each that runs at the same time: made before the loop
 * runs, limited anew for each guest that takes one, removed with the run.  What is left of a run that was
 * killed is removed by the next one: a run holds a lock on its directory, so it is known to be gone
 * without asking after a pid, which may be another's in another name space.
 *
 *   PLACE/ktstr-top.PID/guest-0, guest-1, ...
 *
 * QEMU joins by itself (vmm/qemu/machine.h), before it is anything that takes memory.
 */
#ifndef KT_VMM_CONFINE_GROUPS_H
#define KT_VMM_CONFINE_GROUPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct kt_groups;

/** What a guest's group may be limited in. */
struct kt_group_controllers {
	bool has_memory;
	bool has_pids;
};

/** Removes what runs that are gone have left in @place. */
void kt_groups_sweep(const char *place);

/**
 * Makes @count groups in the directory @place of a cgroup v2 file system.
 * Errors: environment (it cannot be done), no memory.
 * Owner: the caller calls kt_groups_close() when all guests are gone.
 */
struct kt_error *kt_groups_open(const char *place, struct kt_group_controllers controllers,
				uint32_t count, struct kt_groups **ret) KT_MUST_CHECK;

/**
 * Takes a group that nobody has, and limits it; when all are taken, one more is made.  @ret_procs is the
 * file to write to in order to join it, and names the group for kt_groups_give().
 * Errors: environment, no memory.  Owner: @ret_procs is borrowed from @groups.
 */
struct kt_error *kt_groups_take(struct kt_groups *groups, uint64_t memory_bytes,
				uint32_t task_count, const char **ret_procs) KT_MUST_CHECK;

/** Gives a group back whose guest is gone; NULL is allowed. */
void kt_groups_give(struct kt_groups *groups, const char *procs);

/** Removes all groups and frees @groups; NULL is allowed. */
void kt_groups_close(struct kt_groups *groups);

#endif
