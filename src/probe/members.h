/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The JSON members that the document of --json and the lines of --stream have in common, so that
 * they cannot differ.
 */
#ifndef KT_PROBE_MEMBERS_H
#define KT_PROBE_MEMBERS_H

#include "probe/output.h"
#include "probe/run.h"

/**
 * Writes the members of a snapshot; the object is open.  Large ones leave in pieces.
 * Errors: io, no memory.
 */
struct kt_error *kt_members_put_snapshot(struct kt_output *output,
					 const struct kt_probe_snapshot *snapshot) KT_MUST_CHECK;

/** Writes the members that tell how the counters were found and how they are read. */
void kt_members_put_method(struct kt_json_writer *json, const struct kt_probe_run *run);

/* A kind of value that nobody can know in this run. */
struct kt_unknown {
	const char *name; /* of its member */
	char reason[96];
};

enum {
	KT_UNKNOWN_MAX = 2
};

/** Fills @list with what was asked for and cannot be known; returns how many. */
size_t kt_unknown_list(const struct kt_probe_run *run, struct kt_unknown list[KT_UNKNOWN_MAX]);

/** The word for how the layout cache was used ("hit"). */
const char *kt_cache_use_word(enum kt_cache_use use);

#endif
