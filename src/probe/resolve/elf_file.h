/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * One ELF file, opened for reading what the resolver needs and nothing else.
 *
 * The file is mapped, so only the pages that are looked at are read; nothing here walks
 * the whole file.  Files are foreign: every offset is checked by libelf or by us.
 */
#ifndef KT_PROBE_RESOLVE_ELF_FILE_H
#define KT_PROBE_RESOLVE_ELF_FILE_H

#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct kt_elf {
	int fd; /* borrowed */
	Elf *elf;
	GElf_Ehdr header;
};

struct kt_tls_symbol {
	const char *name; /* one of the accepted names */
	uint64_t value;	  /* offset within the TLS image */
	uint64_t size;
	const char *table; /* ".symtab" or ".dynsym" */
};

struct kt_debuglink {
	char name[256];
	uint32_t crc;
};

/** The machine this probe is built for, as in e_machine. */
unsigned kt_elf_own_machine(void);

/** "x86_64", "aarch64", ..., or "unknown" for an e_machine value. */
const char *kt_elf_machine_name(unsigned machine);

/**
 * Reads the headers of the ELF file open at @fd.  @name is for error texts.
 * Errors: probe (not an ELF file, or a damaged one).
 * Owner: the caller keeps @fd open as long as @ret, and calls kt_elf_close().
 */
struct kt_error *kt_elf_open(int fd, const char *name, struct kt_elf *ret) KT_MUST_CHECK;

/**
 * The same for an ELF file whose @bytes bytes lie at @image; its descriptor is -1.
 * Errors: probe (not an ELF file, or a damaged one).
 * Owner: the caller keeps @image, which is not changed, as long as @ret, and calls kt_elf_close().
 */
struct kt_error *kt_elf_open_memory(void *image, size_t bytes, const char *name,
				    struct kt_elf *ret) KT_MUST_CHECK;

/** Forgets the file; a zeroed one is allowed.  The descriptor stays open. */
void kt_elf_close(struct kt_elf *file);

#define kt_autoelf __attribute__((cleanup(kt_elf_close)))

/** Whether the file is 64-bit, little-endian and of this probe's machine. */
bool kt_elf_is_native(const struct kt_elf *file);

/**
 * jemalloc's thread-data symbol: defined, of type TLS, under one of the accepted names in
 * order of preference; .symtab first.  Native files only.
 */
bool kt_elf_tls_symbol(const struct kt_elf *file, struct kt_tls_symbol *ret);

/**
 * The address, in the file, of the data object of @bytes bytes that .symtab has under one of the
 * @count names @names; false if there is none.  Native files only.
 */
bool kt_elf_data_symbol(const struct kt_elf *file, const char *const *names, size_t count,
			uint64_t bytes, uint64_t *ret);

/** Appends the build-id in lower-case hex; false if the file has none. */
bool kt_elf_build_id(const struct kt_elf *file, struct kt_buf *out);

/** The .gnu_debuglink section; false if absent or damaged. */
bool kt_elf_debuglink(const struct kt_elf *file, struct kt_debuglink *ret);

/** Whether .debug_info (plain or compressed) is there and has content. */
bool kt_elf_has_debug_info(const struct kt_elf *file);

/**
 * Where .debug_info lies in memory, as it is in the file; NULL if there is none, or not mapped.
 * Owner: borrowed from @file.
 */
const void *kt_elf_debug_info_image(const struct kt_elf *file, size_t *ret_bytes);

#endif
