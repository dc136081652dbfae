/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a run needs and does not change: scenarios, our programs, what this machine offers, the
 * guests' images.  Found before the loop runs, because it may block.
 */
#ifndef KT_TOP_INPUTS_H
#define KT_TOP_INPUTS_H

#include "check/scenario_set.h"
#include "top/command_line.h"
#include "top/images.h"
#include "top/kernels.h"
#include "top/locate.h"
#include "top/platform.h"

struct kt_inputs {
	struct kt_scenario_set set;
	struct kt_tools tools;
	struct kt_platform platform;
	struct kt_kernels kernels;
	struct kt_images images;
	char *template_dir; /* where templates are kept; NULL: nowhere */
};

#define KT_INPUTS_INIT ((struct kt_inputs){ .kernels = { 0 } })

/**
 * Finds the kernels; with several, multiplies the scenarios.  Once is enough: a second time does
 * nothing.  Errors: usage, environment, io, no memory.  Owner: as below.
 */
struct kt_error *kt_inputs_find_kernels(struct kt_inputs *inputs,
					const struct kt_command_line *line) KT_MUST_CHECK;

/** Says which kernel each image is booted with, once both are there. */
void kt_inputs_join(struct kt_inputs *inputs);

/**
 * Loads the scenarios that @line asks for: without any, all built-in ones, or those of the demo
 * where somebody looks; each so often as it is to be repeated.
 * Errors: usage, environment, no memory.  Owner: the caller calls kt_inputs_deinit().
 */
struct kt_error *kt_inputs_load_scenarios(struct kt_inputs *inputs,
					  const struct kt_command_line *line) KT_MUST_CHECK;

/**
 * Finds what guests need besides their scenarios.  @ret_is_skip is set when what is missing makes
 * this a skipped run, as --skip-missing wants, and not touched otherwise.
 * Errors: environment, io, no memory.  Owner: as above, on failure too.
 */
struct kt_error *kt_inputs_prepare_guests(struct kt_inputs *inputs,
					  const struct kt_command_line *line,
					  bool *ret_is_skip) KT_MUST_CHECK;

/**
 * The same, but without packing images for the scenarios.
 * Errors: environment, io, no memory.  Owner: as above, on failure too.
 */
struct kt_error *kt_inputs_find_machine(struct kt_inputs *inputs,
					const struct kt_command_line *line,
					bool *ret_is_skip) KT_MUST_CHECK;

/** Frees everything. */
void kt_inputs_deinit(struct kt_inputs *inputs);

#endif
