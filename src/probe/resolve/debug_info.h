/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Debug information of a foreign file, opened by libdw, and what libdw does not check itself.
 *
 * libdw hands out texts without looking for their end, and follows a name into other files
 * (supplementary and split ones).  Names read here end within their section and come from the file
 * that was opened.  What libdw does to itself is confined (confined.h); this is for our own code.
 */
#ifndef KT_PROBE_RESOLVE_DEBUG_INFO_H
#define KT_PROBE_RESOLVE_DEBUG_INFO_H

#include <elfutils/libdw.h>

#include "probe/resolve/elf_file.h"

enum {
	KT_DEBUG_TEXTS_MAX = 8
};

struct kt_debug_info {
	Dwarf *dwarf;
	/* Where entries, and so texts within them, may be: .debug_info, .debug_types. */
	struct {
		const char *start;
		const char *end;
	} texts[KT_DEBUG_TEXTS_MAX];
	size_t text_count;
};

/**
 * Opens the debug information of @file, compressed or not.
 * Errors: probe (none, or damaged).  @name is for error texts.
 * Owner: @ret borrows @file; the caller calls kt_debug_info_close().
 */
struct kt_error *kt_debug_info_open(const struct kt_elf *file, const char *name,
				    struct kt_debug_info *ret) KT_MUST_CHECK;

/** Forgets it; a zeroed one is allowed. */
void kt_debug_info_close(struct kt_debug_info *info);

/** The entry's own DW_AT_name; NULL if it has none, or none in this file.  Owner: borrowed. */
const char *kt_debug_info_name(const struct kt_debug_info *info, Dwarf_Die *die);

#endif
