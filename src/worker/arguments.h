/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The worker's command line: `[--churn] BYTES`.
 *
 * It is read leniently, because what the tests of other harnesses pass must do: `--churn`
 * counts wherever it stands, the first argument that does not begin with `--` is BYTES,
 * and everything else is ignored.
 */
#ifndef KT_WORKER_ARGUMENTS_H
#define KT_WORKER_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

struct kt_worker_arguments {
	bool is_churning;
	size_t bytes;
};

enum kt_worker_arguments_status {
	KT_WORKER_ARGUMENTS_OK,
	KT_WORKER_ARGUMENTS_NOT_TEXT, /* not valid UTF-8 */
	KT_WORKER_ARGUMENTS_MISSING,  /* no BYTES */
	KT_WORKER_ARGUMENTS_INVALID,  /* BYTES is no number, or too large a one */
};

/**
 * Parses the @argc borrowed strings of @argv, the program's name first, into *@ret,
 * which is untouched unless KT_WORKER_ARGUMENTS_OK is returned.
 */
enum kt_worker_arguments_status kt_worker_arguments_parse(int argc, char **argv,
							  struct kt_worker_arguments *ret);

#endif
