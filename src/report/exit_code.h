/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The exit codes of ktstr-top, in one place: they are documented and frozen.
 */
#ifndef KT_REPORT_EXIT_CODE_H
#define KT_REPORT_EXIT_CODE_H

#include "base/error.h"
#include "run/run.h"

enum kt_exit_code {
	KT_EXIT_PASS = 0,
	KT_EXIT_FAIL = 1,
	KT_EXIT_USAGE = 2,
	KT_EXIT_CANNOT_JUDGE = 3,
	KT_EXIT_NOTHING = 4,
	KT_EXIT_SKIP = 77,
	KT_EXIT_INTERNAL = 99,
	KT_EXIT_SIGNAL = 128, /* plus the number of the signal */
};

/** The code for an error that ended the program. */
int kt_exit_code_of_error(const struct kt_error *err);

/**
 * The code for the scenarios of @run: a failed check beats what could not be judged
 * (error, cancelled, or not ended); then all skipped is a skip; none at all is "nothing to run".
 */
int kt_exit_code_of_run(const struct kt_run *run);

#endif
