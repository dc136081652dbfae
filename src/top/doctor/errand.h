/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A look that may never come back: a file system whose server is gone keeps whoever asks it, and
 * such a process may not even be killable.  So a child looks, and we wait for what it says, but only
 * so long.
 */
#ifndef KT_TOP_ERRAND_H
#define KT_TOP_ERRAND_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum kt_errand_end {
	KT_ERRAND_DONE,
	KT_ERRAND_LATE, /* it did not answer in time */
	KT_ERRAND_DEAD, /* it died before it had answered */
};

/** Fills @facts, whose size the errand knows, in the child.  It starts no thread and keeps no lock. */
typedef void (*kt_errand_fn)(void *facts);

/**
 * Runs @look in a child and copies the @size bytes at @facts, which it is given as they are, back.
 * They are untouched unless @ret_end is KT_ERRAND_DONE.  A pointer among them must mean the same in both
 * processes.  The child is killed when it is late; where that does not help, it is left to itself, with
 * nothing of ours open.  The caller has no other threads.
 * Errors: environment (no child or no pipe could be made).
 */
struct kt_error *kt_errand_run(kt_errand_fn look, void *facts, size_t size, uint64_t deadline_ms,
			       enum kt_errand_end *ret_end) KT_MUST_CHECK;

#endif
