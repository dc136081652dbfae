/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/topology.h"

struct kt_error *kt_topology_check(const struct kt_topology *topology)
{
	uint32_t cpus;

	if (!topology->numa_nodes || !topology->llcs || !topology->cores || !topology->threads)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "every number of a topology must be at least 1");
	if (topology->llcs % topology->numa_nodes)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "%u LLCs do not divide evenly among %u NUMA nodes",
				       topology->llcs, topology->numa_nodes);
	if (topology->numa_nodes > KT_TOPOLOGY_MAX_NODES)
		return kt_error_create(KT_ERROR_USAGE, 0, "%u NUMA nodes are more than %d",
				       topology->numa_nodes, KT_TOPOLOGY_MAX_NODES);
	if (__builtin_mul_overflow(topology->llcs, topology->cores, &cpus) ||
	    __builtin_mul_overflow(cpus, topology->threads, &cpus) || cpus > KT_TOPOLOGY_MAX_CPUS)
		return kt_error_create(KT_ERROR_USAGE, 0, "more than %d CPUs",
				       KT_TOPOLOGY_MAX_CPUS);
	return NULL;
}

uint32_t kt_topology_cpu_count(const struct kt_topology *topology)
{
	return topology->llcs * topology->cores * topology->threads;
}

void kt_topology_label(const struct kt_topology *topology, struct kt_buf *out)
{
	kt_buf_printf(out, "%un%ul%uc%ut", topology->numa_nodes, topology->llcs, topology->cores,
		      topology->threads);
}
