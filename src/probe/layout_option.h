/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * --layout FILE: what is known of one object, taken from a file if it is there, and else put
 * into it.  So a guest's image is packed with what its host found out, and the probe in it
 * needs neither symbols nor debug information.
 */
#ifndef KT_PROBE_LAYOUT_OPTION_H
#define KT_PROBE_LAYOUT_OPTION_H

#include "probe/fatal.h"
#include "probe/resolve/layout_file.h"

/**
 * Reads the entry in the file at @path; @ret_found is false if there is no such file.
 * Errors: usage (it is not an entry), io, no memory.
 */
struct kt_error *kt_layout_option_load(const char *path, struct kt_layout_entry *ret,
				       bool *ret_found) KT_MUST_CHECK;

/**
 * Writes what was found out about a process into the file at @path.
 * Errors: usage (an object without build-id), io, no memory.
 */
struct kt_error *kt_layout_option_save(const char *path,
				       const struct kt_layout *layout) KT_MUST_CHECK;

/**
 * Writes what the file @object tells by itself, without a process, into the file at @path.
 * Errors: probe, io, usage, no memory; @ret_fatal says which kind.
 */
struct kt_error *kt_layout_option_make(const char *object, const char *path,
				       enum kt_fatal *ret_fatal) KT_MUST_CHECK;

#endif
