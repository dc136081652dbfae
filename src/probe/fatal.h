/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Why a run gave no report: the closed set of words behind "ktstr-probe-fatal:".  The first
 * eleven are the contract's; the others tell apart what the contract's "pid-missing" and
 * "exe-identity-changed" lump together.
 */
#ifndef KT_PROBE_FATAL_H
#define KT_PROBE_FATAL_H

#include "probe/resolve/layout.h"

enum kt_fatal {
	KT_FATAL_SELF_PROBE_REJECTED,
	KT_FATAL_PID_MISSING,
	KT_FATAL_READLINK_FAILURE,
	KT_FATAL_MAPS_READ_FAILURE,
	KT_FATAL_JEMALLOC_NOT_FOUND,
	KT_FATAL_JEMALLOC_IN_DSO,
	KT_FATAL_ARCH_MISMATCH,
	KT_FATAL_DWARF_PARSE_FAILURE,
	KT_FATAL_EXE_IDENTITY_CHANGED,
	KT_FATAL_TID_ENUMERATION_FAILURE,
	KT_FATAL_OTHER,
	KT_FATAL_PERMISSION_DENIED, /* the process is there, but not ours to look at */
	KT_FATAL_KERNEL_THREAD,
	KT_FATAL_ZOMBIE,
	KT_FATAL_TARGET_EXITED,		  /* it ended before anything was read */
	KT_FATAL_JEMALLOC_AMBIGUOUS,	  /* more than one jemalloc is in use */
	KT_FATAL_LAYOUT_UNPROVEN,	  /* not sure enough where the counters are */
	KT_FATAL_COUNTERS_NOT_MAINTAINED, /* this jemalloc does not count */
	KT_FATAL_ENGINE_UNAVAILABLE,	  /* the engine that was asked for */
	KT_FATAL_COUNT,
};

/** The kind for what made resolving fail. */
enum kt_fatal kt_fatal_of_resolve(enum kt_resolve_failure failure);

/** The word for @kind. */
const char *kt_fatal_word(enum kt_fatal kind);

#endif
