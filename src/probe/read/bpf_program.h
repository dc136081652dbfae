/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The program that runs in the kernel, once for each task: it writes a record per thread of the
 * target.
 *
 * Records are slots of an array in the order of the walk, and live from one pass to the next.
 * User memory is expensive to copy, so the counters of a thread that cannot have changed
 * them are left as they are.  The argument that such a value is never stale:
 *
 *   Only the thread itself writes its counters, and it does so on a processor.  At the
 *   moment A the program sees on_cpu == 0; after A it reads the numbers of the thread's switches
 *   (nvcsw, nivcsw), and they are those that it read before it last copied the counters.  Had the
 *   thread run in between, it would have left the processor before A, and the kernel counts
 *   each leaving before it clears on_cpu (__schedule(), then finish_task() with
 *   release semantics), so one of the numbers would differ.  The value is therefore the one at A.
 *   The order of the reads is what the argument needs; x86_64 keeps the order of loads.
 *
 * Run times would not do: with time stolen by a hypervisor the kernel may account nothing for a run
 * (update_rq_clock_task()).  Others who write a thread's counters are met so: a thread that
 * waits uninterruptibly is always copied (in vfork() its child runs on its memory), and so is one
 * whose thread pointer another thread has too (is_forced, set by user space).
 *
 * A copy is the thread's own as long as the kernel has not cleared its tid word, which the thread
 * does after it got PF_EXITING; the flags are read after the copy.
 */
#ifndef KT_PROBE_READ_BPF_PROGRAM_H
#define KT_PROBE_READ_BPF_PROGRAM_H

#include <linux/bpf.h>

#include "probe/memory/tls_place.h"
#include "probe/read/bpf_task.h"
#include "probe/read/sweep.h"

enum {
	KT_BPF_CODE_MAX = 320,
	KT_BPF_MODULES_MAX = 1 << 20, /* no process has more objects with thread data */
};

enum kt_bpf_status {
	KT_BPF_EMPTY, /* never written */
	KT_BPF_COPIED,
	KT_BPF_NO_BLOCK,
	/* From here on it is tried again in each pass. */
	KT_BPF_COPY_FAILED,
	KT_BPF_VECTOR_UNREADABLE,
	KT_BPF_ADDRESS_OVERFLOW,
};

/* What the passes and the program tell each other: the value of a map of its own. */
struct kt_bpf_header {
	uint64_t count;	  /* threads that were met, also those without a slot */
	uint64_t changes; /* slots that belong to another thread than before */
	uint32_t pass;	  /* number of this pass, not 0 */
	uint32_t is_tail; /* the last thread that was met was the last of its group */
};

/* One slot; the bytes of the counters and of the thread's cache follow it. */
struct kt_bpf_record {
	uint64_t tp;
	uint64_t start_ns; /* since the boot */
	uint64_t voluntary;
	uint64_t involuntary;
	uint64_t address; /* of the counters (DTV only) */
	uint64_t robust_list;
	uint32_t tid;
	uint32_t status; /* enum kt_bpf_status */
	uint32_t pass;	 /* in which the counters were copied, or it was tried */
	uint32_t is_forced;
	uint32_t flags;
	uint32_t state;
	uint32_t exit_state;
	uint32_t cpu;
	char comm[KT_COMM_BYTES];
	uint64_t run_ns;
	uint64_t run_delay_ns;
	uint64_t utime_ns;
	uint64_t stime_ns;
	uint64_t prev_utime_ns;
	uint64_t prev_stime_ns;
	uint64_t shown_utime_ns; /* user space's; cleared for a new thread */
	uint64_t shown_stime_ns;
	uint32_t vtime_state;
	uint32_t has_cache; /* not 0: the cache was copied with the counters */
	char counters[];
};

struct kt_bpf_program {
	const struct kt_bpf_task *task;
	const struct kt_tls_place *place; /* module at most KT_BPF_MODULES_MAX */
	pid_t pid;
	uint32_t extras;	 /* bits of enum kt_extra */
	uint32_t cache_bytes;	 /* of the thread's cache; 0: it is not wanted, or unknown */
	uint64_t cache_distance; /* from the counters' address up to it, modulo 2^64 */
	int header_fd;		 /* maps */
	int records_fd;
};

/** Where the cache's bytes are in a slot. */
size_t kt_bpf_cache_offset(const struct kt_tls_place *place);

/** Size of a slot with a cache of @cache_bytes, in bytes. */
size_t kt_bpf_record_bytes(const struct kt_tls_place *place, uint32_t cache_bytes);

/** Whether the program can tell is_tail, so that a walk of the group alone can be trusted. */
bool kt_bpf_knows_tail(const struct kt_bpf_task *task);

/** Writes the instructions and returns how many they are. */
size_t kt_bpf_program_make(const struct kt_bpf_program *program,
			   struct bpf_insn code[static KT_BPF_CODE_MAX]);

#endif
