/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Where our own programs and files are.  A build tree works without being installed, an
 * installed tree may be moved: what lies beside this program comes first, then what
 * lies where `make install` puts it relative to this program, then the configured place.
 */
#ifndef KT_TOP_LOCATE_H
#define KT_TOP_LOCATE_H

#include "base/error.h"

/* Our own workers, by the names that scenarios know them by. */
#define KT_WORKER      "ktstr-jemalloc-alloc-worker"
#define KT_WORKER_DSO  KT_WORKER "-dso"
#define KT_WORKER_LIBC KT_WORKER "-libc"

struct kt_tools {
	char *init;	    /* ktstr-init, PID 1 of the guests */
	char *probe;	    /* ktstr-jemalloc-probe; $KTSTR_JEMALLOC_PROBE_BINARY wins */
	char *worker;	    /* ..-alloc-worker; $KTSTR_JEMALLOC_ALLOC_WORKER_BINARY wins */
	char *scenario_dir; /* the built-in scenarios; $KTSTR_SCENARIO_DIR wins */
};

/**
 * Finds the directory of built-in scenarios.
 * Errors: environment (not there), no memory.  Owner: the caller frees @ret->scenario_dir.
 */
struct kt_error *kt_tools_find_scenarios(struct kt_tools *ret) KT_MUST_CHECK;

/**
 * Finds the probe alone.
 * Errors: environment (not there), no memory.  Owner: the caller frees @ret->probe.
 */
struct kt_error *kt_tools_find_probe(struct kt_tools *ret) KT_MUST_CHECK;

/**
 * Finds the programs that go into a guest.
 * Errors: environment (one is missing; the text says which), no memory.
 * Owner: the caller calls kt_tools_deinit().
 */
struct kt_error *kt_tools_find_programs(struct kt_tools *ret) KT_MUST_CHECK;

/**
 * Finds the variant @name of the worker: KT_WORKER_DSO or KT_WORKER_LIBC.
 * Errors: environment (not there; the text says what to do), no memory.
 * Owner: the caller frees @ret_path.
 */
struct kt_error *kt_tools_find_variant(const char *name, char **ret_path) KT_MUST_CHECK;

/** Frees the paths. */
void kt_tools_deinit(struct kt_tools *tools);

#endif
