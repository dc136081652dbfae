/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Work on foreign files by a library that trusts them too much, done where it can do no harm.
 *
 * libdw reads beyond sections when debug information was made for that, and opens other files that
 * it names (docs/fuzzing.md).  The probe runs as root on files of processes it knows nothing
 * of.  So libdw works in a child process that can open nothing, has little time, leaves no core,
 * and tells a fixed number of bytes: if it crashes or hangs, that is one source that says nothing.
 */
#ifndef KT_PROBE_RESOLVE_CONFINED_H
#define KT_PROBE_RESOLVE_CONFINED_H

#include <stdbool.h>
#include <stddef.h>

enum {
	KT_CONFINED_RESULT_MAX_BYTES = 4096, /* what a pipe takes at once */
	KT_CONFINED_LIMIT_MS = 5000
};

enum kt_confined_end {
	KT_CONFINED_DONE,
	KT_CONFINED_CRASHED, /* or gave no whole result */
	KT_CONFINED_TIMEOUT, /* or a signal asked for the probe's end */
	KT_CONFINED_REFUSED, /* no child could be made */
};

/**
 * Runs @work(@ctx, @result) in a child and copies the @bytes bytes of @result back; what else
 * the child changes is lost.  @result is untouched unless KT_CONFINED_DONE is returned.
 */
enum kt_confined_end kt_confined_run(void (*work)(void *ctx, void *result), void *ctx, void *result,
				     size_t bytes);

/** One sentence for an end other than KT_CONFINED_DONE. */
const char *kt_confined_text(enum kt_confined_end end);

#endif
