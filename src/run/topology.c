/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/topology.h"

#include <inttypes.h>

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

/* One number of the five, and what it is called. */
struct part {
	const char *one;
	const char *many;
	const char *behind;
	const struct kt_opt_u64 *seen;
	uint64_t asked;
	bool is_of_host; /* the host's CPU has a say in it */
};

enum {
	PART_COUNT = 5
};

static void list_parts(const struct kt_topology *asked, const struct kt_topology_seen *seen,
		       struct part parts[PART_COUNT])
{
	uint64_t cores = (uint64_t)asked->llcs * asked->cores;

	parts[0] = (struct part){ "CPU", "CPUs", "", &seen->cpus, cores * asked->threads, false };
	parts[1] =
		(struct part){ "node", "nodes", "", &seen->numa_nodes, asked->numa_nodes, false };
	parts[2] = (struct part){ "LLC", "LLCs", "", &seen->llcs, asked->llcs, true };
	parts[3] = (struct part){ "core", "cores", "", &seen->cores, cores, true };
	parts[4] =
		(struct part){ "thread", "threads", " each", &seen->threads, asked->threads, true };
}

static void put_part(const struct part *part, struct kt_opt_u64 number, struct kt_buf *out)
{
	if (number.known)
		kt_buf_printf(out, "%" PRIu64, number.value);
	else
		kt_buf_putc(out, '?');
	kt_buf_printf(out, " %s%s", number.known && number.value == 1 ? part->one : part->many,
		      part->behind);
}

/* "; 1 LLC instead of 2" */
static void put_difference(const struct part *part, struct kt_buf *out)
{
	kt_buf_puts(out, out->len ? "; " : "the guest has ");
	if (!part->seen->known) {
		kt_buf_printf(out, "an unknown number of %s%s, of which %" PRIu64, part->many,
			      part->behind, part->asked);
		kt_buf_puts(out, part->asked == 1 ? " was asked for" : " were asked for");
		return;
	}
	put_part(part, *part->seen, out);
	kt_buf_printf(out, " instead of %" PRIu64, part->asked);
}

void kt_topology_compare(const struct kt_topology *asked, const struct kt_topology_seen *seen,
			 bool is_cpu_of_host, struct kt_buf *wrong, struct kt_buf *remark)
{
	struct part parts[PART_COUNT];

	list_parts(asked, seen, parts);
	for (size_t i = 0; i < PART_COUNT; i++) {
		const struct part *part = &parts[i];
		bool is_harmless = (!part->seen->known && part->asked == 1) ||
				   (part->is_of_host && is_cpu_of_host);

		if (!part->seen->known || part->seen->value != part->asked)
			put_difference(part, is_harmless ? remark : wrong);
	}
}

void kt_topology_seen_put(const struct kt_topology_seen *seen, struct kt_buf *out)
{
	const struct kt_topology nothing = { 0 };
	struct part parts[PART_COUNT];

	list_parts(&nothing, seen, parts);
	for (size_t i = 0; i < PART_COUNT; i++) {
		kt_buf_puts(out, i ? ", " : "");
		put_part(&parts[i], *parts[i].seen, out);
	}
}
