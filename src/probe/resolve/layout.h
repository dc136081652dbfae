/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Where jemalloc's per-thread counters of a process are: the answer of the resolver.
 *
 * The object is chosen by what it contains, not by its name: the executable, or a shared object
 * that was linked, preloaded or opened later.  What is believed, and why, is in evidence.h;
 * nothing is answered on the word of one source alone.
 */
#ifndef KT_PROBE_RESOLVE_LAYOUT_H
#define KT_PROBE_RESOLVE_LAYOUT_H

#include <stdint.h>

#include "base/error.h"
#include "probe/memory/internals.h"
#include "probe/memory/tls_place.h"
#include "probe/resolve/evidence.h"
#include "probe/resolve/gate.h"

/* How resolving failed; each has a fatal kind of its own. */
enum kt_resolve_failure {
	KT_RESOLVE_EXE_UNREADABLE,
	KT_RESOLVE_NOT_FOUND,	   /* no object of the process is a jemalloc */
	KT_RESOLVE_AMBIGUOUS,	   /* several are, and more than one is in use */
	KT_RESOLVE_MACHINE,	   /* another architecture, or 32 bits */
	KT_RESOLVE_UNPROVEN,	   /* sources are missing, or contradict each other or the gate */
	KT_RESOLVE_NOT_MAINTAINED, /* a jemalloc that does not count (<= 5.2 without stats) */
	KT_RESOLVE_MAPS,
};

/* How the layout cache was used. */
enum kt_cache_use {
	KT_CACHE_OFF,
	KT_CACHE_MISS,
	KT_CACHE_HIT,
	KT_CACHE_GIVEN, /* the entry came from --layout */
};

struct kt_layout {
	char *object;		  /* path of the object, as the target names it */
	char *build_id;		  /* lower-case hex, or NULL */
	char *debug_file;	  /* path of the debug file used, or NULL */
	const char *symbol;	  /* name of the TLS symbol, or NULL */
	const char *symbol_table; /* ".symtab", ".dynsym", "debug-file", or NULL */
	const char *tls_found_by; /* "static", "tpoff64", "dtpmod64", "tlsdesc" */
	struct kt_tsd_facts facts;
	struct kt_gate_answer gate;
	enum kt_cache_use cache;
	struct kt_internals internals;
	uint64_t bias; /* of the object: what is added to its file's addresses */
	struct kt_tls_place place;
};

struct kt_layout_entry;

enum {
	KT_RESOLVE_SAMPLE_FIRST = 16, /* threads that the gate is judged by ... */
	KT_RESOLVE_SAMPLE_MAX = 64    /* ... and when these do not suffice */
};

struct kt_resolve_request {
	int proc_fd;	      /* /proc/PID; borrowed */
	const char *exe_path; /* borrowed */
	struct kt_memory memory;
	/*
	 * Gives the thread pointers of up to @max threads, for the gate, and returns how many.  Asked
	 * only when there is something to judge.
	 */
	size_t (*sample)(void *ctx, uint64_t *ret, size_t max);
	void *sample_ctx;
	const char *object;		     /* NULL, or the end of the path of the one to take */
	const struct kt_layout_entry *entry; /* NULL, or what --layout gave; borrowed */
	bool use_cache;
	bool want_internals;
};

/**
 * Resolves a process.
 * Errors: probe (@ret_failure says which kind), io, no memory.
 * Owner: the caller calls kt_layout_deinit().
 */
struct kt_error *kt_layout_resolve(const struct kt_resolve_request *request, struct kt_layout *ret,
				   enum kt_resolve_failure *ret_failure) KT_MUST_CHECK;

/**
 * Finds out what the file at @path tells by itself, without a process: for --layout.
 * Errors: probe (@ret_failure), io, no memory.
 */
struct kt_error *kt_layout_resolve_file(const char *path, struct kt_layout_entry *ret,
					enum kt_resolve_failure *ret_failure) KT_MUST_CHECK;

/** Frees the texts. */
void kt_layout_deinit(struct kt_layout *layout);

#endif
