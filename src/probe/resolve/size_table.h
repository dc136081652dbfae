/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Measured layouts: sizeof(tsd_s) tells the counters' offsets, for every version and set of
 * options that was compiled (build-aux/jemalloc-table, which generates size_table.inc and
 * says where each row comes from).  No two versions share a size with different offsets.
 */
#ifndef KT_PROBE_RESOLVE_SIZE_TABLE_H
#define KT_PROBE_RESOLVE_SIZE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_size_row {
	const char *version; /* of jemalloc: "5.3.0", "5.2.0-5.2.1" */
	const char *options; /* of configure: "default", "lg-page=16" */
	uint32_t size_bytes; /* sizeof(tsd_s) */
	uint32_t allocated;  /* offsets within tsd_s */
	uint32_t deallocated;
	bool has_events; /* 5.3 and later: the gate can judge */
};

/** The rows, ended by one without a version. */
extern const struct kt_size_row kt_size_table[];

/** The smallest size in the table, in bytes: no TLS block below it holds a jemalloc. */
uint32_t kt_size_table_smallest(void);

/** The row for @size_bytes; NULL if no measured version has that size.  Owner: borrowed. */
const struct kt_size_row *kt_size_table_find(uint64_t size_bytes);

#endif
