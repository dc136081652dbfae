/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The BPF engine's kernel side, loaded by bpf(2) itself: two maps, the program, and the links that
 * say which tasks it is run for.  Nothing is pinned: all of it ends with its descriptors.
 */
#ifndef KT_PROBE_READ_BPF_LOAD_H
#define KT_PROBE_READ_BPF_LOAD_H

#include "probe/read/bpf_program.h"

struct kt_bpf_request {
	const struct kt_bpf_task *task;	  /* borrowed */
	const struct kt_tls_place *place; /* borrowed; module at most KT_BPF_MODULES_MAX */
	pid_t pid;
	uint32_t extras;	 /* bits of enum kt_extra */
	uint32_t cache_bytes;	 /* see struct kt_bpf_program */
	uint64_t cache_distance; /* */
	size_t capacity;	 /* slots */
};

struct kt_bpf_kernel {
	int header_fd;
	int records_fd;
	int program_fd;
	int group_link_fd; /* walks the target's threads only; -1: not before Linux 6.1 */
	int all_link_fd;   /* walks all tasks, in the order of their numbers */
	struct kt_bpf_header *header;
	char *records;
	size_t record_bytes;
	size_t capacity;
};

/* Nothing is loaded. */
#define KT_BPF_KERNEL_NONE                            \
	((struct kt_bpf_kernel){ .header_fd = -1,     \
				 .records_fd = -1,    \
				 .program_fd = -1,    \
				 .group_link_fd = -1, \
				 .all_link_fd = -1 })

/**
 * Looks whether this process has the capabilities, which costs nothing beside an attempt.
 * Errors: probe (the text names what is missing).
 */
struct kt_error *kt_bpf_may_load(void) KT_MUST_CHECK;

/**
 * Loads all.
 * Errors: probe (the kernel does not allow it, or cannot do it: the text says what is
 * missing).  Owner: the caller calls kt_bpf_unload().
 */
struct kt_error *kt_bpf_load(const struct kt_bpf_request *request,
			     struct kt_bpf_kernel *ret) KT_MUST_CHECK;

/** Lets go of everything; @kernel is KT_BPF_KERNEL_NONE then. */
void kt_bpf_unload(struct kt_bpf_kernel *kernel);

/**
 * Runs the program once for each task that @link_fd walks; header and records are new then.
 * Errors: probe.
 */
struct kt_error *kt_bpf_walk(struct kt_bpf_kernel *kernel, int link_fd) KT_MUST_CHECK;

/** The record in @slot, below @kernel->capacity.  Owner: borrowed from @kernel. */
struct kt_bpf_record *kt_bpf_record_at(const struct kt_bpf_kernel *kernel, size_t slot);

#endif
