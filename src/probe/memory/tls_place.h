/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Where a thread's counters are, given its thread pointer.
 *
 * A thread-local variable has a fixed distance from the thread pointer (the executable's, and
 * those of objects loaded at the start: the initial-exec model), or it lies in a block of its own
 * for each thread, found through the dynamic thread vector whose address is at tp + 8 on
 * x86_64 and at tp on aarch64 (U. Drepper, "ELF Handling For Thread-Local Storage", section 3).
 * A vector entry is 16 bytes in glibc: {void *val, void *to_free}; entry 0 is the generation and
 * the word 16 bytes before it the number of entries.  A val of -1 means: this thread never
 * touched the variable, so it has no block yet.
 */
#ifndef KT_PROBE_MEMORY_TLS_PLACE_H
#define KT_PROBE_MEMORY_TLS_PLACE_H

#include <stdint.h>

#include "probe/memory/memory.h"

enum {
	KT_DTV_ENTRY_BYTES = 16,
#if defined(__aarch64__)
	KT_DTV_POINTER_OFFSET = 0,
#else
	KT_DTV_POINTER_OFFSET = 8,
#endif
};

enum kt_tls_access {
	KT_TLS_TP_OFFSET, /* a fixed distance from the thread pointer */
	KT_TLS_DTV,	  /* through the dynamic thread vector */
};

struct kt_tls_place {
	enum kt_tls_access access;
	/* TP_OFFSET: from the thread pointer to the allocated counter, in bytes (signed). */
	int64_t tp_offset;
	/* DTV: the object's module number, and the allocated counter within its TLS block. */
	uint64_t module;
	uint64_t block_offset;
	/* From the first byte of the allocated counter to the last of the deallocated one. */
	uint32_t span_bytes;
};

enum kt_tls_lookup {
	KT_TLS_FOUND,
	KT_TLS_UNDERFLOW,  /* the thread pointer is smaller than the distance below it */
	KT_TLS_OVERFLOW,   /* the sum leaves the address space */
	KT_TLS_NO_BLOCK,   /* this thread never touched the object's thread data (DTV) */
	KT_TLS_UNREADABLE, /* the vector could not be read (DTV) */
};

/* What a lookup found, and what tells later that it still holds. */
struct kt_tls_spot {
	uint64_t address; /* of the allocated counter; 0 if the thread has no block */
	/*
	 * DTV only, 0 otherwise: as long as the vector is at @vector, and the word at
	 * @watch_address is @watch_value, the answer is the same.
	 */
	uint64_t vector;
	uint64_t watch_address;
	uint64_t watch_value;
};

/** One sentence for anything but KT_TLS_FOUND. */
const char *kt_tls_lookup_text(enum kt_tls_lookup lookup);

/**
 * Address of the allocated counter for thread pointer @tp.  @memory is read for
 * KT_TLS_DTV only.
 */
enum kt_tls_lookup kt_tls_place_address(const struct kt_tls_place *place,
					const struct kt_memory *memory, uint64_t tp, uint64_t *ret);

/**
 * The same, with what is to be watched.  @ret is set for KT_TLS_FOUND and for KT_TLS_NO_BLOCK.
 */
enum kt_tls_lookup kt_tls_place_find(const struct kt_tls_place *place,
				     const struct kt_memory *memory, uint64_t tp,
				     struct kt_tls_spot *ret);

#endif
