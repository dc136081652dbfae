/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Small ELF files, as far as vmm/ reads them: programs and libraries with a dynamic
 * section, and kernels with texts and notes.
 */
#ifndef KT_TESTS_VMM_ELF_MAKE_H
#define KT_TESTS_VMM_ELF_MAKE_H

#include <stdint.h>

#include "base/buf.h"

#define ELF_MAKE_MAX_NEEDED 4

/** A program or library; NULL and 0 leave a thing out.  All borrowed. */
struct elf_program {
	const char *interpreter;
	const char *rpath;
	const char *runpath;
	const char *needed[ELF_MAKE_MAX_NEEDED + 1]; /* ends with NULL */
	uint16_t machine;			     /* 0: EM_X86_64 */
};

/** Appends the file to @out. */
void elf_make_program(const struct elf_program *program, struct kt_buf *out);

/** What a kernel has; a false leaves it out. */
struct elf_kernel {
	const char *banner; /* "Linux version 6.1.2-test (x)", or NULL */
	bool initramfs;
	bool virtio_pci;
	bool virtio_console;
	bool pvh;
	uint16_t machine;	     /* 0: EM_X86_64 */
	size_t padding;		     /* bytes in front of the texts */
	const struct kt_buf *config; /* gzip of its configuration, or NULL; borrowed */
};

/** Appends the kernel to @out. */
void elf_make_kernel(const struct elf_kernel *kernel, struct kt_buf *out);

#endif
