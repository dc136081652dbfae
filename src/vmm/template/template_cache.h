/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Templates that are kept on disk between runs, one file each, called by their key
 * (vmm/template/template_key.h).  A file is one line, padded, then the memory of each node, with holes where it is
 * zero, then the state.  The line has the hash of all of it; a file that does not agree with its
 * line, is somebody else's, or comes from a machine whose clock had another rate is not used, and
 * goes.  What is used is read whole into sealed memory first: nothing changes a guest through the file.
 *
 * A new file appears whole or not at all; several processes may make the same one.  These functions
 * block, for some 100 ms, and may be called on any thread.
 */
#ifndef KT_VMM_TEMPLATE_TEMPLATE_CACHE_H
#define KT_VMM_TEMPLATE_TEMPLATE_CACHE_H

#include "vmm/template/template.h"

/* What a file that is being written is called behind its key. */
#define KT_TEMPLATE_PART ".part"

/** What a template is besides its content. */
struct kt_template_label {
	const char *dir; /* of the cache; it exists */
	const char *key;
	unsigned node_count;
	uint32_t node_mib;
	uint64_t tsc_khz; /* of this machine, now; 0: not known */
};

/**
 * Reads the template called @label->key; @ret_found tells whether there was one that is good, and
 * @ret is set only then.
 * Errors: environment (no memory for it), io, no memory.  Owner: the caller calls
 * kt_template_deinit() on @ret.
 */
struct kt_error *kt_template_cache_load(const struct kt_template_label *label,
					struct kt_template *ret, bool *ret_found) KT_MUST_CHECK;

/** Keeps @template.  Errors: io (no room, ...; nothing is left then), no memory.  Owner: borrows. */
struct kt_error *kt_template_cache_store(const struct kt_template_label *label,
					 const struct kt_template *template) KT_MUST_CHECK;

struct kt_template_cache_removal {
	unsigned count;
	uint64_t bytes;
};

/**
 * Removes templates from @dir, those first that were not used for the longest time, until all that is
 * left takes at most @limit_bytes on disk; and what a process that died left half written.
 * Errors: io, no memory.
 */
struct kt_error *kt_template_cache_trim(const char *dir, uint64_t limit_bytes,
					struct kt_template_cache_removal *ret) KT_MUST_CHECK;

#endif
