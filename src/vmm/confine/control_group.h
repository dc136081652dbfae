/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the control groups of this process leave to it: each group on the way to the root may have
 * a limit, and the tightest one counts.  Memory of files that were read and not been used for long
 * does not count as taken, since the kernel gives it back first.
 * (Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst and scheduler/sched-bwc.rst of
 * Linux.)
 *
 * What the files say is parsed apart from reading them.  A text that is not understood is no limit
 * and no "unlimited" either: it was not seen.
 */
#ifndef KT_VMM_CONFINE_CONTROL_GROUP_H
#define KT_VMM_CONFINE_CONTROL_GROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define KT_CONTROL_GROUP_LIST  "/proc/self/cgroup"
#define KT_CONTROL_GROUP_MOUNT "/sys/fs/cgroup"

/** A limit that is none. */
#define KT_CONTROL_GROUP_NO_LIMIT UINT64_MAX

/**
 * The path of this process's group under @controller of version 1, or ("") under version 2, in the @list
 * that KT_CONTROL_GROUP_LIST is; false if it has none, or one of PATH_MAX bytes.  Pure.
 */
bool kt_control_group_path(const char *controller, const char *list, char ret[PATH_MAX]);

/**
 * The text of memory.max or memory.limit_in_bytes in bytes, KT_CONTROL_GROUP_NO_LIMIT for "max" and
 * what stands for it in version 1.  False, and @ret untouched, for anything else.  Pure.
 */
bool kt_control_group_parse_bytes(const char *text, uint64_t *ret);

/** The text of cpu.max ("150000 100000") in thousandths of a CPU; as above.  Pure. */
bool kt_control_group_parse_cpu_max(const char *text, uint64_t *ret_milli_cpus);

/** The same from the texts of cpu.cfs_quota_us (-1: no limit) and cpu.cfs_period_us.  Pure. */
bool kt_control_group_parse_cfs(const char *quota, const char *period, uint64_t *ret_milli_cpus);

/**
 * The memory that the groups which @list (KT_CONTROL_GROUP_LIST) names, mounted at @mount
 * (KT_CONTROL_GROUP_MOUNT), still give, in bytes, or KT_CONTROL_GROUP_NO_LIMIT.  False, and @ret
 * untouched, if no group could be looked at.
 */
bool kt_control_group_room(const char *list, const char *mount, uint64_t *ret_bytes);

/** The same for CPU time, in thousandths of a CPU. */
bool kt_control_group_cpus(const char *list, const char *mount, uint64_t *ret_milli_cpus);

#endif
