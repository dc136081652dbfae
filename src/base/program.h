/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Helper programs: found on PATH, run with a deadline, their output captured.  For short
 * questions at start-up ("which version?"), outside of any event loop.
 */
#ifndef KT_BASE_PROGRAM_H
#define KT_BASE_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/**
 * Finds the executable regular file @name: taken as a path if it has a '/', else
 * looked up on PATH.
 * Errors: environment (there is none; the text names @name), no memory.
 * Owner: the caller frees @ret_path.
 */
struct kt_error *kt_program_find(const char *name, char **ret_path) KT_MUST_CHECK;

/**
 * Runs @argv (argv[0] is the path), appends what it writes to stdout and stderr to @out,
 * and waits for its end, at most @deadline_ms milliseconds; then it is killed.  @ret_status
 * is as of waitpid().
 * Errors: environment (cannot start, not done in time, more than @max_bytes of output),
 * no memory.  Owner: everything stays the caller's.
 */
struct kt_error *kt_program_capture(char *const *argv, unsigned int deadline_ms, size_t max_bytes,
				    struct kt_buf *out, int *ret_status) KT_MUST_CHECK;

/**
 * Waits until process @pid, a child of ours that nobody else waits for, has ended, at most until
 * @deadline_mono_ns of CLOCK_MONOTONIC in nanoseconds; then it is killed.  @ret_status is as of
 * waitpid().  Errors: environment (killed at the deadline, or because it cannot be watched).
 */
struct kt_error *kt_program_wait(int pid, uint64_t deadline_mono_ns, int *ret_status) KT_MUST_CHECK;

#endif
