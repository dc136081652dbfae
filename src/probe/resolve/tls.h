/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Where a TLS variable of the main executable lies, given a thread pointer.
 *
 * The two layouts are those of U. Drepper, "ELF Handling For Thread-Local Storage",
 * section 3: variant II (x86_64) puts the block below the thread pointer, variant I
 * (aarch64) above it and a header of 16 bytes.  A block keeps the misalignment of its
 * PT_TLS address, as glibc's _dl_determine_tlsoffset() and lld's getTlsTpOffset() do it.
 * Every step is checked; both variants work on any host.
 */
#ifndef KT_PROBE_RESOLVE_TLS_H
#define KT_PROBE_RESOLVE_TLS_H

#include <stdint.h>

enum kt_tls_status {
	KT_TLS_OK,
	KT_TLS_IMAGE_OVERFLOW,	 /* the block's distance does not fit into 64 bits */
	KT_TLS_BELOW_IMAGE,	 /* the thread pointer is smaller than the block (variant II) */
	KT_TLS_ADDRESS_OVERFLOW, /* the sum leaves the address space */
};

/** One sentence for a status other than KT_TLS_OK. */
const char *kt_tls_status_text(enum kt_tls_status status);

/**
 * Rounds @value up to a multiple of @align; @align 0 counts as 1.
 * KT_TLS_IMAGE_OVERFLOW (and @ret untouched) when @value + @align - 1 does not fit.
 */
enum kt_tls_status kt_tls_round_up(uint64_t value, uint64_t align, uint64_t *ret);

/**
 * Distance in bytes from the start of the TLS block up to the thread pointer, variant II:
 * the smallest size of at least @memsz that puts the block at an address congruent to
 * @vaddr modulo @align.
 */
enum kt_tls_status kt_tls_image_size(uint64_t memsz, uint64_t align, uint64_t vaddr, uint64_t *ret);

/**
 * Variant II: thread pointer @tp - @image_size + @symbol_value + @field, in bytes.
 */
enum kt_tls_status kt_tls_variant2_address(uint64_t tp, uint64_t image_size, uint64_t symbol_value,
					   uint64_t field, uint64_t *ret);

/**
 * Variant I: thread pointer @tp + the block's offset (16 rounded up to @align and
 * congruent to @vaddr) + @symbol_value + @field, in bytes.
 */
enum kt_tls_status kt_tls_variant1_address(uint64_t tp, uint64_t align, uint64_t vaddr,
					   uint64_t symbol_value, uint64_t field, uint64_t *ret);

#endif
