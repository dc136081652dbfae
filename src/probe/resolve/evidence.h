/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What is known of the thread data of one jemalloc, and which sources said so.
 *
 * Each source says what it can, alone: the initial image of the thread data (tls_image.h), the
 * code behind jemalloc's own control names (ctl_table.h), the table of measured layouts
 * (size_table.h), debug information (dwarf.h).  Facts are believed when two sources
 * agree, or one and the live gate (gate.h); never a single one.
 */
#ifndef KT_PROBE_RESOLVE_EVIDENCE_H
#define KT_PROBE_RESOLVE_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Sources, as bits. */
enum kt_source {
	KT_SOURCE_TLS_IMAGE = 1 << 0, /* the initial image of tsd_s has its shape */
	KT_SOURCE_CTL = 1 << 1,	      /* decoded from mallctl("thread.allocatedp") */
	KT_SOURCE_TABLE = 1 << 2,     /* sizeof(tsd_s) is that of a measured version */
	KT_SOURCE_DWARF = 1 << 3,     /* members of struct tsd_s */
};

/* Offsets in bytes; what is not known is not set. */
struct kt_tsd_facts {
	bool has_start; /* start: of tsd_s within the object's TLS block */
	bool has_offsets;
	bool has_size;
	uint64_t start;
	uint64_t allocated;   /* of the counter within tsd_s */
	uint64_t deallocated; /* likewise */
	uint64_t size_bytes;  /* sizeof(tsd_s) */
	uint32_t sources;     /* bits of enum kt_source that said the offsets */
	char version[24];     /* of jemalloc, as the table names it ("5.3.0"); "" for unknown */
};

/** Appends the names of @sources, joined by '+' ("ctl+tls-image"); "none" for 0. */
void kt_sources_print(uint32_t sources, struct kt_buf *out);

/** The bit for a source's name of @len bytes; 0 for none. */
uint32_t kt_source_parse(const char *name, size_t len);

#endif
