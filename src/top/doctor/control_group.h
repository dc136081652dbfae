/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * How much memory the control groups of this process leave to it: each group on the way to the
 * root may have a limit, and the tightest one counts.  Memory of files that were read and not been
 * used for long does not count as taken, since the kernel gives it back first.
 * (Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst of Linux.)
 */
#ifndef KT_TOP_CONTROL_GROUP_H
#define KT_TOP_CONTROL_GROUP_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Reads the groups that @list ("/proc/self/cgroup") names, mounted at @mount ("/sys/fs/cgroup").
 * @ret_has_limit and @ret_room_bytes are what was found.  False, and nothing changed, if no group
 * could be looked at.
 */
bool kt_control_group_room(const char *list, const char *mount, bool *ret_has_limit,
			   uint64_t *ret_room_bytes);

#endif
