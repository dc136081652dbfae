/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * From the records that the kernel's program wrote to rows, with the meanings of /proc.
 */
#ifndef KT_PROBE_READ_BPF_ROWS_H
#define KT_PROBE_READ_BPF_ROWS_H

#include "probe/read/bpf_program.h"
#include "probe/read/engine.h"

/* How the kernel's clocks and ours compare. */
struct kt_bpf_clock {
	int64_t boot_offset_ns; /* of our time namespace, added to times since the boot */
	uint64_t tick_ns;	/* one clock tick of /proc */
	bool is_compared;	/* a start time was compared with /proc's ... */
	bool is_trusted;	/* ... and is the same */
};

/** Reads the offset and the tick; nothing is compared yet. */
struct kt_bpf_clock kt_bpf_clock_read(void);

/** The start time in clock ticks, as field 22 of stat in proc(5) has it. */
uint64_t kt_bpf_start_ticks(const struct kt_bpf_clock *clock, const struct kt_bpf_record *record);

/** Fills the pending @row for a thread that owns its thread pointer. */
void kt_bpf_row_fill(const struct kt_read_config *config, const struct kt_bpf_record *record,
		     struct kt_row *row);

/**
 * The extras that @config asks for, as far as the kernel has them; those from the target's memory
 * only if @row is good, and none of a thread that has begun to end.
 */
void kt_bpf_extras_fill(const struct kt_read_config *config, const struct kt_bpf_task *task,
			const struct kt_bpf_clock *clock, struct kt_bpf_record *record,
			const struct kt_row *row, struct kt_extras *ret);

/** The letter of proc(5) for a task's state and exit state. */
char kt_bpf_state_letter(uint32_t state, uint32_t exit_state);

/**
 * Divides the run time of @record into user's and system's as cputime_adjust() of
 * kernel/sched/cputime.c does for /proc: in proportion to the sampled ticks, neither ever going
 * back.  What was shown last is kept in @record.
 */
void kt_bpf_divide_time(struct kt_bpf_record *record, uint64_t *ret_utime_ns,
			uint64_t *ret_stime_ns);

#endif
