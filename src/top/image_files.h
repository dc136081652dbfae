/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The files that scenarios bring into their guests: packed with their modes, directories with all
 * that is in them, programs and shared libraries with the libraries that these need.
 *
 * A symlink within a directory stays one if its target is relative and does not leave the
 * directory; else the file that it points to takes its place.
 */
#ifndef KT_TOP_IMAGE_FILES_H
#define KT_TOP_IMAGE_FILES_H

#include "check/scenario.h"
#include "vmm/image/image.h"

/* Of all workers of a scenario together: the guest holds them in its memory, twice for a moment. */
#define KT_IMAGE_FILES_MAX_BYTES (64ULL << 20)
#define KT_IMAGE_FILES_MAX_COUNT 16384

/** What a scenario's files may still come to. */
struct kt_image_budget {
	uint64_t left_bytes;
	uint32_t left_count;
};

#define KT_IMAGE_BUDGET_INIT \
	((struct kt_image_budget){ KT_IMAGE_FILES_MAX_BYTES, KT_IMAGE_FILES_MAX_COUNT })

/**
 * Adds all files of @worker, whose names are relative to the file of @scenario, and takes them
 * from @budget.
 * Errors: environment (missing, unreadable, neither file nor directory, a library is missing), usage
 * (too large, something else is there), no memory; the text begins with the place of the name.
 * Owner: borrows.
 */
struct kt_error *kt_image_files_add(struct kt_image *image, const struct kt_scenario *scenario,
				    const struct kt_scenario_worker *worker,
				    struct kt_image_budget *budget) KT_MUST_CHECK;

#endif
