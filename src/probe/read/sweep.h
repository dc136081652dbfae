/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * One pass over the threads of a process: what was read of each of them.
 *
 * A thread that cannot be read is a row with a reason, not an error, and making a row
 * allocates nothing: texts are made from the numbers when a report is written.
 */
#ifndef KT_PROBE_READ_SWEEP_H
#define KT_PROBE_READ_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

enum {
	KT_COMM_BYTES = 16 /* TASK_COMM_LEN of the kernel, its NUL included */
};

enum kt_row_state {
	KT_ROW_PENDING, /* not judged yet */
	KT_ROW_OK,
	KT_ROW_FAILED,
	KT_ROW_SKIPPED, /* left out on purpose, with a reason */
};

/* The step that failed; the tokens of contract section 2.3, and one of our own. */
enum kt_row_error {
	KT_ROW_PTRACE_SEIZE,
	KT_ROW_PTRACE_INTERRUPT,
	KT_ROW_WAITPID,
	KT_ROW_GET_REGSET,
	KT_ROW_PROCESS_VM_READV,
	KT_ROW_TLS_ARITHMETIC,
	KT_ROW_BPF_COPY, /* the BPF engine's program copied no counters */
};

/* What the text adds to the step. */
enum kt_row_cause {
	KT_CAUSE_ERRNO,	      /* os_errno says it */
	KT_CAUSE_ENDED,	      /* the thread ended while it was read */
	KT_CAUSE_SHORT,	      /* part of the counters lies in unmapped memory */
	KT_CAUSE_TIMEOUT,     /* the thread did not stop in time */
	KT_CAUSE_STATUS,      /* an unexpected wait status, in detail */
	KT_CAUSE_INTERRUPTED, /* a signal or the deadline ended the wait */
	KT_CAUSE_ARITHMETIC,  /* arithmetic_text says it */
	KT_CAUSE_SHARED_TP,   /* shares the thread pointer of another thread (skipped) */
	KT_CAUSE_NEWBORN,     /* has not begun to run: nothing of it is known (skipped) */
	KT_CAUSE_NO_BLOCK,    /* never used the allocator: it has no thread data (skipped) */
};

/* Per-thread extras, as bits: what is asked for, and what is known of a thread. */
enum kt_extra {
	KT_EXTRA_SCHED = 1 << 0,  /* run_ns, run_delay_ns, switches */
	KT_EXTRA_CPU = 1 << 1,	  /* state, cpu, utime_ns, stime_ns */
	KT_EXTRA_TCACHE = 1 << 2, /* tcache_bytes */
};

struct kt_extras {
	uint32_t known; /* bits of enum kt_extra */
	char state;	/* letter of proc(5): R, S, D, T, t, Z, X, I */
	int32_t cpu;	/* that the thread runs on, or ran on last */
	uint64_t utime_ns;
	uint64_t stime_ns;
	uint64_t run_ns;       /* on a CPU */
	uint64_t run_delay_ns; /* ready, but not on a CPU */
	uint64_t voluntary_switches;
	uint64_t involuntary_switches;
	uint64_t tcache_bytes; /* parked in the thread's cache */
};

struct kt_row {
	pid_t tid;
	uint8_t state; /* enum kt_row_state */
	uint8_t error; /* enum kt_row_error, when failed */
	uint8_t cause; /* enum kt_row_cause, when failed or skipped */
	bool has_start_time;
	char comm[KT_COMM_BYTES]; /* "" for unknown */
	uint64_t start_time_jiffies;
	union {
		uint64_t allocated_bytes;
		uint64_t address;	     /* where the read was tried, when failed */
		const char *arithmetic_text; /* static text */
	};
	union {
		uint64_t deallocated_bytes;
		struct {
			int os_errno;
			int detail;
		};
	};
};

struct kt_sweep {
	struct kt_row *rows; /* ascending by tid */
	/* One per row, at the row's place; NULL unless extras were asked for. */
	struct kt_extras *extras;
	size_t count;
	size_t cap;
	uint64_t read_calls;	  /* of process_vm_readv */
	uint64_t stop_count;	  /* threads that were stopped by ptrace */
	uint64_t longest_stop_ns; /* upper bound: from the interrupt to the release */
	bool is_interrupted;	  /* the stop flag ended the pass early */
	bool is_target_gone;	  /* the process had no memory any more */
};

/**
 * Appends a pending row for @tid, and its extras, of which nothing is known, if the sweep has any.
 * False when memory is out.
 */
bool kt_sweep_add(struct kt_sweep *sweep, pid_t tid);

/** Gives every row extras, those that are there and those to come.  False when memory is out. */
bool kt_sweep_want_extras(struct kt_sweep *sweep);

/** Sorts the rows by tid, with their extras, if they are not sorted. */
void kt_sweep_sort(struct kt_sweep *sweep);

/** Drops the rows from @count on, and those that are still pending. */
void kt_sweep_trim(struct kt_sweep *sweep, size_t count);

/** Makes the sweep as new, but keeps its memory: an endless stream needs no more of it. */
void kt_sweep_reset(struct kt_sweep *sweep);

/** How many rows have counters. */
size_t kt_sweep_ok_count(const struct kt_sweep *sweep);

/** Frees the rows. */
void kt_sweep_deinit(struct kt_sweep *sweep);

/** Marks a row as failed at @error with @os_errno. */
void kt_row_fail_errno(struct kt_row *row, enum kt_row_error error, int os_errno, uint64_t address);

/** Marks a row as failed at @error for @cause. */
void kt_row_fail(struct kt_row *row, enum kt_row_error error, enum kt_row_cause cause,
		 uint64_t address);

/** The token of a step, in schema 2 spelling ("ptrace_seize"). */
const char *kt_row_error_token(enum kt_row_error error);

/** Appends the sentence for a failed row. */
void kt_row_describe(const struct kt_row *row, struct kt_buf *out);

/** The token for why a row was skipped. */
const char *kt_row_skip_token(const struct kt_row *row);

#endif
