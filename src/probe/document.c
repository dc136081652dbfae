/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/document.h"

#include <stdlib.h>

static struct kt_error *keep(void *ctx, const struct kt_probe_run *run,
			     struct kt_probe_snapshot *snapshot)
{
	struct kt_document *document = ctx;

	(void)run;
	if (document->count == document->cap) {
		size_t cap = document->cap ? document->cap * 2 : 1;
		struct kt_probe_snapshot *snapshots =
			reallocarray(document->snapshots, cap, sizeof(*snapshots));
		if (!snapshots)
			return kt_error_no_memory();
		document->snapshots = snapshots;
		document->cap = cap;
	}
	document->snapshots[document->count++] = *snapshot;
	snapshot->sweep = (struct kt_sweep){ 0 };
	return NULL;
}

struct kt_probe_sink kt_document_sink(struct kt_document *document)
{
	return (struct kt_probe_sink){ .ctx = document, .out_fd = -1, .snapshot = keep };
}

void kt_document_deinit(struct kt_document *document)
{
	for (size_t i = 0; i < document->count; i++)
		kt_sweep_deinit(&document->snapshots[i].sweep);
	free(document->snapshots);
	*document = (struct kt_document){ 0 };
}
