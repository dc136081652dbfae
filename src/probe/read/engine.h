/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * An engine takes one sweep over the threads of a process.
 *
 * The table lets the run choose between ways of reading that give the same rows.  An
 * engine knows nothing of ELF or DWARF: it is told where the counters are for a thread
 * pointer.  It may keep what it learned of a thread from one sweep to the next, as long as
 * each sweep proves that it is still the same thread (tid word, robust list, start time).
 */
#ifndef KT_PROBE_READ_ENGINE_H
#define KT_PROBE_READ_ENGINE_H

#include <signal.h>

#include "base/error.h"
#include "probe/memory/internals.h"
#include "probe/memory/tls_place.h"
#include "probe/read/sweep.h"

struct kt_read_config {
	pid_t pid;
	int task_fd;	     /* /proc/PID/task; borrowed */
	bool is_same_pid_ns; /* the target sees the same tids as we do */
	bool is_repeated;    /* more than one sweep will be taken */
	uint32_t extras;     /* bits of enum kt_extra that are wanted */
	struct kt_tls_place place;
	uint64_t allocated_offset; /* of the counter within tsd_s: leads to its other members */
	const struct kt_internals *internals; /* NULL, or for KT_EXTRA_TCACHE; borrowed */
	const volatile sig_atomic_t *stop;    /* not zero: end the sweep early; borrowed */
};

struct kt_read_engine {
	const char *name;

	/*
	 * Prepares reading.  @config is copied.  Errors: probe (this engine cannot be used here;
	 * the text says why), no memory.  Owner: the caller hands @ret to destroy.
	 */
	struct kt_error *(*create)(const struct kt_read_config *config, void **ret);

	/*
	 * Fills @sweep, which has no rows (but may have room from the sweep before).  Errors: probe
	 * (the threads cannot be listed), no memory; everything that goes wrong with one thread, or
	 * with the target's life, is in the sweep.
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

/*
 * One pass of a BPF task iterator tells and copies everything of all threads.  Needs CAP_BPF and
 * CAP_PERFMON (or root), and the kernel's BTF.
 */
extern const struct kt_read_engine kt_bpf_engine;

/* Every thread is stopped for its own read, in windows: the last resort, on demand only. */
extern const struct kt_read_engine kt_ptrace_engine;

#endif
