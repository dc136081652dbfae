/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/fatal.h"

enum kt_fatal kt_fatal_of_resolve(enum kt_resolve_failure failure)
{
	static const enum kt_fatal kinds[] = {
		[KT_RESOLVE_EXE_UNREADABLE] = KT_FATAL_PERMISSION_DENIED,
		[KT_RESOLVE_NOT_FOUND] = KT_FATAL_JEMALLOC_NOT_FOUND,
		[KT_RESOLVE_AMBIGUOUS] = KT_FATAL_JEMALLOC_AMBIGUOUS,
		[KT_RESOLVE_MACHINE] = KT_FATAL_ARCH_MISMATCH,
		[KT_RESOLVE_UNPROVEN] = KT_FATAL_LAYOUT_UNPROVEN,
		[KT_RESOLVE_NOT_MAINTAINED] = KT_FATAL_COUNTERS_NOT_MAINTAINED,
		[KT_RESOLVE_MAPS] = KT_FATAL_MAPS_READ_FAILURE,
	};

	return kinds[failure];
}

const char *kt_fatal_word(enum kt_fatal kind)
{
	static const char *const words[KT_FATAL_COUNT] = {
		[KT_FATAL_SELF_PROBE_REJECTED] = "self-probe-rejected",
		[KT_FATAL_PID_MISSING] = "pid-missing",
		[KT_FATAL_READLINK_FAILURE] = "readlink-failure",
		[KT_FATAL_MAPS_READ_FAILURE] = "maps-read-failure",
		[KT_FATAL_JEMALLOC_NOT_FOUND] = "jemalloc-not-found",
		[KT_FATAL_JEMALLOC_IN_DSO] = "jemalloc-in-dso",
		[KT_FATAL_ARCH_MISMATCH] = "arch-mismatch",
		[KT_FATAL_DWARF_PARSE_FAILURE] = "dwarf-parse-failure",
		[KT_FATAL_EXE_IDENTITY_CHANGED] = "exe-identity-changed",
		[KT_FATAL_TID_ENUMERATION_FAILURE] = "tid-enumeration-failure",
		[KT_FATAL_OTHER] = "other",
		[KT_FATAL_PERMISSION_DENIED] = "permission-denied",
		[KT_FATAL_KERNEL_THREAD] = "kernel-thread",
		[KT_FATAL_ZOMBIE] = "zombie",
		[KT_FATAL_TARGET_EXITED] = "target-exited",
		[KT_FATAL_JEMALLOC_AMBIGUOUS] = "jemalloc-ambiguous",
		[KT_FATAL_LAYOUT_UNPROVEN] = "layout-unproven",
		[KT_FATAL_COUNTERS_NOT_MAINTAINED] = "counters-not-maintained",
		[KT_FATAL_ENGINE_UNAVAILABLE] = "engine-unavailable",
	};

	return words[kind];
}
