/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * An engine takes one sweep over the threads of a process.
 *
 * The table lets the run choose between ways of reading that give the same rows.  An
 * engine knows nothing of ELF or DWARF: where the counters are for a given thread pointer
 * is a function it is handed.
 */
#ifndef KT_PROBE_READ_ENGINE_H
#define KT_PROBE_READ_ENGINE_H

#include <signal.h>

#include "base/error.h"
#include "probe/read/sweep.h"

/* The bytes to read of each thread. */
struct kt_place {
	/* Address of the allocated counter for a thread pointer; NULL, or a static text why not. */
	const char *(*address)(const void *ctx, uint64_t tp, uint64_t *ret);
	const void *ctx;     /* borrowed */
	uint32_t span_bytes; /* from the allocated counter to the end of the deallocated one */
};

struct kt_read_config {
	pid_t pid;
	int task_fd;	     /* /proc/PID/task; borrowed */
	bool is_same_pid_ns; /* the target sees the same tids as we do */
	struct kt_place place;
	const volatile sig_atomic_t *stop; /* not zero: end the sweep early; borrowed */
};

struct kt_read_engine {
	const char *name;

	/*
	 * Prepares reading.  @config is copied.  Errors: probe, no memory.
	 * Owner: the caller hands @ret to destroy.
	 */
	struct kt_error *(*create)(const struct kt_read_config *config, void **ret);

	/*
	 * Fills @sweep, which is empty.  Errors: probe (the threads cannot be listed), no memory;
	 * everything that goes wrong with one thread, or with the target's life, is in the sweep.
	 */
	struct kt_error *(*sweep)(void *engine, struct kt_sweep *sweep);

	/* Frees what create made; NULL is allowed. */
	void (*destroy)(void *engine);
};

/*
 * Thread pointers by get_robust_list(2), counters by batched process_vm_readv(2): nothing is
 * stopped.  Threads that registered no robust list are read by ptrace, in windows.
 */
extern const struct kt_read_engine kt_readv_engine;

#endif
