/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The probe's JSON output, schema 2 (contract section 2.2), read strictly: counters
 * exact to the last of 64 bits, members added later skipped, everything else wrong
 * refused with its reason.
 *
 * The text may come from a guest.  Reading JSON takes many times the size of its values, so a text with
 * more of them than a report of 16 MiB has is refused before that: commas and opening brackets are
 * counted.
 */
#ifndef KT_RUN_PROBE_DOCUMENT_H
#define KT_RUN_PROBE_DOCUMENT_H

#include "run/event.h"

#define KT_PROBE_DOCUMENT_SCHEMA	2
#define KT_PROBE_DOCUMENT_MAX_SNAPSHOTS 100000 /* contract section 1.1 */
#define KT_PROBE_DOCUMENT_MAX_VALUES	1000000
#define KT_PROBE_FATAL_KIND_SIZE	64 /* the longest word, with its NUL */

struct kt_probe_document {
	uint32_t schema_version;
	uint32_t pid;
	const char *tool_version;
	uint64_t started_at_unix_sec;
	struct kt_opt_u64 interval_ms; /* known with more than one snapshot asked for */
	bool interrupted;
	const struct kt_snapshot *snapshots;
	size_t snapshot_count;
	const struct kt_probe_layout *layout; /* NULL: it does not say */
	struct kt_arena arena;		      /* everything above */
};

/**
 * Reads the whole @text as one document.
 * Errors: probe (not one JSON document, another schema, a member missing or wrong, too many values),
 * no memory.
 * Owner: the caller calls kt_probe_document_deinit(); @text is not kept.
 */
struct kt_error *kt_probe_document_parse(const char *text, size_t len,
					 struct kt_probe_document *ret) KT_MUST_CHECK;

/** Frees the document. */
void kt_probe_document_deinit(struct kt_probe_document *document);

#define kt_autodocument __attribute__((cleanup(kt_probe_document_deinit)))

/**
 * How many flat metrics a program's output has: those of its stdout, or, if that has none,
 * of its stderr (contract section 7.1).
 * Errors: probe (too many values), no memory.
 */
struct kt_error *kt_probe_metric_count(const char *out, size_t out_len, const char *err,
				       size_t err_len, uint64_t *ret) KT_MUST_CHECK;

/**
 * The word that the probe's stderr gives to a fatal end: the first line "ktstr-probe-fatal: WORD"
 * (contract section 2.5; lower-case letters, digits and dashes).  False if there is none.
 */
bool kt_probe_fatal_kind(const char *err, size_t len, char ret[KT_PROBE_FATAL_KIND_SIZE]);

#endif
