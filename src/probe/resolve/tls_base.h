/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Where an object's TLS block is for a thread, as the running process uses it.
 *
 * The executable's block has its place by the rules of tls.h.  That of a shared object is
 * told by the words that the dynamic linker wrote for the object's own use, read where they are in
 * memory: R_X86_64_TPOFF64 (initial exec), DTPMOD64 (dynamic thread vector) and TLSDESC, for the
 * object's own symbols only (symbol index 0, or one that the object defines).  Addends and symbol
 * values are taken off, so that any such word of the object tells the start of the block.
 */
#ifndef KT_PROBE_RESOLVE_TLS_BASE_H
#define KT_PROBE_RESOLVE_TLS_BASE_H

#include "probe/memory/tls_place.h"
#include "probe/resolve/module.h"

struct kt_tls_base {
	enum kt_tls_access access;
	int64_t tp_offset;    /* TP_OFFSET: from the thread pointer to the block */
	uint64_t module;      /* DTV: the object's number */
	const char *found_by; /* "static", "tpoff64", "dtpmod64", "tlsdesc" */
	/*
	 * Offsets within the block that the object's own relocations point at, ascending, without
	 * doubles: one of them is the start of each thread-local variable that is used
	 * through them.  Empty for the executable.
	 */
	uint64_t targets[16];
	size_t target_count;
};

/**
 * Finds the base of @module's TLS block.
 * Errors: probe (no such relocation, words that contradict each other, memory that cannot be
 * read, sizes that overflow).
 */
struct kt_error *kt_tls_base_find(const struct kt_module *module, const struct kt_memory *memory,
				  struct kt_tls_base *ret) KT_MUST_CHECK;

/**
 * The place of the bytes @offset (within the block) ... for threads' counters.
 * Errors: probe (the distance overflows).
 */
struct kt_error *kt_tls_base_place(const struct kt_tls_base *base, uint64_t offset,
				   uint32_t span_bytes, struct kt_tls_place *ret) KT_MUST_CHECK;

#endif
