/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The snapshots of a run that is reported as a whole, at its end.
 */
#ifndef KT_PROBE_DOCUMENT_H
#define KT_PROBE_DOCUMENT_H

#include "probe/run.h"

struct kt_document {
	struct kt_probe_snapshot *snapshots;
	size_t count;
	size_t cap;
};

/** The sink that keeps all snapshots in @document.  Owner: @document is borrowed. */
struct kt_probe_sink kt_document_sink(struct kt_document *document);

/** Frees the snapshots. */
void kt_document_deinit(struct kt_document *document);

#endif
