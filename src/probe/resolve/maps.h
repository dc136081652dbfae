/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The executable file mappings of a process: lines of /proc/PID/maps (proc(5)).
 * Read only when the main executable is not the answer.
 */
#ifndef KT_PROBE_RESOLVE_MAPS_H
#define KT_PROBE_RESOLVE_MAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct kt_mapping {
	uint64_t start;
	uint64_t end;
	uint64_t device; /* as in st_dev */
	uint64_t inode;
	const char *path; /* borrowed from the line: to its end, blanks included */
	bool is_deleted;  /* " (deleted)" was cut off */
};

/**
 * Parses one line, without its newline; @line is changed (" (deleted)" is cut off).
 * False unless it maps a file executable: anonymous, bracketed and non-executable
 * mappings are nobody's code.  Owner: @ret borrows from @line.
 */
bool kt_mapping_parse(char *line, struct kt_mapping *ret);

/**
 * Calls @visit for the first mapping of each distinct file, in order of the maps, until it
 * returns true.  @proc_fd is a descriptor of /proc/PID.
 * Errors: probe (maps cannot be read), no memory.  Owner: @visit borrows its mapping.
 */
struct kt_error *kt_maps_visit(int proc_fd, bool (*visit)(void *ctx, const struct kt_mapping *map),
			       void *ctx) KT_MUST_CHECK;

#endif
