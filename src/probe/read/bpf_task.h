/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Where the kernel's task_struct keeps what the BPF engine reads, by the running kernel's BTF.
 *
 * The structure meant is the one that the iterator's program is given (the second parameter of
 * bpf_iter_task(), kernel/bpf/task_iter.c), so that the verifier checks against the same one.
 */
#ifndef KT_PROBE_READ_BPF_TASK_H
#define KT_PROBE_READ_BPF_TASK_H

#include "probe/read/btf.h"

enum kt_task_member {
	/* Without these there is no reading. */
	KT_TASK_TP,
	KT_TASK_TID,
	KT_TASK_TGID,
	KT_TASK_FLAGS,
	KT_TASK_STATE,
	KT_TASK_START,
	KT_TASK_COMM,
	KT_TASK_VOLUNTARY,
	KT_TASK_INVOLUNTARY,
	KT_TASK_ESSENTIAL_COUNT,
	/* These may be absent. */
	KT_TASK_ON_CPU = KT_TASK_ESSENTIAL_COUNT,
	KT_TASK_ROBUST_LIST,
	KT_TASK_CPU,
	KT_TASK_EXIT_STATE,
	KT_TASK_RUN,
	KT_TASK_RUN_DELAY,
	KT_TASK_UTIME,
	KT_TASK_STIME,
	KT_TASK_PREV_UTIME,
	KT_TASK_PREV_STIME,
	KT_TASK_VTIME_STATE,
	KT_TASK_SIGNAL, /* pointer */
	KT_TASK_NEXT,	/* pointer to the next thread's link in the group's list */
	KT_TASK_MEMBER_COUNT,
};

struct kt_bpf_task {
	uint32_t attach_id;				    /* type of the function to attach to */
	struct kt_btf_member members[KT_TASK_MEMBER_COUNT]; /* size 0: absent, or out of reach */
	struct kt_btf_member thread_head; /* of the group's list, within signal_struct */
};

/**
 * Looks the members up.  @btf was opened for KT_BPF_ITERATOR.
 * Errors: probe (this kernel has no task iterator, or lacks an essential member).
 */
struct kt_error *kt_bpf_task_find(const struct kt_btf *btf, struct kt_bpf_task *ret) KT_MUST_CHECK;

/** Whether @task has the member. */
bool kt_bpf_task_has(const struct kt_bpf_task *task, enum kt_task_member member);

#define KT_BPF_ITERATOR "bpf_iter_task"

#endif
