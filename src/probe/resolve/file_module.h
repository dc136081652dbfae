/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * An ELF file as if it were loaded at the addresses that it names itself: what is asked of loaded
 * objects can be asked of it, but for what the dynamic linker would have done.
 */
#ifndef KT_PROBE_RESOLVE_FILE_MODULE_H
#define KT_PROBE_RESOLVE_FILE_MODULE_H

#include "probe/resolve/elf_file.h"
#include "probe/resolve/module.h"

struct kt_file_module {
	struct kt_elf file;
	const unsigned char *image; /* the file's bytes; borrowed from file */
	size_t image_bytes;
	struct kt_module module;
};

/**
 * Opens the file at @path.
 * Errors: io, probe (not an ELF file of this machine, or a damaged one), no memory.
 * Owner: the caller calls kt_file_module_close(); @ret must not move until then.
 */
struct kt_error *kt_file_module_open(const char *path, struct kt_file_module *ret) KT_MUST_CHECK;

/** Closes the file. */
void kt_file_module_close(struct kt_file_module *file);

/** The memory of the object: the file's part of its segments.  Owner: borrows @file. */
struct kt_memory kt_file_module_memory(const struct kt_file_module *file);

#endif
