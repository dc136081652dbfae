/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a finished run says: the JSON document of schema 2 or the text report.
 */
#ifndef KT_PROBE_REPORT_H
#define KT_PROBE_REPORT_H

#include "probe/document.h"

/* Raised when a field is removed, renamed or changes its meaning; not when one is added. */
enum {
	KT_PROBE_SCHEMA_VERSION = 2
};

/**
 * Writes the JSON document to @fd, and keeps it in @copy too unless that is NULL.
 * Errors: io, no memory.  @fd -1 writes nowhere.
 */
struct kt_error *kt_report_json(const struct kt_probe_run *run, const struct kt_document *document,
				int fd, struct kt_buf *copy) KT_MUST_CHECK;

/**
 * Writes the text report to @out_fd and the failed threads' lines to @err_fd.
 * Errors: io, no memory.
 */
struct kt_error *kt_report_text(const struct kt_probe_run *run, const struct kt_document *document,
				int out_fd, int err_fd) KT_MUST_CHECK;

#endif
