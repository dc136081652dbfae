/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the dashboard is told besides the model. */
#include <string.h>

#include "base/clock.h"
#include "top/live.h"

static void put_problem(struct kt_buf *out, const char *text)
{
	if (out->len)
		kt_buf_puts(out, "; ");
	kt_buf_puts(out, text);
}

/* Why the numbers of a process of this machine stand still. */
static void put_end_of_process(const struct kt_run *run, struct kt_buf *out)
{
	const struct kt_run_scenario *scenario = run->scenario_count ? run->scenarios[0] : NULL;
	const struct kt_run_probe *probe = scenario && scenario->probe_count ? &scenario->probes[0]
									     : NULL;
	const struct kt_run_probe_run *last =
		probe && probe->run_count ? &probe->runs[probe->run_count - 1] : NULL;

	if (!last || !last->ended || !last->end.end_reason)
		return;
	if (!strcmp(last->end.end_reason, "target-exited"))
		put_problem(out, "the process has ended");
	else if (!strcmp(last->end.end_reason, "exe-identity-changed"))
		put_problem(out, "the process runs another program now (exec)");
	else if (last->end.detail)
		put_problem(out, last->end.detail);
}

static const char *find_problem(struct kt_live *live)
{
	struct kt_feed_state state = kt_feed_state(live->feed);
	struct kt_buf *out = &live->problem;

	kt_buf_reset(out);
	if (live->session.error)
		put_problem(out, kt_error_message(live->session.error));
	if (live->recording.has_failed)
		put_problem(out, kt_buf_text(&live->recording.problem));
	if (state.problem)
		put_problem(out, state.problem);
	else if (live->config.line->source == KT_SOURCE_LOCAL)
		put_end_of_process(&live->session.run, out);
	if (state.was_cut)
		put_problem(out, "the recording's last line was cut, and is left out");
	return out->len ? kt_buf_text(out) : NULL;
}

/* Of the first probe that tells. */
static uint64_t find_interval_ms(const struct kt_run *run)
{
	for (size_t i = 0; i < run->scenario_count; i++) {
		const struct kt_run_scenario *scenario = run->scenarios[i];

		for (size_t j = 0; j < scenario->probe_count; j++)
			if (scenario->probes[j].run_count &&
			    scenario->probes[j].runs[0].start.interval_ms.known)
				return scenario->probes[j].runs[0].start.interval_ms.value;
	}
	return 0;
}

struct kt_dashboard_input kt_live_input(struct kt_live *live)
{
	const struct kt_run *run = &live->session.run;
	struct kt_feed_state state = kt_feed_state(live->feed);
	bool is_replay = live->config.line->source == KT_SOURCE_REPLAY;
	bool is_running = !is_replay && !state.has_ended;

	if (!live->interval_ms)
		live->interval_ms = find_interval_ms(run);
	struct kt_dashboard_input input = {
		.run = run,
		.now_ns = is_running ? kt_clock_mono_ns() - live->session.started_ns
				     : run->last_mono_ns,
		.is_live = !is_replay,
		.has_ended = state.has_ended,
		.source = kt_feed_name(live->feed),
		.problem = find_problem(live),
		.loaded_permille = state.loaded_permille,
		.interval_ms = live->interval_ms,
		.command = kt_buf_text(&live->command),
	};
	if (is_running)
		input.real_ns = kt_clock_real_ns();
	else if (run->started)
		input.real_ns = run->start.started_at_unix_sec * KT_NS_PER_SEC + input.now_ns;
	return input;
}
