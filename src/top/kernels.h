/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The kernels of a run, each file opened once, and which scenario runs under which.
 *
 * --kernel comes before what a scenario's file names; what neither names is searched for (vmm/kernel/kernel.h).
 * With several --kernel every scenario is run under each, and is called NAME@VERSION; kernels of one
 * version are told apart as VERSION, VERSION:2 and so on.
 */
#ifndef KT_TOP_KERNELS_H
#define KT_TOP_KERNELS_H

#include <sys/stat.h>

#include "check/scenario_set.h"
#include "engine/session.h"
#include "top/command_line.h"
#include "vmm/kernel/kernel.h"

struct kt_kernels_item {
	struct kt_kernel kernel;
	struct stat file; /* which file it is */
	char *label;	  /* what its scenarios are called behind the '@' */
};

struct kt_kernels {
	struct kt_kernels_item *items;
	size_t count;
	size_t *of_scenario; /* the place in items, per scenario of the set */
};

/**
 * Opens the kernels of @set's scenarios as @line asks; multiplies @set where it asks for several.
 * Errors: usage (a file given twice, too many scenarios), environment (missing or unfit; of a
 * scenario's own, with the place in its file), io, no memory.
 * Owner: the caller calls kt_kernels_deinit().
 */
struct kt_error *kt_kernels_find(const struct kt_command_line *line, struct kt_scenario_set *set,
				 struct kt_kernels *ret) KT_MUST_CHECK;

/** The kernel of scenario number @index of the set.  Owner: borrowed from @kernels. */
const struct kt_kernel *kt_kernels_of(const struct kt_kernels *kernels, size_t index);

/** Emits a note for each kernel. */
void kt_kernels_tell(const struct kt_kernels *kernels, struct kt_session *session);

/** Closes and frees everything. */
void kt_kernels_deinit(struct kt_kernels *kernels);

#endif
