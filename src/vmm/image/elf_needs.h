/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What one ELF file asks of the dynamic linker: its interpreter, the libraries it
 * names, where it wants them looked for, and memory for each thread.
 */
#ifndef KT_VMM_IMAGE_ELF_NEEDS_H
#define KT_VMM_IMAGE_ELF_NEEDS_H

#include <stdint.h>

#include "base/arguments.h"

enum kt_file_kind {
	KT_FILE_ELF,
	KT_FILE_SCRIPT, /* begins with "#!" */
	KT_FILE_DATA,	/* anything else; asks for nothing */
};

struct kt_elf_needs {
	enum kt_file_kind kind;
	int elf_class;		    /* ELFCLASS64, ... */
	int machine;		    /* EM_X86_64, ... */
	uint64_t tls_bytes;	    /* of PT_TLS in memory; 0: none */
	char *interpreter;	    /* PT_INTERP or the word behind "#!"; NULL: none */
	char *script_argument;	    /* the second word of a "#!" line, or NULL */
	char *rpath;		    /* DT_RPATH, or NULL; NULL as well when there is a DT_RUNPATH */
	char *runpath;		    /* DT_RUNPATH, or NULL */
	struct kt_arguments needed; /* DT_NEEDED, in order */
};

/**
 * Reads the file @path.
 * Errors: environment (unreadable, not a regular file, or damaged: points outside of itself), no
 * memory.  Owner: the caller calls kt_elf_needs_deinit() on @ret.
 */
struct kt_error *kt_elf_needs_read(const char *path, struct kt_elf_needs *ret) KT_MUST_CHECK;

/** Frees the texts. */
void kt_elf_needs_deinit(struct kt_elf_needs *needs);

#define kt_autoneeds __attribute__((cleanup(kt_elf_needs_deinit)))

#endif
