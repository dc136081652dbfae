/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What would run: --list and --dry-run.
 */
#ifndef KT_TOP_LISTING_H
#define KT_TOP_LISTING_H

#include "top/inputs.h"

/** Appends the scenarios: a line each, or with @format json an object each. */
void kt_listing_scenarios(const struct kt_scenario_set *set, enum kt_report_format format,
			  struct kt_buf *out);

/**
 * Appends the QEMU command of each scenario, ready for a shell that has the descriptors.
 * Errors: usage, no memory.  Owner: borrows everything.
 */
struct kt_error *kt_listing_commands(const struct kt_command_line *line,
				     const struct kt_inputs *inputs,
				     struct kt_buf *out) KT_MUST_CHECK;

#endif
