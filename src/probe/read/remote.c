/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/remote.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

enum {
	SPAN_MAX_BYTES = 512 /* the resolver accepts no more */
};

void kt_remote_take(struct kt_row *row, const char *span, uint32_t span_bytes)
{
	row->state = KT_ROW_OK;
	memcpy(&row->allocated_bytes, span, sizeof(row->allocated_bytes));
	memcpy(&row->deallocated_bytes, span + span_bytes - sizeof(row->deallocated_bytes),
	       sizeof(row->deallocated_bytes));
}

bool kt_remote_address(const struct kt_place *place, uint64_t tp, struct kt_row *row, uint64_t *ret)
{
	const char *why = place->address(place->ctx, tp, ret);

	if (!why)
		return true;
	kt_row_fail(row, KT_ROW_TLS_ARITHMETIC, KT_CAUSE_ARITHMETIC, 0);
	row->arithmetic_text = why;
	return false;
}

void kt_remote_read(const struct kt_read_config *config, uint64_t tp, struct kt_row *row)
{
	char span[SPAN_MAX_BYTES];
	uint64_t address;

	if (!kt_remote_address(&config->place, tp, row, &address))
		return;
	struct iovec local = { span, config->place.span_bytes };
	struct iovec remote = { (void *)(uintptr_t)address, config->place.span_bytes };
	ssize_t got = process_vm_readv(config->pid, &local, 1, &remote, 1, 0);
	if (got < 0)
		kt_row_fail_errno(row, KT_ROW_PROCESS_VM_READV, errno, address);
	else if (got != (ssize_t)local.iov_len)
		kt_row_fail(row, KT_ROW_PROCESS_VM_READV, KT_CAUSE_SHORT, address);
	else
		kt_remote_take(row, span, config->place.span_bytes);
}
