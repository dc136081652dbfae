/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What an object's file says beyond what is loaded: symbol tables, debug information, and debug
 * files kept elsewhere.  Asked last: opening a large file is what takes time.
 */
#ifndef KT_PROBE_RESOLVE_FILE_EVIDENCE_H
#define KT_PROBE_RESOLVE_FILE_EVIDENCE_H

#include "probe/resolve/candidate.h"

/**
 * Asks the source of @effort (KT_EFFORT_SYMBOL and later) for @candidate, whose file is opened as
 * the process sees it whose /proc/PID is open at @proc_fd; -1 for a file of our own.  A file that
 * cannot be used is noted, not an error.
 * Errors: no memory.
 */
struct kt_error *kt_file_evidence_read(struct kt_candidate *candidate, int proc_fd,
				       enum kt_effort effort) KT_MUST_CHECK;

#endif
