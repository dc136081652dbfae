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

enum {
	KT_LAYOUT_FILE_MAX_BYTES = 16 * 1024,
	KT_LAYOUT_BUILD_ID_MIN = 16, /* hex digits: 8 bytes, the shortest that a linker computes */
};

/* Read by everybody's probe, written by root's: for guest images and administrators. */
#define KT_LAYOUT_MACHINE_DIR "/var/cache/ktstr-top/layouts"

struct kt_layout_entry {
	char build_id[129];	   /* KT_LAYOUT_BUILD_ID_MIN to 128 lower-case hex digits */
	struct kt_tsd_facts facts; /* complete: start, offsets, sources */
	struct kt_internals internals;
};

/** Whether entries can be kept under @build_id: long enough, and nothing but lower-case hex. */
bool kt_layout_build_id_is_valid(const char *build_id);

/**
 * Appends the entry as text: a heading with the version of the format, one line for each
 * fact in a fixed order ("-" for what is not known), and a hash of all that.
 * Errors: usage (an entry that kt_layout_entry_parse() would refuse), no memory.
 */
struct kt_error *kt_layout_entry_print(const struct kt_layout_entry *entry,
				       struct kt_buf *out) KT_MUST_CHECK;

/**
 * Parses the text of an entry.
 * Errors: usage (not an entry, another version of the format, a number out of range), no memory.
 */
struct kt_error *kt_layout_entry_parse(const char *text, size_t len,
				       struct kt_layout_entry *ret) KT_MUST_CHECK;

/**
 * Reads the entry in the file at @path.
 * Errors: io (cannot be read, not a regular file, too large), usage, no memory.
 */
struct kt_error *kt_layout_file_read(const char *path, struct kt_layout_entry *ret) KT_MUST_CHECK;

/**
 * Replaces (or makes) the file at @path, as a whole; our standard output is written to.
 * Errors: io, usage (as for printing), no memory.
 */
struct kt_error *kt_layout_file_write(const char *path,
				      const struct kt_layout_entry *entry) KT_MUST_CHECK;

/**
 * The entry for @build_id in the user's cache, or else in the machine's, KT_LAYOUT_MACHINE_DIR;
 * false if neither has one that can be used (resolve/layout_dir.h).
 */
bool kt_layout_cache_get(const char *build_id, struct kt_layout_entry *ret);

/**
 * Puts the entry into the user's cache (the machine's for a superuser without a home) and
 * removes the oldest entries above its limit.  The cache is a convenience: what goes wrong
 * is not told.
 */
void kt_layout_cache_put(const struct kt_layout_entry *entry);

#endif
