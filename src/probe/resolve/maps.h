/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The file mappings of a process: lines of /proc/PID/maps (proc(5)).  There are two lines per
 * thread, so they are read only where the dynamic linker's list does not tell.
 */
#ifndef KT_PROBE_RESOLVE_MAPS_H
#define KT_PROBE_RESOLVE_MAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct kt_mapping {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /* in the file, of the first byte */
	uint64_t device; /* as in st_dev */
	uint64_t inode;
	const char *path; /* borrowed from the line: to its end, blanks included */
	bool is_executable;
	bool is_deleted; /* " (deleted)" was cut off */
};

/**
 * Parses one line, without its newline; @line is changed (" (deleted)" is cut off).
 * False unless it maps a file: anonymous and bracketed mappings are no object's.
 * Owner: @ret borrows from @line.
 */
bool kt_mapping_parse(char *line, struct kt_mapping *ret);

/**
 * Calls @visit for the mapping of the first byte of each loaded object, in order of the maps, until
 * it returns true.  Loaded is a file of which a part behind that byte is mapped executable: a
 * file that is merely looked at, as debuggers do, is not.  @proc_fd is a descriptor of /proc/PID.
 * Errors: probe (maps cannot be read), no memory.  Owner: @visit borrows its mapping.
 */
struct kt_error *kt_maps_visit(int proc_fd, bool (*visit)(void *ctx, const struct kt_mapping *map),
			       void *ctx) KT_MUST_CHECK;

#endif
