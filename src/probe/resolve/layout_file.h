/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What was found out about one object's thread data, kept: one file per build-id.
 *
 * A file is foreign, also in our own cache: it is parsed strictly, every number is checked for
 * range, and what it says is believed as one source only, so that the live gate (or another
 * source) has to agree each time.  Files are replaced as a whole, never written in place.
 */
#ifndef KT_PROBE_RESOLVE_LAYOUT_FILE_H
#define KT_PROBE_RESOLVE_LAYOUT_FILE_H

#include "base/error.h"
#include "probe/memory/internals.h"
#include "probe/resolve/evidence.h"

struct kt_layout_entry {
	char build_id[129];	   /* lower-case hex, never empty */
	struct kt_tsd_facts facts; /* complete: start, offsets, sources */
	struct kt_internals internals;
};

/**
 * Writes the entry as text.  Errors: no memory.
 */
struct kt_error *kt_layout_entry_print(const struct kt_layout_entry *entry,
				       struct kt_buf *out) KT_MUST_CHECK;

/**
 * Parses the text of an entry.
 * Errors: usage (not an entry, another version of the format, a number out of range), no memory.
 */
struct kt_error *kt_layout_entry_parse(const char *text, size_t len,
				       struct kt_layout_entry *ret) KT_MUST_CHECK;

/** Reads the entry in the file at @path.  Errors: io, usage, no memory. */
struct kt_error *kt_layout_file_read(const char *path, struct kt_layout_entry *ret) KT_MUST_CHECK;

/** Replaces the file at @path, as a whole.  Errors: io, no memory. */
struct kt_error *kt_layout_file_write(const char *path,
				      const struct kt_layout_entry *entry) KT_MUST_CHECK;

/**
 * The entry for @build_id in the user's cache; false if there is none that can be used
 * (missing, damaged, for another build-id, not ours alone to write).
 */
bool kt_layout_cache_get(const char *build_id, struct kt_layout_entry *ret);

/**
 * Puts the entry into the user's cache and removes the oldest entries above its limit.
 * The cache is a convenience: what goes wrong is not told.
 */
void kt_layout_cache_put(const struct kt_layout_entry *entry);

#endif
