/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The counters' offsets out of jemalloc's own code, without symbols.
 *
 * jemalloc finds its control functions by name through tables of ctl_named_node_t = {bool named
 * (true), const char *name, size_t nchildren (0), const void *children (NULL), function *ctl}
 * (src/ctl.c).  The functions behind "allocatedp" and "deallocatedp" of "thread." return the
 * address of a member of tsd_s, their first argument: the first operand relative to that register
 * is the member's offset.  "allocated" and "deallocated" return its value and confirm it.
 * The linker merges tails, so "allocatedp" may exist only within "deallocatedp".
 */
#ifndef KT_PROBE_RESOLVE_CTL_TABLE_H
#define KT_PROBE_RESOLVE_CTL_TABLE_H

#include "probe/resolve/module.h"

enum kt_ctl_status {
	KT_CTL_FOUND,
	KT_CTL_NO_NAMES,  /* the object does not contain the names: it is no jemalloc */
	KT_CTL_NO_NODES,  /* names, but no table entry points at them: it only mentions them */
	KT_CTL_NO_DECODE, /* a table, but code that is not understood (debug builds) */
};

struct kt_ctl_offsets {
	uint64_t allocated; /* within tsd_s */
	uint64_t deallocated;
	bool is_confirmed; /* by the functions that return the values */
};

/**
 * Finds the offsets in the loaded object @module.  The tables are read as the dynamic
 * linker left them.  x86_64 only; elsewhere KT_CTL_NO_DECODE at best.
 * Errors: no memory.
 */
struct kt_error *kt_ctl_offsets_find(const struct kt_module *module, const struct kt_memory *memory,
				     struct kt_ctl_offsets *ret,
				     enum kt_ctl_status *ret_status) KT_MUST_CHECK;

/**
 * Decodes x86_64 code: the offset in the first operand relative to rdi, or to a copy of it (lea,
 * add of a constant, 64-bit loads).  Both ways of a forward branch are followed, nothing else:
 * no call, no way back, nothing behind an instruction that is not known.  All ways that come to
 * an operand must agree, and an access of any other kind through the register (that to
 * the state byte in a debug build) spoils it all.  False if nothing is found so in the first
 * @bytes bytes.
 */
bool kt_ctl_decode(const unsigned char *code, size_t bytes, int64_t *ret);

#endif
