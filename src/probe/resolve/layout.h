/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Where jemalloc's per-thread counters of a process are: the answer of the resolver.
 *
 * The main executable is asked first, through /proc/PID/exe, so that a deleted file or
 * another mount namespace makes no difference.  What the executable lacks (symbol, debug
 * information) may be in its debug file.  Other objects are looked at only to say why the
 * answer is no.  A later resolver adds a rule for objects other than the executable.
 */
#ifndef KT_PROBE_RESOLVE_LAYOUT_H
#define KT_PROBE_RESOLVE_LAYOUT_H

#include <stdint.h>

#include "base/error.h"
#include "probe/resolve/tls.h"

/* How resolving failed; each has a fatal kind of its own. */
enum kt_resolve_failure {
	KT_RESOLVE_EXE_UNREADABLE,
	KT_RESOLVE_NOT_FOUND,
	KT_RESOLVE_IN_DSO,
	KT_RESOLVE_MACHINE,
	KT_RESOLVE_DWARF,
	KT_RESOLVE_MAPS,
};

struct kt_layout {
	char *object;		   /* path of the file that holds the TLS block */
	char *debug_file;	   /* path of the debug file used, or NULL */
	const char *symbol;	   /* name of the TLS symbol */
	const char *symbol_table;  /* ".symtab", ".dynsym" or "debug-file" */
	const char *offsets_from;  /* "dwarf" or "debug-file" */
	const char *offsets_found; /* "cu-name" or "top-level" */
	unsigned machine;	   /* e_machine: selects the TLS variant */
	uint64_t tls_memsz;	   /* PT_TLS, as in the file */
	uint64_t tls_align;
	uint64_t tls_vaddr;
	uint64_t symbol_value;	     /* of the symbol within the TLS image */
	uint64_t allocated_offset;   /* of the counters within the symbol's structure */
	uint64_t deallocated_offset; /* */
};

/**
 * Resolves the process whose /proc/PID directory is open at @proc_fd and whose executable
 * is called @exe_path.
 * Errors: probe (@ret_failure says which kind), io, no memory.
 * Owner: the caller calls kt_layout_deinit().
 */
struct kt_error *kt_layout_resolve(int proc_fd, const char *exe_path, struct kt_layout *ret,
				   enum kt_resolve_failure *ret_failure) KT_MUST_CHECK;

/** Frees the texts. */
void kt_layout_deinit(struct kt_layout *layout);

/** Bytes from the first byte of the allocated counter to the last of the deallocated one. */
uint64_t kt_layout_span(const struct kt_layout *layout);

/** Address of the allocated counter for a thread pointer. */
enum kt_tls_status kt_layout_address(const struct kt_layout *layout, uint64_t tp, uint64_t *ret);

#endif
