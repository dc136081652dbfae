/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What is known of the process as a whole, besides its threads.
 */
#ifndef KT_PROBE_PROCESS_H
#define KT_PROBE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "probe/resolve/layout.h"
#include "probe/target.h"

struct kt_process_extras {
	bool has_rss;
	bool has_arenas;
	uint64_t rss_bytes;    /* resident set, /proc/PID/statm */
	uint64_t active_bytes; /* in pages that jemalloc's arenas use */
	uint64_t arena_count;
};

/** Reads what can be known of @target, whose jemalloc is at @layout. */
struct kt_process_extras kt_process_extras_read(const struct kt_target *target,
						const struct kt_layout *layout);

#endif
