/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Whose thread pointer is it?  Threads that were made by clone(2) alone, and the kernel's
 * io_uring workers, have that of the thread that made them: their counters are not theirs.
 *
 * Of several live threads with the same pointer, the one with a robust list owns it, else the
 * oldest.  A thread that is alone with its pointer, but has no robust list, is asked
 * for in its struct pthread (robust.h), as the maker may have ended.
 */
#ifndef KT_PROBE_READ_BPF_OWNERS_H
#define KT_PROBE_READ_BPF_OWNERS_H

#include "probe/read/bpf_load.h"

struct kt_bpf_owners {
	bool *is_owner; /* by slot */
	size_t cap;
	uint32_t *table;  /* hash of thread pointers: slot + 1, or 0 */
	size_t table_cap; /* a power of two */
};

/**
 * Judges the first @count slots, and marks the owners of shared pointers as forced, so that
 * their counters are copied in each pass.
 * Errors: no memory.
 */
struct kt_error *kt_bpf_owners_find(struct kt_bpf_owners *owners,
				    const struct kt_bpf_kernel *kernel, size_t count, pid_t pid,
				    bool is_same_pid_ns) KT_MUST_CHECK;

/** Frees the tables. */
void kt_bpf_owners_deinit(struct kt_bpf_owners *owners);

/** Whether the thread has begun to end, so that its memory may serve another one. */
bool kt_bpf_record_is_ending(const struct kt_bpf_record *record);

#endif
