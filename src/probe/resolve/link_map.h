/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The dynamic linker's list of loaded objects: DT_DEBUG of the executable leads to struct r_debug,
 * that to the chain of struct link_map (<link.h>), in glibc and musl alike.  Since version 2 of
 * r_debug (glibc 2.35) further namespaces (dlmopen(3)) hang on r_next.
 */
#ifndef KT_PROBE_RESOLVE_LINK_MAP_H
#define KT_PROBE_RESOLVE_LINK_MAP_H

#include "probe/resolve/module.h"

enum {
	KT_LINK_NAME_MAX = 4096 /* PATH_MAX of Linux */
};

struct kt_linked {
	uint64_t bias;	  /* l_addr: what is added to the addresses in the file */
	uint64_t dynamic; /* l_ld: address of the dynamic section */
	const char *name; /* as the dynamic linker opened it, "" for the program; borrowed */
};

/**
 * Calls @visit for each entry of the list until it returns false or, in a list that does not end,
 * KT_MODULES_MAX entries were seen.  @executable is the object whose DT_DEBUG counts.
 * False if there is no list (yet).  Owner: @visit borrows its entry.
 */
bool kt_link_map_visit(const struct kt_module *executable, const struct kt_memory *memory,
		       bool (*visit)(void *ctx, const struct kt_linked *linked), void *ctx);

#endif
