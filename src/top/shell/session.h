/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * One shell in one guest, on a loop of its own: from the boot until the guest is gone and what the
 * shell wrote is where it belongs.  Our terminal is taken when the shell has started and given back
 * before the last line is said.
 *
 * Nothing grows: of the input as much is read as the agent has room for, and the agent is told what
 * was written only when it was (guest/protocol.h).
 */
#ifndef KT_TOP_SHELL_SESSION_H
#define KT_TOP_SHELL_SESSION_H

#include <stdbool.h>

#include "engine/runner.h"

struct kt_shell_config {
	const struct kt_scenario *scenario; /* what the guest is */
	struct kt_runner_shared *shared;    /* its loop is set here */
	struct kt_runner_image image;
	const char *const *argv; /* of the shell */
	const char *greeting;	 /* said when the terminal is taken: whole lines */
	uint32_t timeout_s;	 /* 0: none */
	bool is_terminal;	 /* stdin and stdout are one */
};

/**
 * Runs it.  What went wrong with the guest is said on stderr, and is no error.
 * Errors: environment, no memory.  Owner: all of @config is borrowed.
 */
struct kt_error *kt_shell_session_run(const struct kt_shell_config *config,
				      int *ret_exit_code) KT_MUST_CHECK;

#endif
