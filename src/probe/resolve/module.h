/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The ELF objects loaded in a process, as its own memory shows them.
 *
 * The executable is found through the auxiliary vector, the others through the dynamic
 * linker's list (PT_DYNAMIC, DT_DEBUG, r_debug, link_map: <link.h>), so that neither files nor
 * /proc/PID/maps, which has two lines per thread, need to be read.  Where there is no list, the
 * maps are.  Everything here is foreign: headers are copied once, checked, and bounded.
 */
#ifndef KT_PROBE_RESOLVE_MODULE_H
#define KT_PROBE_RESOLVE_MODULE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "probe/memory/memory.h"

enum {
	KT_MODULE_HEADERS_MAX = 32,   /* program headers kept of an object */
	KT_MODULE_BUILD_ID_MAX = 129, /* hex digits and NUL */
	KT_MODULES_MAX = 4096,
};

struct kt_module {
	char *path;    /* as the target names it; "" if it does not */
	uint64_t base; /* address of its ELF header */
	uint64_t bias; /* what is added to the addresses in the file */
	bool is_executable;
	Elf64_Ehdr header;
	Elf64_Phdr segments[KT_MODULE_HEADERS_MAX];
	size_t segment_count;
	char build_id[KT_MODULE_BUILD_ID_MAX]; /* lower-case hex; "" for none */
};

struct kt_modules {
	struct kt_module *list; /* the executable first */
	size_t count;
	const char *found_by; /* "executable", "link-map" or "maps" */
};

/**
 * Lists the objects of the process whose /proc/PID directory is open at @proc_fd.
 * Objects whose headers cannot be read or are not of our class and byte order are left out, but
 * never the executable.
 * Errors: probe (the executable's headers cannot be read), no memory.
 * Owner: the caller calls kt_modules_deinit().
 */
struct kt_error *kt_modules_list(int proc_fd, const struct kt_memory *memory, const char *exe_path,
				 struct kt_modules *ret) KT_MUST_CHECK;

/** Frees the list. */
void kt_modules_deinit(struct kt_modules *modules);

/** The object's first segment of @type, or NULL.  Owner: borrowed from @module. */
const Elf64_Phdr *kt_module_segment(const struct kt_module *module, uint32_t type);

#endif
