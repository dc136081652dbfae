/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/sweep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PERMISSION_REMEDIES                                                                        \
	"; remedies: run the probe as root; give it the capability cap_sys_ptrace; run it as the " \
	"target's user; set kernel.yama.ptrace_scope to 0"

#if defined(__aarch64__)
#define REGSET_NAME "NT_ARM_TLS"
#else
#define REGSET_NAME "NT_PRSTATUS"
#endif

enum {
	FIRST_ROWS = 64
};

static bool resize(struct kt_sweep *sweep, size_t cap, bool has_extras)
{
	struct kt_row *rows = reallocarray(sweep->rows, cap, sizeof(*rows));
	if (!rows)
		return false;
	sweep->rows = rows;
	if (has_extras) {
		struct kt_extras *extras = reallocarray(sweep->extras, cap, sizeof(*extras));
		if (!extras)
			return false;
		sweep->extras = extras;
	}
	sweep->cap = cap;
	return true;
}

bool kt_sweep_add(struct kt_sweep *sweep, pid_t tid)
{
	if (sweep->count == sweep->cap &&
	    !resize(sweep, sweep->cap ? sweep->cap * 2 : FIRST_ROWS, sweep->extras != NULL))
		return false;
	if (sweep->extras)
		sweep->extras[sweep->count] = (struct kt_extras){ 0 };
	sweep->rows[sweep->count++] = (struct kt_row){ .tid = tid };
	return true;
}

bool kt_sweep_want_extras(struct kt_sweep *sweep)
{
	if (sweep->extras)
		return true;
	if (!resize(sweep, sweep->cap ? sweep->cap : FIRST_ROWS, true))
		return false;
	memset(sweep->extras, 0, sweep->count * sizeof(*sweep->extras));
	return true;
}

static void swap_rows(struct kt_sweep *sweep, size_t a, size_t b)
{
	struct kt_row row = sweep->rows[a];

	sweep->rows[a] = sweep->rows[b];
	sweep->rows[b] = row;
	if (!sweep->extras)
		return;
	struct kt_extras extras = sweep->extras[a];
	sweep->extras[a] = sweep->extras[b];
	sweep->extras[b] = extras;
}

/* Lets the row at @at sink to its place in the heap of the first @count rows. */
static void sink(struct kt_sweep *sweep, size_t at, size_t count)
{
	for (size_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
		if (child + 1 < count && sweep->rows[child].tid < sweep->rows[child + 1].tid)
			child++;
		if (sweep->rows[child].tid <= sweep->rows[at].tid)
			return;
		swap_rows(sweep, at, child);
		at = child;
	}
}

static bool is_sorted(const struct kt_sweep *sweep)
{
	for (size_t i = 1; i < sweep->count; i++)
		if (sweep->rows[i].tid < sweep->rows[i - 1].tid)
			return false;
	return true;
}

/* A heap sort: two arrays in step, and no memory. */
void kt_sweep_sort(struct kt_sweep *sweep)
{
	if (is_sorted(sweep))
		return;
	for (size_t at = sweep->count / 2; at--;)
		sink(sweep, at, sweep->count);
	for (size_t count = sweep->count; --count;) {
		swap_rows(sweep, 0, count);
		sink(sweep, 0, count);
	}
}

void kt_sweep_trim(struct kt_sweep *sweep, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < sweep->count && i < count; i++) {
		if (sweep->rows[i].state == KT_ROW_PENDING)
			continue;
		if (kept < i) {
			sweep->rows[kept] = sweep->rows[i];
			if (sweep->extras)
				sweep->extras[kept] = sweep->extras[i];
		}
		kept++;
	}
	sweep->count = kept;
}

void kt_sweep_reset(struct kt_sweep *sweep)
{
	*sweep = (struct kt_sweep){
		.rows = sweep->rows,
		.extras = sweep->extras,
		.cap = sweep->cap,
	};
}

size_t kt_sweep_ok_count(const struct kt_sweep *sweep)
{
	size_t ok = 0;

	for (size_t i = 0; i < sweep->count; i++)
		ok += sweep->rows[i].state == KT_ROW_OK;
	return ok;
}

void kt_sweep_deinit(struct kt_sweep *sweep)
{
	free(sweep->rows);
	free(sweep->extras);
	*sweep = (struct kt_sweep){ 0 };
}

void kt_row_fail(struct kt_row *row, enum kt_row_error error, enum kt_row_cause cause,
		 uint64_t address)
{
	row->state = KT_ROW_FAILED;
	row->error = (uint8_t)error;
	row->cause = (uint8_t)cause;
	row->address = address;
	row->os_errno = 0;
	row->detail = 0;
}

void kt_row_fail_errno(struct kt_row *row, enum kt_row_error error, int os_errno, uint64_t address)
{
	kt_row_fail(row, error, KT_CAUSE_ERRNO, address);
	row->os_errno = os_errno;
}

const char *kt_row_error_token(enum kt_row_error error)
{
	static const char *const tokens[] = {
		[KT_ROW_PTRACE_SEIZE] = "ptrace_seize",
		[KT_ROW_PTRACE_INTERRUPT] = "ptrace_interrupt",
		[KT_ROW_WAITPID] = "waitpid",
		[KT_ROW_GET_REGSET] = "get_regset",
		[KT_ROW_PROCESS_VM_READV] = "process_vm_readv",
		[KT_ROW_TLS_ARITHMETIC] = "tls_arithmetic",
		[KT_ROW_BPF_COPY] = "bpf_copy",
	};

	return tokens[error];
}

const char *kt_row_skip_token(const struct kt_row *row)
{
	switch ((enum kt_row_cause)row->cause) {
	case KT_CAUSE_SHARED_TP:
		return "shared-thread-pointer";
	case KT_CAUSE_NEWBORN:
		return "newborn";
	default:
		return "no-thread-data";
	}
}

static void describe_step(const struct kt_row *row, struct kt_buf *out)
{
	switch ((enum kt_row_error)row->error) {
	case KT_ROW_PTRACE_SEIZE:
		kt_buf_printf(out, "PTRACE_SEIZE of thread %d", row->tid);
		break;
	case KT_ROW_PTRACE_INTERRUPT:
		kt_buf_printf(out, "PTRACE_INTERRUPT of thread %d", row->tid);
		break;
	case KT_ROW_WAITPID:
		kt_buf_printf(out, "waitpid for thread %d", row->tid);
		break;
	case KT_ROW_GET_REGSET:
		kt_buf_printf(out, "PTRACE_GETREGSET " REGSET_NAME " of thread %d", row->tid);
		break;
	case KT_ROW_PROCESS_VM_READV:
		kt_buf_printf(out, "process_vm_readv of thread %d at 0x%" PRIx64, row->tid,
			      row->address);
		break;
	case KT_ROW_TLS_ARITHMETIC:
		kt_buf_printf(out, "counter address of thread %d", row->tid);
		break;
	case KT_ROW_BPF_COPY:
		kt_buf_printf(out, "bpf_copy_from_user_task of thread %d at 0x%" PRIx64, row->tid,
			      row->address);
		break;
	}
}

void kt_row_describe(const struct kt_row *row, struct kt_buf *out)
{
	char text[128];

	describe_step(row, out);
	kt_buf_puts(out, ": ");
	switch ((enum kt_row_cause)row->cause) {
	case KT_CAUSE_ERRNO:
		kt_buf_puts(out, strerror_r(row->os_errno, text, sizeof(text)));
		if (row->os_errno == EPERM)
			kt_buf_puts(out, PERMISSION_REMEDIES);
		break;
	case KT_CAUSE_ENDED:
		kt_buf_puts(out, "the thread ended while it was read");
		break;
	case KT_CAUSE_SHORT:
		kt_buf_puts(out, "only a part of the counters could be read");
		break;
	case KT_CAUSE_TIMEOUT:
		kt_buf_puts(out, "it did not stop in time");
		break;
	case KT_CAUSE_STATUS:
		kt_buf_printf(out, "unexpected wait status 0x%x", (unsigned)row->detail);
		break;
	case KT_CAUSE_INTERRUPTED:
		kt_buf_puts(out, "interrupted by a signal or the deadline");
		break;
	case KT_CAUSE_ARITHMETIC:
		kt_buf_puts(out, row->arithmetic_text);
		break;
	case KT_CAUSE_SHARED_TP:
		kt_buf_puts(out, "it shares the thread pointer of another thread");
		break;
	case KT_CAUSE_NEWBORN:
		kt_buf_puts(out, "it has not begun to run");
		break;
	case KT_CAUSE_NO_BLOCK:
		kt_buf_puts(out, "it never used the allocator");
		break;
	}
}
