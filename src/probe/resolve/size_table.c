/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/size_table.h"

const struct kt_size_row kt_size_table[] = {
#include "probe/resolve/size_table.inc"
	{ 0 }
};

uint32_t kt_size_table_smallest(void)
{
	uint32_t smallest = UINT32_MAX;

	for (const struct kt_size_row *row = kt_size_table; row->version; row++)
		if (row->size_bytes < smallest)
			smallest = row->size_bytes;
	return smallest;
}

const struct kt_size_row *kt_size_table_find(uint64_t size_bytes)
{
	for (const struct kt_size_row *row = kt_size_table; row->version; row++)
		if (row->size_bytes == size_bytes)
			return row;
	return NULL;
}
