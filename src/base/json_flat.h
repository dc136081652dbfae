/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * From a program's output to flat numbers (contract section 7): find the first JSON
 * region in the text, then turn each number in it into one (path, value) pair.
 */
#ifndef KT_BASE_JSON_FLAT_H
#define KT_BASE_JSON_FLAT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Containers nested deeper than this are cut, and the cut is told as a metric. */
#define KT_JSON_FLAT_MAX_DEPTH 64
#define KT_JSON_FLAT_TRUNCATED "__walk_json_leaves_truncated"

struct kt_flat_metric {
	char *name; /* "snapshots.0.threads.3.tid"; "" for a bare number */
	double value;
};

struct kt_flat_metrics {
	struct kt_flat_metric *metrics;
	size_t count;
	size_t cap;
};

/**
 * The first balanced bracket region of @text, strings and escapes respected: the
 * first '{' or '[' to its partner, counting only that bracket type.  False when there is none.
 */
bool kt_json_region(const char *text, size_t len, size_t *ret_start, size_t *ret_end);

/**
 * Flattens the output of a program.  Text without valid JSON gives no metrics and no error.
 * Members come in byte order of their names; of a repeated name the last counts.
 * Errors: no memory.  Owner: the caller calls kt_flat_metrics_deinit().
 */
struct kt_error *kt_json_flatten(const char *text, size_t len,
				 struct kt_flat_metrics *ret) KT_MUST_CHECK;

/** Frees the metrics. */
void kt_flat_metrics_deinit(struct kt_flat_metrics *metrics);

#endif
