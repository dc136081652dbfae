/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TAP with a header of version 13 and what version 14 adds: prove refuses a header of 14,
 * Automake's driver takes both.  One test point per check, named scenario/check.
 */
#include <inttypes.h>
#include <string.h>

#include "base/json_write.h"
#include "base/text.h"
#include "report/format.h"

static void tap_begin(struct kt_report *report)
{
	kt_buf_puts(&report->out, "TAP version 13\n");
}

/* One line of a YAML block; a JSON string is a YAML string. */
static void put_yaml_text(struct kt_buf *out, const char *key, const char *text)
{
	kt_autobuf struct kt_buf clean = KT_BUF_INIT;
	struct kt_json_writer writer;

	if (!text || !*text)
		return;
	kt_text_sanitize(&clean, text, strlen(text), KT_REPORT_MAX_TEXT_BYTES, true);
	kt_buf_printf(out, "  %s: ", key);
	kt_json_writer_init(&writer, out, 0);
	kt_json_string(&writer, kt_buf_text(&clean));
	kt_buf_putc(out, '\n');
}

static void put_yaml_number(struct kt_buf *out, const char *key, struct kt_opt_u64 number)
{
	if (number.known)
		kt_buf_printf(out, "  %s: %" PRIu64 "\n", key, number.value);
}

static void put_duration(struct kt_buf *out, uint64_t duration_ns)
{
	kt_buf_printf(out, "  duration_ms: %" PRIu64 ".%06" PRIu64 "\n", duration_ns / 1000000,
		      duration_ns % 1000000);
}

/* "ok 3 - scenario/check"; of names from scenario files only repeated ones have a '#', none a '\'. */
static void put_point(struct kt_report *report, bool ok, const char *scenario, const char *check)
{
	struct kt_buf *out = &report->out;
	kt_autobuf struct kt_buf name = KT_BUF_INIT;

	kt_report_text(&name, scenario);
	if (check) {
		kt_buf_putc(&name, '/');
		kt_report_text(&name, check);
	}
	kt_buf_printf(out, "%sok %zu - ", ok ? "" : "not ", ++report->point_count);
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] == '#' || name.data[i] == '\\')
			kt_buf_putc(out, '\\');
		kt_buf_putc(out, name.data[i]);
	}
}

static void put_skip(struct kt_buf *out, const char *reason)
{
	kt_buf_puts(out, " # SKIP");
	if (reason && *reason) {
		kt_buf_putc(out, ' ');
		kt_report_text(out, reason);
	}
}

/* Whether the point of @check says by itself that its scenario did not pass. */
static bool is_good(enum kt_verdict verdict)
{
	return verdict == KT_VERDICT_PASS || verdict == KT_VERDICT_SKIP;
}

static void put_check(struct kt_report *report, const struct kt_run_scenario *scenario,
		      const struct kt_event_check *check)
{
	struct kt_buf *out = &report->out;
	bool skipped = check->verdict == KT_VERDICT_SKIP || scenario->end.verdict == KT_RESULT_SKIP;

	put_point(report, skipped || is_good(check->verdict), scenario->name, check->check);
	if (skipped)
		put_skip(out, check->detail ? check->detail : kt_report_reason(scenario));
	kt_buf_puts(out, "\n  ---\n");
	put_duration(out, scenario->end.duration_ns);
	put_yaml_text(out, "verdict", kt_verdict_name(check->verdict));
	put_yaml_text(out, "text", check->text);
	put_yaml_text(out, "threshold", check->threshold);
	put_yaml_text(out, "worst", check->worst);
	put_yaml_text(out, "detail", check->detail);
	put_yaml_text(out, "probe", check->probe);
	put_yaml_number(out, "run", check->run);
	put_yaml_number(out, "snapshot", check->snapshot);
	put_yaml_number(out, "tid", check->tid);
	if (!is_good(check->verdict))
		put_yaml_text(out, "reason", kt_report_reason(scenario));
	kt_buf_puts(out, "  ...\n");
}

/* A scenario whose checks do not say what it came to gets a test point of its own. */
static void put_scenario_point(struct kt_report *report, const struct kt_run_scenario *scenario)
{
	struct kt_buf *out = &report->out;
	enum kt_result result = scenario->end.verdict;
	bool ok = result == KT_RESULT_PASS || result == KT_RESULT_SKIP;

	put_point(report, ok, scenario->name, NULL);
	if (result == KT_RESULT_SKIP)
		put_skip(out, kt_report_reason(scenario));
	kt_buf_puts(out, "\n  ---\n");
	put_duration(out, scenario->end.duration_ns);
	put_yaml_text(out, "verdict", kt_result_name(result));
	put_yaml_text(out, "reason", kt_report_reason(scenario));
	put_yaml_text(out, "console_tail", scenario->end.console_tail);
	put_yaml_text(out, "qemu_stderr_tail", scenario->end.qemu_stderr_tail);
	kt_buf_puts(out, "  ...\n");
}

static void tap_event(struct kt_report *report, const struct kt_run *run,
		      const struct kt_event *event)
{
	if (event->type == KT_EVENT_NOTE) {
		kt_buf_puts(&report->out, "# ");
		kt_report_text(&report->out, event->note.text);
		kt_buf_putc(&report->out, '\n');
	}
	if (event->type != KT_EVENT_SCENARIO_END)
		return;
	const struct kt_run_scenario *scenario = kt_run_find_scenario(run, event->scenario);
	for (size_t i = 0; i < scenario->check_count; i++)
		put_check(report, scenario, &scenario->checks[i].check);
	if (!scenario->check_count || scenario->end.verdict == KT_RESULT_ERROR ||
	    scenario->end.verdict == KT_RESULT_CANCELLED)
		put_scenario_point(report, scenario);
}

static void tap_end(struct kt_report *report, const struct kt_run *run, const char *fatal)
{
	(void)run;
	if (fatal) {
		kt_buf_puts(&report->out, "Bail out! ");
		kt_report_text(&report->out, fatal);
		kt_buf_putc(&report->out, '\n');
		return;
	}
	kt_buf_printf(&report->out, "1..%zu%s\n", report->point_count,
		      report->point_count ? "" : " # SKIP nothing to run");
}

const struct kt_report_kind kt_report_tap = {
	.name = "tap",
	.begin = tap_begin,
	.event = tap_event,
	.end = tap_end,
};
