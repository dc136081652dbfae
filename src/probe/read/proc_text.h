/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The texts of /proc/PID/task/TID (proc(5)).  The thread chooses its own name, so whatever stands
 * there is hostile; what is missing, or not a number, is unknown.
 */
#ifndef KT_PROBE_READ_PROC_TEXT_H
#define KT_PROBE_READ_PROC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/read/sweep.h"

/* The line of "stat". */
struct kt_stat_text {
	char comm[KT_COMM_BYTES]; /* unescaped and trimmed; "" for unknown */
	char state;		  /* the letter; 0 for unknown */
	bool has_start_time;
	bool has_cpu; /* the three below */
	int32_t cpu;
	uint64_t utime_ticks;
	uint64_t stime_ticks;
	uint64_t start_time_jiffies;
};

/**
 * Parses a "stat" line: the name stands between the first '(' and the last ')'; fields 3, 14,
 * 15, 22 and 39 are state, user and system time, start time (clock ticks) and CPU.
 */
void kt_stat_parse(const char *text, size_t len, struct kt_stat_text *ret);

/** Parses "schedstat": time on a CPU and time ready to run, in ns.  False if one is missing. */
bool kt_schedstat_parse(const char *text, size_t len, uint64_t *ret_run_ns, uint64_t *ret_delay_ns);

/** Finds both counts of context switches in "status".  False if one is missing. */
bool kt_switches_parse(const char *text, size_t len, uint64_t *ret_voluntary,
		       uint64_t *ret_involuntary);

/** @ticks of which @per_second make a second, in ns; false if that does not fit. */
bool kt_ticks_to_ns(uint64_t ticks, uint64_t per_second, uint64_t *ret_ns);

#endif
