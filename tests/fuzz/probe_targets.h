/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The probe's readers of foreign bytes, as fuzz targets: each copes with anything, and each checks
 * of what it answers that it keeps within what its header promises.
 */
#ifndef KT_TESTS_FUZZ_PROBE_TARGETS_H
#define KT_TESTS_FUZZ_PROBE_TARGETS_H

#include <stddef.h>

#include "base/buf.h"

/** A whole ELF file, by everything that reads one. */
void fuzz_read_elf(const char *bytes, size_t len);

/** Debug information, in the form of elf_image.h's dwarf_pieces. */
void fuzz_read_dwarf(const char *bytes, size_t len);

/** The content of a note section. */
void fuzz_read_note(const char *bytes, size_t len);

/** The content of .gnu_debuglink. */
void fuzz_read_debuglink(const char *bytes, size_t len);

/** A line of /proc/PID/maps. */
void fuzz_read_maps(const char *bytes, size_t len);

/** A thread's stat, schedstat or status file. */
void fuzz_read_stat(const char *bytes, size_t len);

/** Appends two notes, the second of them a build-id. */
void fuzz_seed_note(struct kt_buf *out);

#endif
