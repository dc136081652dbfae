/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The kernel's description of its own types (BTF; Documentation/bpf/btf.rst, <linux/btf.h>):
 * where the members of its structures are.
 *
 * The text has 5 MB and more than 100,000 types, and only a few are looked at, so one scan notes
 * where every 64th type is, and finds the one function that is asked for on its way.  It is
 * checked like any foreign file: nothing outside of it is read, and every walk is bounded.
 */
#ifndef KT_PROBE_READ_BTF_H
#define KT_PROBE_READ_BTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct kt_btf {
	const char *types;
	size_t types_bytes;
	const char *strings; /* ends with a NUL */
	size_t strings_bytes;
	uint32_t *marks; /* where every 64th type is in types */
	uint32_t type_count;
	uint32_t function; /* the type of the one that was asked for; 0: there is none */
	void *mapping;	   /* of kt_btf_open(); NULL for foreign bytes */
	size_t mapping_bytes;
};

/* A member of a structure. */
struct kt_btf_member {
	uint32_t offset_bytes;
	uint32_t size_bytes;
	uint32_t type; /* without const, volatile and typedefs */
};

/**
 * Maps the BTF in the file at @path and looks for the function called @function.
 * Errors: io (no such file: the kernel has no BTF), protocol (not BTF), no memory.
 * Owner: the caller calls kt_btf_deinit().
 */
struct kt_error *kt_btf_open(const char *path, const char *function,
			     struct kt_btf *ret) KT_MUST_CHECK;

/**
 * The same for @size bytes at @bytes, which @ret borrows.
 * Errors: protocol, no memory.  Owner: the caller calls kt_btf_deinit().
 */
struct kt_error *kt_btf_parse(const void *bytes, size_t size, const char *function,
			      struct kt_btf *ret) KT_MUST_CHECK;

/** Frees the index and the mapping. */
void kt_btf_deinit(struct kt_btf *btf);

/** The type of parameter @index of the function that was found; 0 if there is none. */
uint32_t kt_btf_parameter(const struct kt_btf *btf, uint32_t index);

/** What the pointer type @type points at, without const, volatile and typedefs; 0 if none. */
uint32_t kt_btf_pointee(const struct kt_btf *btf, uint32_t type);

/**
 * Finds a member of the structure @type by its path ("thread.fsbase"); members of unnamed
 * structures and unions count as the outer one's.  False if there is none, or it is a bit field.
 */
bool kt_btf_find_member(const struct kt_btf *btf, uint32_t type, const char *path,
			struct kt_btf_member *ret);

#endif
