/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a process has cost so far, as /proc tells it: CPU time of all its threads, the most memory
 * that it held at once, and the memory that is its own and shared with nobody (which is what a
 * guest costs beside others of the same image).
 *
 * Each value is known or not, apart from the others: a process that has ended keeps its times and
 * has no memory any more, and who may not look at one file may still read the next.
 */
#ifndef KT_VMM_QEMU_USAGE_H
#define KT_VMM_QEMU_USAGE_H

#include <sys/types.h>

#include "run/fields.h"

struct kt_usage {
	struct kt_opt_u64 cpu_ns;	  /* user and system */
	struct kt_opt_u64 peak_rss_bytes; /* shared pages too */
	struct kt_opt_u64 private_bytes;
};

/**
 * User and system time in nanoseconds from the text of /proc/PID/stat, with @ticks_per_sec clock
 * ticks (not 0) in a second; unknown where the text is not of that form.  Pure.
 */
struct kt_opt_u64 kt_usage_parse_stat(const char *text, uint64_t ticks_per_sec);

/** VmHWM in bytes from the text of /proc/PID/status; unknown where it has none.  Pure. */
struct kt_opt_u64 kt_usage_parse_status(const char *text);

/**
 * Private_Clean and Private_Dirty together in bytes from the text of /proc/PID/smaps_rollup; unknown
 * unless both are there.  Pure.
 */
struct kt_opt_u64 kt_usage_parse_smaps_rollup(const char *text);

/**
 * Looks at @pid, which the caller knows to be not reaped yet; what cannot be read is unknown in
 * @ret.  Does not wait for anything but the kernel.
 */
void kt_usage_read(pid_t pid, struct kt_usage *ret);

#endif
