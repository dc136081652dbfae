/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The live screen: feed, dashboard and terminal on one loop.
 *
 * A frame is painted when something to see changed, at most ten times a second for events, at once for
 * keys.  The screen stays until the user leaves it; q and signals end what runs first, and a second one
 * does not wait.
 */
#ifndef KT_TOP_DASHBOARD_RUN_H
#define KT_TOP_DASHBOARD_RUN_H

#include "top/live.h"

/**
 * Says whether there can be a screen, before anything is prepared.
 * Errors: environment (what is missing; names --batch).
 */
struct kt_error *kt_dashboard_check_terminal(void) KT_MUST_CHECK;

/**
 * Shows the dashboard until it is left; @ret_exit_code is what main() returns.
 * Errors: usage, environment, no memory.  Owner: borrows everything.
 */
struct kt_error *kt_dashboard_run(const struct kt_live_config *config,
				  int *ret_exit_code) KT_MUST_CHECK;

#endif
