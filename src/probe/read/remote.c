/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/remote.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "probe/read/tcache.h"

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

bool kt_remote_address(const struct kt_read_config *config, uint64_t tp, struct kt_row *row,
		       uint64_t *ret)
{
	struct kt_memory memory = kt_memory_of_process(config->pid);
	enum kt_tls_lookup lookup = kt_tls_place_address(&config->place, &memory, tp, ret);

	if (lookup == KT_TLS_FOUND)
		return true;
	if (lookup == KT_TLS_NO_BLOCK) {
		row->state = KT_ROW_SKIPPED;
		row->cause = KT_CAUSE_NO_BLOCK;
		return false;
	}
	kt_row_fail(row, KT_ROW_TLS_ARITHMETIC, KT_CAUSE_ARITHMETIC, 0);
	row->arithmetic_text = kt_tls_lookup_text(lookup);
	return false;
}

void kt_remote_read(const struct kt_read_config *config, uint64_t tp, struct kt_row *row,
		    struct kt_extras *extras)
{
	char span[SPAN_MAX_BYTES];
	uint64_t address;

	if (!kt_remote_address(config, tp, row, &address))
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
	if (row->state == KT_ROW_OK && extras && config->extras & KT_EXTRA_TCACHE)
		kt_tcache_read(config, address, extras);
}
