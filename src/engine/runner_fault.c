/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/runner_state.h"

/* Whoever looks at the recording is told that this did not happen by itself. */
static void on_strike(void *ctx, const char *scenario, const struct kt_guest_strike *strike)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_printf(&text, "fault injected: %s@%s", kt_fault_kind_name(strike->fault),
		      strike->place);
	kt_session_note(ctx, scenario, kt_buf_text(&text));
}

struct kt_guest_strikes kt_runner_strikes(const struct kt_runner *runner, enum kt_fault_role role)
{
	/* Not the runner is told: a template's guest may outlive the one that asked for it. */
	struct kt_guest_strikes strikes = {
		.on_strike = on_strike,
		.ctx = runner->shared->session,
		.name = runner->scenario->name,
	};

	if (runner->shared->faults)
		kt_faults_select(runner->shared->faults, runner->scenario->name, role, &strikes);
	return strikes;
}
