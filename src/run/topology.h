/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The CPU topology of a guest: `llcs` is the number of last-level caches in all (a
 * multiple of `numa_nodes`), `cores` is per LLC, `threads` is per core.
 * The label of 1 node, 2 LLCs, 4 cores, 1 thread is "1n2l4c1t".
 */
#ifndef KT_RUN_TOPOLOGY_H
#define KT_RUN_TOPOLOGY_H

#include <stdint.h>

#include "base/buf.h"
#include "run/fields.h"

#define KT_TOPOLOGY_MAX_CPUS  64
#define KT_TOPOLOGY_MAX_NODES 8

struct kt_topology {
	uint32_t numa_nodes;
	uint32_t llcs;
	uint32_t cores;
	uint32_t threads;
};

/** What a guest's kernel makes of its CPUs, as its agent read it. */
struct kt_topology_seen {
	struct kt_opt_u64 cpus;	      /* online */
	struct kt_opt_u64 numa_nodes; /* online */
	struct kt_opt_u64 llcs;	      /* in all */
	struct kt_opt_u64 cores;      /* in all */
	struct kt_opt_u64 threads;    /* of the largest core */
};

/**
 * Refuses what cannot be built: a zero, LLCs that the nodes do not divide, more than
 * KT_TOPOLOGY_MAX_CPUS CPUs or KT_TOPOLOGY_MAX_NODES nodes.  Errors: usage.  Owner: borrows.
 */
struct kt_error *kt_topology_check(const struct kt_topology *topology) KT_MUST_CHECK;

/** llcs x cores x threads. */
uint32_t kt_topology_cpu_count(const struct kt_topology *topology);

/** Appends the label, "1n2l4c1t". */
void kt_topology_label(const struct kt_topology *topology, struct kt_buf *out);

/**
 * Holds what a guest has against what was asked for.  Appends to @wrong what is not as asked: a
 * number that differs, or one above 1 that is unknown.  Appends to @remark what is unknown where 1
 * was asked, and, with @is_cpu_of_host, differences in caches, cores and threads too: what the
 * host's CPU tells a guest of those is not in our hands.  Both are left as they are if all is well.
 */
void kt_topology_compare(const struct kt_topology *asked, const struct kt_topology_seen *seen,
			 bool is_cpu_of_host, struct kt_buf *wrong, struct kt_buf *remark);

/** Appends "8 CPUs, 1 node, 2 LLCs, 8 cores, 1 thread each"; what is unknown is "? cores". */
void kt_topology_seen_put(const struct kt_topology_seen *seen, struct kt_buf *out);

#endif
