/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The flags of the first CPU in /proc/cpuinfo.
 */
#ifndef KT_VMM_ACCEL_CPUINFO_H
#define KT_VMM_ACCEL_CPUINFO_H

#include <stdbool.h>

#include "base/buf.h"

/**
 * Appends the words of the first "flags" line of the file @path (normally
 * "/proc/cpuinfo") to @out, a blank before and behind each.
 * Errors: io (unreadable, or no such line: not an x86 machine), no memory.
 * Owner: @out stays the caller's.
 */
struct kt_error *kt_cpuinfo_flags(const char *path, struct kt_buf *out) KT_MUST_CHECK;

/** Whether @flags, as made by kt_cpuinfo_flags(), has the word @flag. */
bool kt_cpuinfo_has(const struct kt_buf *flags, const char *flag);

#endif
