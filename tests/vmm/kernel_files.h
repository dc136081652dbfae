/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The fixture of the kernel tests: a directory of its own with an empty cache, and
 * kernels to put there.  Failures end the test.
 */
#ifndef KT_TESTS_VMM_KERNEL_FILES_H
#define KT_TESTS_VMM_KERNEL_FILES_H

#include "base/buf.h"
#include "tests/vmm/elf_make.h"

/** A kernel that has all a guest needs; its version is "6.1.2-test". */
extern const struct elf_kernel kernel_files_fit;

/** Makes the directory, with here/ as the current one and $XDG_CACHE_HOME beside that. */
void kernel_files_enter(void);

/** Removes it all. */
void kernel_files_leave(void);

/** Writes @bytes to @path, making directories as needed. */
void kernel_files_write(const char *path, const struct kt_buf *bytes);

/** Writes @kernel as an ELF file to @path. */
void kernel_files_write_elf(const char *path, struct elf_kernel kernel);

/** Writes @kernel as a boot image to @path. */
void kernel_files_write_image(const char *path, struct elf_kernel kernel);

#endif
