/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/tcache.h"

#include <string.h>

uint32_t kt_tcache_span_bytes(const struct kt_internals *internals)
{
	if (!internals || !internals->has_tcache || !internals->bin_count ||
	    internals->bin_count > KT_TCACHE_BINS_MAX ||
	    internals->bin_stride_bytes > KT_TCACHE_BYTES_MAX / internals->bin_count)
		return 0;
	if ((uint64_t)internals->stack_head_offset + sizeof(uint64_t) >
		    internals->bin_stride_bytes ||
	    (uint64_t)internals->low_bits_empty_offset + sizeof(uint16_t) >
		    internals->bin_stride_bytes)
		return 0;
	return internals->bin_count * internals->bin_stride_bytes;
}

uint64_t kt_tcache_address(const struct kt_read_config *config, uint64_t counter_address)
{
	return counter_address - config->allocated_offset + config->internals->bins_offset;
}

bool kt_tcache_count(const struct kt_internals *internals, const char *bins, uint64_t *ret_bytes)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < internals->bin_count; i++) {
		const char *bin = bins + (size_t)i * internals->bin_stride_bytes;
		uint64_t head;
		uint16_t empty;
		memcpy(&head, bin + internals->stack_head_offset, sizeof(head));
		memcpy(&empty, bin + internals->low_bits_empty_offset, sizeof(empty));
		uint16_t used = (uint16_t)(empty - (uint16_t)head);
		/* A bin that was never set up is all zeros; a stack holds whole pointers. */
		if (used % sizeof(void *) || (!head && empty) || head % sizeof(void *))
			return false;
		/* At most 2^13 objects of less than 2^32 bytes in each of 2^7 bins. */
		sum += used / sizeof(void *) * (uint64_t)internals->size_class_bytes[i];
	}
	*ret_bytes = sum;
	return true;
}

void kt_tcache_read(const struct kt_read_config *config, uint64_t counter_address,
		    struct kt_extras *extras)
{
	struct kt_memory memory = kt_memory_of_process(config->pid);
	uint32_t bytes = kt_tcache_span_bytes(config->internals);
	char bins[KT_TCACHE_BYTES_MAX];

	if (!bytes ||
	    !kt_memory_read(&memory, kt_tcache_address(config, counter_address), bins, bytes))
		return;
	if (kt_tcache_count(config->internals, bins, &extras->tcache_bytes))
		extras->known |= KT_EXTRA_TCACHE;
}
