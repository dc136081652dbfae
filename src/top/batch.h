/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * `ktstr-top --batch --check`: one loop, one engine, reports as it goes, signals that
 * end it well.
 */
#ifndef KT_TOP_BATCH_H
#define KT_TOP_BATCH_H

#include "check/scenario_set.h"
#include "top/command_line.h"
#include "top/images.h"
#include "top/platform.h"

/**
 * Runs the scenarios of @set and reports them; @ret_exit_code is what main() returns.
 * Errors: usage, io, internal, no memory (the run could not be done or reported).
 * Owner: borrows everything.
 */
struct kt_error *kt_batch_run(const struct kt_command_line *line, const struct kt_scenario_set *set,
			      const struct kt_platform *platform, const struct kt_images *images,
			      int *ret_exit_code) KT_MUST_CHECK;

#endif
