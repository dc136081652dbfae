/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * One search for one library: the places to look at, in order, each with the path on the
 * host and the path under which a guest's linker will ask for it.
 */
#ifndef KT_VMM_IMAGE_CLOSURE_SEARCH_H
#define KT_VMM_IMAGE_CLOSURE_SEARCH_H

#include <stdbool.h>

#include "vmm/image/elf_needs.h"
#include "vmm/image/ld_cache.h"

/** An object whose libraries are looked for.  Texts are owned by whoever made it. */
struct kt_closure_object {
	char *name;	    /* for error texts */
	char *host_origin;  /* what $ORIGIN is on the host */
	char *guest_origin; /* and in the guest */
	struct kt_elf_needs needs;
	const struct kt_closure_object *loader; /* who asked for this one; NULL: the program */
};

/** What is the same for all searches of one program.  All borrowed. */
struct kt_closure_places {
	const char *ld_library_path; /* as LD_LIBRARY_PATH, or NULL */
	const char *interpreter_dir; /* of an interpreter outside of the system's, or NULL */
	const struct kt_ld_cache *cache;
	int elf_class; /* of the program; other libraries are passed over, as the linker does */
	int machine;
};

/** A library that was found. */
struct kt_closure_hit {
	char *host_path;
	char *guest_path; /* NULL: the guest's linker finds it only in a default directory */
	struct kt_elf_needs needs;
};

/**
 * Looks for library @name on behalf of @object; @ret_found tells whether it was there.
 * Errors: environment (a damaged file in the way), no memory.
 * Owner: the caller calls kt_closure_hit_deinit() on @ret.
 */
struct kt_error *kt_closure_search_find(const struct kt_closure_places *places,
					const struct kt_closure_object *object, const char *name,
					bool *ret_found, struct kt_closure_hit *ret) KT_MUST_CHECK;

/** Frees a hit. */
void kt_closure_hit_deinit(struct kt_closure_hit *hit);

/** Whether the linker looks into the directory @dir without being told. */
bool kt_closure_is_default_dir(const char *dir);

#endif
