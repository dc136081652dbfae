/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A run of ktstr-top with several scenarios, each with a fault of its own (--fault), and one without:
 * the bystander.  What came of it is read from its recording.
 */
#ifndef KT_TESTS_SYSTEM_FAULT_TRIAL_H
#define KT_TESTS_SYSTEM_FAULT_TRIAL_H

#include "run/run.h"
#include "tests/system/top_run.h"

#define FAULT_TRIAL_MAX	      40
#define FAULT_TRIAL_BYSTANDER "bystander"

struct fault_trial {
	char dir[64];
	char record[128];
	char *files[FAULT_TRIAL_MAX];
	int file_count;
	struct kt_buf faults;
	struct top_run run;
	struct kt_run model;
};

/** Makes a directory for a trial of nobody but the bystander. */
void fault_trial_begin(struct fault_trial *trial);

/**
 * Adds a scenario called @name whose guest has @memory_mib MiB and suffers @fault, "KIND@PLACE" with
 * "+MS" if wanted.
 */
void fault_trial_add(struct fault_trial *trial, const char *name, unsigned memory_mib,
		     const char *fault);

/**
 * Runs all of it, two guests at a time, with @option if that is not NULL.  Expects exit @code and
 * nothing on stderr, no process left, and a whole recording that replays as the same.
 */
void fault_trial_run(struct fault_trial *trial, const char *option, int code);

/** The scenario called @name, which has ended. */
const struct kt_run_scenario *fault_trial_scenario(const struct fault_trial *trial,
						   const char *name);

/** How many notes about @scenario begin with @start and have @part in them. */
int fault_trial_count_notes(const struct fault_trial *trial, const char *scenario,
			    const char *start, const char *part);

/** Frees it; the test fails if there are other files than its own. */
void fault_trial_end(struct fault_trial *trial);

#endif
