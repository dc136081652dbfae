/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a series is made of: for series.c and series_thin.c alone.
 */
#ifndef KT_RUN_SERIES_STATE_H
#define KT_RUN_SERIES_STATE_H

#include "run/series_pack.h"

struct kt_series {
	struct kt_chunks chunks;
	size_t frame_count;
	size_t packed_bytes; /* of all chunks */
	uint64_t dropped_count;
	struct kt_packer packer;
	struct kt_identities identities;
	struct kt_buf introduced; /* by the frame that is appended */
	uint32_t *numbers;	  /* of its threads */
	size_t number_cap;
	size_t sweep_place; /* thinning goes on here, */
	size_t sweep_end;   /* up to here */
	bool is_finished;
};

#endif
