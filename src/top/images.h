/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The images of a run: PID 1, the probe, the worker, and whatever other programs a
 * scenario's workers are, each with the shared libraries it needs, and the files they bring.
 * Scenarios with the same programs and files share one image.
 */
#ifndef KT_TOP_IMAGES_H
#define KT_TOP_IMAGES_H

#include "check/scenario_set.h"
#include "engine/runner.h"
#include "top/locate.h"
#include "vmm/image/image.h"

struct kt_images {
	struct kt_runner_image *of_scenario; /* one per scenario; equal descriptors are shared */
	char **keys;			     /* what is in each */
	char **missing;			     /* NULL, or what it could not be made without */
	size_t count;
};

/**
 * Builds the images for @set.  A variant of our worker that this build does not have is no
 * error: the scenario's image says that it is missing.
 * Errors: environment (a program or library is missing; the text says whose), io, no memory.
 * Owner: the caller calls kt_images_deinit().
 */
struct kt_error *kt_images_build(const struct kt_scenario_set *set, const struct kt_tools *tools,
				 struct kt_images *ret) KT_MUST_CHECK;

/**
 * Adds to @image what every guest has, and the programs of @scenario's workers.
 * Errors: environment (a program or library is missing; the text says whose), io, no memory.
 */
struct kt_error *kt_images_add_programs(struct kt_image *image, const struct kt_scenario *scenario,
					const struct kt_tools *tools) KT_MUST_CHECK;

/** Closes the descriptors. */
void kt_images_deinit(struct kt_images *images);

#endif
