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

#define KT_TOPOLOGY_MAX_CPUS  64
#define KT_TOPOLOGY_MAX_NODES 8

struct kt_topology {
	uint32_t numa_nodes;
	uint32_t llcs;
	uint32_t cores;
	uint32_t threads;
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

#endif
