/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "report/format.h"

#define DEFAULT_COLUMNS 80

static const struct {
	const char *word; /* five wide */
	const char *colour;
} results[KT_RESULT_COUNT] = {
	[KT_RESULT_PASS] = { "PASS ", "\033[32m" },	 [KT_RESULT_FAIL] = { "FAIL ", "\033[31m" },
	[KT_RESULT_ERROR] = { "ERROR", "\033[35m" },	 [KT_RESULT_SKIP] = { "SKIP ", "\033[33m" },
	[KT_RESULT_CANCELLED] = { "STOP ", "\033[33m" },
};

static void put_result(struct kt_report *report, enum kt_result result)
{
	if (report->options.colour)
		kt_buf_puts(&report->out, results[result].colour);
	kt_buf_puts(&report->out, results[result].word);
	if (report->options.colour)
		kt_buf_puts(&report->out, "\033[0m");
}

/* ---- the status line of a terminal ---- */

static void clear_status(struct kt_report *report)
{
	if (report->status_visible)
		kt_buf_puts(&report->out, "\r\033[K");
	report->status_visible = false;
}

/* What is running: "[2/4] thread-churn: probing". */
static void write_status(const struct kt_run *run, struct kt_buf *out)
{
	const char *separator = " ";
	size_t ended = 0;

	for (size_t i = 0; i < run->scenario_count; i++)
		ended += run->scenarios[i]->ended;
	kt_buf_printf(out, "[%zu/%zu]", ended,
		      run->start.scenario_count > run->scenario_count ? run->start.scenario_count
								      : run->scenario_count);
	for (size_t i = 0; i < run->scenario_count; i++) {
		const struct kt_run_scenario *scenario = run->scenarios[i];

		if (scenario->ended)
			continue;
		kt_buf_puts(out, separator);
		kt_report_text(out, scenario->name);
		kt_buf_printf(out, ": %s", kt_guest_state_name(scenario->guest.state));
		separator = ", ";
	}
}

static void show_status(struct kt_report *report, const struct kt_run *run)
{
	kt_autobuf struct kt_buf line = KT_BUF_INIT;
	size_t columns = report->options.columns ? report->options.columns : DEFAULT_COLUMNS;

	if (run->ended || !report->options.terminal)
		return;
	write_status(run, &line);
	/* Cut by bytes: names are ASCII or were made so that each byte is at most a column. */
	kt_text_sanitize(&report->out, kt_buf_text(&line), line.len, columns - 1, false);
	report->status_visible = true;
}

/* ---- checks ---- */

static bool is_worth_a_line(const struct kt_report *report, enum kt_verdict verdict)
{
	return report->options.verbose ||
	       (verdict != KT_VERDICT_PASS && verdict != KT_VERDICT_SKIP);
}

static void put_labelled(struct kt_buf *out, const char *label, const char *text)
{
	if (!text)
		return;
	kt_buf_printf(out, "%s", label);
	kt_report_text(out, text);
}

static void put_check(struct kt_report *report, const struct kt_event_check *check)
{
	kt_autobuf struct kt_buf place = KT_BUF_INIT;
	kt_autobuf struct kt_buf facts = KT_BUF_INIT;
	struct kt_buf *out = &report->out;

	kt_buf_printf(out, "      %-11s ", kt_verdict_name(check->verdict));
	kt_report_text(out, check->check);
	put_labelled(out, ": ", check->text);
	kt_buf_putc(out, '\n');

	put_labelled(&facts, "; allowed ", check->threshold);
	put_labelled(&facts, "; worst ", check->worst);
	kt_report_place(&place, check);
	if (place.len)
		kt_buf_printf(&facts, "; at %s", kt_buf_text(&place));
	put_labelled(&facts, "; ", check->detail);
	if (facts.len)
		kt_buf_printf(out, "                  %s\n", kt_buf_text(&facts) + 2);
}

/* ---- tails ---- */

static void put_tail(struct kt_buf *out, const char *title, const char *tail)
{
	if (!tail || !*tail)
		return;
	kt_buf_printf(out, "      %s:\n", title);
	for (const char *line = tail; *line;) {
		size_t len = strcspn(line, "\n");

		kt_buf_puts(out, "      | ");
		kt_text_sanitize(out, line, len, KT_REPORT_MAX_TEXT_BYTES, false);
		kt_buf_putc(out, '\n');
		line += len + (line[len] == '\n');
	}
}

/* What the probe said on stderr, where the verdict is not a pass. */
static void put_probe_tails(struct kt_buf *out, const struct kt_run_scenario *scenario)
{
	for (size_t i = 0; i < scenario->probe_count; i++) {
		const struct kt_run_probe *probe = &scenario->probes[i];

		for (size_t run = 0; run < probe->run_count; run++) {
			const struct kt_event_probe_end *end = &probe->runs[run].end;
			kt_autobuf struct kt_buf title = KT_BUF_INIT;

			if (!end->stderr_tail)
				continue;
			kt_buf_puts(&title, "stderr of probe ");
			kt_report_text(&title, probe->name);
			kt_buf_printf(&title, ", run %zu", run);
			put_tail(out, kt_buf_text(&title), end->stderr_tail);
			break; /* the first says it; the run file has them all */
		}
	}
}

/*
 * Where the guest itself failed or was cancelled, that explains why checks could not be judged; they
 * are counted then, and only -v names them.
 */
static void put_checks(struct kt_report *report, const struct kt_run_scenario *scenario)
{
	bool is_explained = scenario->end.reason && !report->options.verbose;
	size_t untold_count = 0;

	for (size_t i = 0; i < scenario->check_count; i++) {
		const struct kt_event_check *check = &scenario->checks[i].check;
		if (is_explained && check->verdict == KT_VERDICT_CANNOT_TELL)
			untold_count++;
		else if (is_worth_a_line(report, check->verdict))
			put_check(report, check);
	}
	if (untold_count)
		kt_buf_printf(&report->out, "      %zu of %zu checks could not be judged\n",
			      untold_count, scenario->check_count);
}

/* ---- what the guest cost ---- */

static void put_known_bytes(struct kt_buf *out, const char *label, struct kt_opt_u64 bytes)
{
	if (!bytes.known)
		return;
	kt_buf_puts(out, label);
	kt_text_format_bytes(out, bytes.value);
}

/* A line of what is known; what is not is left out. */
static void put_usage(struct kt_buf *out, const struct kt_event_scenario_end *end)
{
	kt_autobuf struct kt_buf facts = KT_BUF_INIT;

	if (end->guest_cpu_ns.known) {
		kt_buf_puts(&facts, ", CPU time ");
		kt_text_format_duration(&facts, end->guest_cpu_ns.value);
	}
	put_known_bytes(&facts, ", peak memory ", end->guest_peak_rss_bytes);
	put_known_bytes(&facts, ", private memory ", end->guest_private_bytes);
	if (facts.len)
		kt_buf_printf(out, "      QEMU: %s\n", kt_buf_text(&facts) + 2);
}

/* ---- events ---- */

static void put_scenario(struct kt_report *report, const struct kt_run_scenario *scenario)
{
	enum kt_result result = scenario->end.verdict;
	struct kt_buf *out = &report->out;
	bool good = result == KT_RESULT_PASS || result == KT_RESULT_SKIP;
	kt_autobuf struct kt_buf name = KT_BUF_INIT;
	kt_autobuf struct kt_buf time = KT_BUF_INIT;

	if (good && report->options.quiet)
		return;
	kt_report_text(&name, scenario->name);
	if (scenario->end.duration_ns)
		kt_text_format_duration(&time, scenario->end.duration_ns);
	put_result(report, result);
	kt_buf_printf(out, " %-28s %8s", kt_buf_text(&name), kt_buf_text(&time));
	if (scenario->end.accel != KT_ACCEL_NONE)
		kt_buf_printf(out, "  %s", kt_accel_name(scenario->end.accel));
	put_labelled(out, "  ", scenario->end.reason);
	kt_buf_putc(out, '\n');

	if (report->options.verbose)
		put_usage(out, &scenario->end);
	put_checks(report, scenario);
	if (!good)
		put_probe_tails(out, scenario);
	if (result == KT_RESULT_ERROR) {
		put_tail(out, "end of the guest's console", scenario->end.console_tail);
		put_tail(out, "end of QEMU's stderr", scenario->end.qemu_stderr_tail);
	}
}

static void put_accel(struct kt_report *report, const struct kt_event *event)
{
	const struct kt_event_accel *accel = &event->accel;
	struct kt_buf *out = &report->out;

	kt_buf_printf(out, "accelerator %s", kt_accel_name(accel->choice));
	if (accel->reason && *accel->reason)
		put_labelled(out, ": ", accel->reason);
	kt_buf_putc(out, '\n');
	for (size_t i = 0; i < accel->step_count; i++) {
		put_labelled(out, "      ", accel->steps[i].step);
		put_labelled(out, ": ", accel->steps[i].outcome);
		put_labelled(out, ", ", accel->steps[i].reason);
		kt_buf_putc(out, '\n');
	}
}

static void put_note(struct kt_report *report, const struct kt_event *event)
{
	kt_buf_puts(&report->out, "note  ");
	if (event->scenario) {
		kt_report_text(&report->out, event->scenario);
		kt_buf_puts(&report->out, ": ");
	}
	kt_report_text(&report->out, event->note.text);
	kt_buf_putc(&report->out, '\n');
}

/* ", kernel 6.12.1, 2 CPUs, 1 node, ..." */
static void put_machine(struct kt_buf *out, const struct kt_guest_machine *machine)
{
	put_labelled(out, ", kernel ", machine->release);
	kt_buf_puts(out, ", ");
	kt_topology_seen_put(&machine->seen, out);
}

static void put_guest_state(struct kt_report *report, const struct kt_event *event)
{
	const struct kt_event_guest_state *state = &event->guest_state;
	struct kt_buf *out = &report->out;
	kt_autobuf struct kt_buf time = KT_BUF_INIT;

	kt_text_format_duration(&time, state->since_start_ns);
	kt_buf_puts(out, "guest ");
	kt_report_text(out, event->scenario);
	kt_buf_printf(out, ": %s after %s", kt_guest_state_name(state->state), kt_buf_text(&time));
	if (state->machine)
		put_machine(out, state->machine);
	if (state->reason != KT_REASON_NONE)
		kt_buf_printf(out, ", %s", kt_guest_reason_name(state->reason));
	put_labelled(out, ", ", state->detail);
	kt_buf_putc(out, '\n');
}

/* Whether the status line shows something that @event changes. */
static bool moves_status(enum kt_event_type type)
{
	return type == KT_EVENT_GUEST_STATE || type == KT_EVENT_SCENARIO_START ||
	       type == KT_EVENT_SCENARIO_END || type == KT_EVENT_RUN_END;
}

static bool has_lines(const struct kt_report *report, enum kt_event_type type)
{
	return type == KT_EVENT_SCENARIO_END ||
	       (report->options.verbose &&
		(type == KT_EVENT_NOTE || type == KT_EVENT_ACCEL || type == KT_EVENT_GUEST_STATE));
}

static void plain_event(struct kt_report *report, const struct kt_run *run,
			const struct kt_event *event)
{
	if (!has_lines(report, event->type) && !moves_status(event->type))
		return;
	clear_status(report);
	if (has_lines(report, event->type)) {
		if (event->type == KT_EVENT_SCENARIO_END)
			put_scenario(report, kt_run_find_scenario(run, event->scenario));
		else if (event->type == KT_EVENT_NOTE)
			put_note(report, event);
		else if (event->type == KT_EVENT_ACCEL)
			put_accel(report, event);
		else
			put_guest_state(report, event);
	}
	show_status(report, run);
}

/* ---- the end ---- */

static void put_counted(struct kt_buf *out, uint32_t count, const char *word)
{
	if (count)
		kt_buf_printf(out, ", %" PRIu32 " %s", count, word);
}

static void plain_end(struct kt_report *report, const struct kt_run *run, const char *fatal)
{
	struct kt_buf *out = &report->out;
	kt_autobuf struct kt_buf time = KT_BUF_INIT;
	uint32_t open = 0;

	clear_status(report);
	if (fatal) {
		kt_buf_puts(out, "ERROR ");
		kt_report_text(out, fatal);
		kt_buf_putc(out, '\n');
	}
	if (!run->scenario_count)
		return;
	for (size_t i = 0; i < run->scenario_count; i++)
		open += !run->scenarios[i]->ended;
	kt_text_format_duration(&time, run->ended ? run->end.duration_ns : run->last_mono_ns);
	kt_buf_printf(out, "%zu scenario%s: %" PRIu32 " passed", run->scenario_count,
		      run->scenario_count == 1 ? "" : "s",
		      kt_run_count_results(run, KT_RESULT_PASS));
	put_counted(out, kt_run_count_results(run, KT_RESULT_FAIL), "failed");
	put_counted(out, kt_run_count_results(run, KT_RESULT_ERROR), "could not be judged");
	put_counted(out, kt_run_count_results(run, KT_RESULT_SKIP), "skipped");
	put_counted(out, kt_run_count_results(run, KT_RESULT_CANCELLED), "cancelled");
	put_counted(out, open, "not ended");
	kt_buf_printf(out, " in %s\n", kt_buf_text(&time));
}

const struct kt_report_kind kt_report_plain = {
	.name = "plain",
	.event = plain_event,
	.end = plain_end,
};
