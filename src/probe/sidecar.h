/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Appending a run's numbers to a test's result file (contract section 3.6).
 *
 * The file is edited in place, in the sense that every byte of it survives but for the entry that
 * is inserted; it is replaced as a whole, so nobody sees half of it.  Writers take turns by a
 * lock on a file beside it.
 */
#ifndef KT_PROBE_SIDECAR_H
#define KT_PROBE_SIDECAR_H

#include <signal.h>
#include <stddef.h>

#include "base/error.h"

/**
 * Whether the result file at @path is there.  Errors: usage (it is not; the text says what
 * to do).
 */
struct kt_error *kt_sidecar_check(const char *path) KT_MUST_CHECK;

/**
 * Appends one entry to the "metrics" of the result file at @path: the numbers of the JSON
 * document @document (@len bytes) under the prefix "jemalloc_probe.", with @exit_code.
 * @stop ends the wait for the lock early.
 * Errors: io (not there, locked for 30 s, cannot be written), usage (not a result file), no
 * memory.
 */
struct kt_error *kt_sidecar_append(const char *path, const char *document, size_t len,
				   int exit_code, const volatile sig_atomic_t *stop) KT_MUST_CHECK;

#endif
