/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * --doctor: everything that a run needs is looked at, by the functions that a run itself uses, and
 * the first that would end it decides the exit code.  No guest is started.  Like those of a run these
 * looks are before any loop; each program that is asked has a deadline.
 */
#ifndef KT_TOP_DOCTOR_H
#define KT_TOP_DOCTOR_H

#include "top/doctor/diagnosis.h"
#include "top/inputs.h"

/**
 * Looks at the machine as a run of @line would.  What is missing is a finding, not an error.
 * Errors: no memory.
 * Owner: what was found is in @inputs, which the caller frees; the caller calls
 * kt_diagnosis_deinit().
 */
struct kt_error *kt_doctor_look(const struct kt_command_line *line, struct kt_inputs *inputs,
				struct kt_diagnosis *ret) KT_MUST_CHECK;

/**
 * Looks, and appends what was found as @line wants it.  @ret_exit_code is the code of a run.
 * Errors: no memory.  Owner: as above.
 */
struct kt_error *kt_doctor_run(const struct kt_command_line *line, struct kt_inputs *inputs,
			       struct kt_buf *out, int *ret_exit_code) KT_MUST_CHECK;

#endif
