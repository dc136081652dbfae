/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Small ELF files made in memory: seeds for the fuzz targets, and a frame for bytes that only a
 * section brings to their reader.
 */
#ifndef KT_TESTS_FUZZ_ELF_IMAGE_H
#define KT_TESTS_FUZZ_ELF_IMAGE_H

#include <elf.h>
#include <stddef.h>

#include "base/buf.h"

struct elf_section {
	const char *name;
	uint32_t type;
	uint32_t link; /* index of another section; the first of the list is 1 */
	const void *bytes;
	size_t len;
	uint32_t segment; /* PT_... of a segment with just these bytes, or 0 */
};

enum {
	ELF_SECTIONS_MAX = 12
};

/**
 * Appends an ELF file of this machine with the @count sections, and one of their names.
 * The last section's bytes are the file's last, so that what reads on reads beyond the file.
 */
void elf_image_make(const struct elf_section *sections, size_t count, struct kt_buf *out);

/** Appends a note: the GNU build-id of the @len bytes at @id. */
void elf_image_build_id(const void *id, size_t len, struct kt_buf *out);

/** Appends what the resolver reads of an executable with jemalloc, all of it very small. */
void elf_image_seed(struct kt_buf *out);

/*
 * The sections that tell the members of struct tsd_s, in one text: two bytes each for the
 * lengths of .debug_abbrev, .debug_str and .debug_line_str, these three, and .debug_info.
 */
struct dwarf_pieces {
	const char *abbrev, *str, *line_str, *info;
	size_t abbrev_len, str_len, line_str_len, info_len;
};

/** Splits such a text; lengths are cut to what is there. */
struct dwarf_pieces dwarf_pieces_split(const char *bytes, size_t len);

/** Appends an ELF file with just these sections. */
void dwarf_pieces_frame(const struct dwarf_pieces *pieces, struct kt_buf *out);

/** Appends such a text for two units: one of another file, then jemalloc's tsd.c. */
void dwarf_pieces_seed(struct kt_buf *out);

#endif
