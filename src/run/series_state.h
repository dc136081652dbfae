/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a series is made of: for series.c and series_thin.c alone.
 */
#ifndef KT_RUN_SERIES_STATE_H
#define KT_RUN_SERIES_STATE_H

#include "run/series_pack.h"

/* A range of chunks on its way to be fewer; the series does not know of it before it is done. */
struct kt_rewriting {
	size_t first; /* the range: chunks of the series */
	size_t count;
	size_t chunk; /* of the range, and the frame in it, that is read next */
	size_t at;
	struct kt_rows rows; /* the frame that was read last */
	struct kt_packer packer;
	struct kt_chunks chunks;
	struct kt_buf added;   /* identities that the new frames introduce */
	struct kt_buf removed; /* and those that the old ones did */
	size_t dropped_count;
};

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
	size_t sweep_place;		/* thinning goes on here, */
	size_t sweep_end;		/* up to here */
	struct kt_rewriting *rewriting; /* NULL: none is under way */
	bool is_finished;
};

/** Gives up what was begun; NULL is allowed. */
void kt_rewriting_destroy(struct kt_rewriting *rewriting);

#endif
