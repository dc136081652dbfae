/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The worker's command line: `[--churn] [--OPTION=VALUE...] BYTES`.
 *
 * It is read leniently, because what the tests of other harnesses pass must do: `--churn`
 * counts wherever it stands, the first argument that does not begin with `--` is BYTES,
 * the options of patterns (worker/pattern.h) count where they are spelt with their value in
 * one word, and everything else is ignored.
 */
#ifndef KT_WORKER_ARGUMENTS_H
#define KT_WORKER_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/pattern.h"

struct kt_worker_arguments {
	bool is_churning;
	size_t bytes;
	struct kt_pattern pattern;
};

enum kt_worker_arguments_status {
	KT_WORKER_ARGUMENTS_OK,
	KT_WORKER_ARGUMENTS_NOT_TEXT, /* not valid UTF-8 */
	KT_WORKER_ARGUMENTS_MISSING,  /* no BYTES */
	KT_WORKER_ARGUMENTS_INVALID,  /* BYTES is no number, or too large a one */
	KT_WORKER_ARGUMENTS_PATTERN,  /* an option of a pattern has a bad value */
};

/**
 * Parses the @argc borrowed strings of @argv, the program's name first, into *@ret,
 * which is untouched unless KT_WORKER_ARGUMENTS_OK is returned.  With
 * KT_WORKER_ARGUMENTS_PATTERN, *@ret_complaint is set to a constant sentence.
 */
enum kt_worker_arguments_status kt_worker_arguments_parse(int argc, char **argv,
							  struct kt_worker_arguments *ret,
							  const char **ret_complaint);

#endif
