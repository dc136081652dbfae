/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What is known of the process as a whole, besides its threads.
 */
#ifndef KT_PROBE_PROCESS_H
#define KT_PROBE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

struct kt_process_extras {
	bool has_rss;
	uint64_t rss_bytes; /* resident set, /proc/PID/statm */
};

/** Reads them for the process whose /proc directory is open at @proc_fd. */
struct kt_process_extras kt_process_extras_read(int proc_fd);

#endif
