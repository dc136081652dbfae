/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * One loaded object: its ELF headers, dynamic section and notes, copied out of the memory of the
 * process and checked.
 */
#ifndef KT_PROBE_RESOLVE_LOADED_H
#define KT_PROBE_RESOLVE_LOADED_H

#include "probe/resolve/module.h"

/* Program headers where the auxiliary vector says they are. */
struct kt_loaded_headers {
	uint64_t address;
	size_t count;
};

/**
 * Reads the object whose ELF header is at @base into @ret, but for its path.  False if there is
 * none of our class and byte order, or if it is not like one that was loaded.
 */
bool kt_loaded_read(const struct kt_memory *memory, uint64_t base, struct kt_module *ret);

/**
 * Reads the executable, whose program headers are where @headers says, but for its path.
 * False if they are not those of an object that was loaded there.
 */
bool kt_loaded_read_executable(const struct kt_memory *memory,
			       const struct kt_loaded_headers *headers, struct kt_module *ret);

/**
 * Looks for entries of the object's dynamic section (elf(5), d_tag and d_val): the value of
 * @tags[i] goes to @values[i], 0 if there is none.  False if the object has no dynamic section
 * that can be read.
 */
bool kt_loaded_dynamic(const struct kt_module *module, const struct kt_memory *memory,
		       const int64_t *tags, uint64_t *values, size_t count);

/** Address behind the last byte of the object's segments. */
uint64_t kt_loaded_end(const struct kt_module *module);

/** Whether @address lies between the first and the last byte of the object's segments. */
bool kt_loaded_contains(const struct kt_module *module, uint64_t address);

#endif
