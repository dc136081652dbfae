/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A probe in a guest whose snapshots come while it runs: without a guest. */
#include "tests/unit.h"

#include <string.h>

#include "base/clock.h"
#include "engine/runner_state.h"
#include "tests/engine/told.h"

static const char scenario_text[] =
	"{ \"schema\": 1, \"name\": \"s\", \"probes\": [ { \"name\": \"p\", \"pid\": 7,"
	"  \"snapshots\": 2, \"interval_ms\": 5, \"with\": \"cpu\" } ], \"checks\": ["
	"  { \"exit_code\": { \"equals\": 0 } }, { \"snapshot_count\": { \"equals\": 2 } },"
	"  { \"metric_count\": { \"min\": 5 } }, { \"monotone\": { \"of\": \"allocated_bytes\" } },"
	"  { \"counter\": { \"of\": \"allocated_bytes\", \"max\": 40 } } ] }";

#define LINE(event, rest)                                                     \
	"{\"schema\":1,\"event\":\"" event "\",\"host_mono_ns\":1,\"probe\":" \
	"\"jemalloc\",\"run\":0,\"target_pid\":7" rest "}\n"
#define SNAPSHOT(value)                                          \
	"\"timestamp_unix_sec\":1,\"elapsed_since_start_ns\":1," \
	"\"threads\":[{\"tid\":7,\"allocated_bytes\":" value "}]"
#define START		    LINE("probe_start", ",\"engine\":\"readv\",\"interval_ms\":5")
#define TAKEN(index, value) LINE("snapshot", ",\"index\":" index "," SNAPSHOT(value))
#define END		    LINE("probe_end", ",\"exit_code\":0,\"duration_ns\":1,\"snapshot_count\":2")
#define DOCUMENT_HEAD                                                      \
	"{\n  \"schema_version\": 2, \"pid\": 7, \"tool_version\": \"1\"," \
	"\"started_at_unix_sec\": 1, \"interrupted\": false,\n \"snapshots\": ["
#define DOCUMENT(values) DOCUMENT_HEAD values "]\n}\n"
#define TWO		 DOCUMENT("{" SNAPSHOT("30") "}, {" SNAPSHOT("31") "}")
#define ONE		 DOCUMENT("{" SNAPSHOT("30") "}")
#define STREAM		 START TAKEN("0", "30") TAKEN("1", "31") END

/* What stands in for the guest and for the rest of the runner. */
struct stage {
	struct told told;
	struct kt_runner_shared shared;
	struct kt_runner runner;
	struct kt_buf command;
	uint64_t limit_bytes;
	bool has_wound_up;
};

static struct stage *stage_of(struct kt_runner *runner)
{
	return (struct stage *)((char *)runner - offsetof(struct stage, runner));
}

void kt_runner_emit(struct kt_runner *runner, struct kt_event *event)
{
	event->scenario = "s";
	kt_session_emit(runner->shared->session, event);
}

void kt_runner_wind_up(struct kt_runner *runner)
{
	stage_of(runner)->has_wound_up = true;
}

void kt_guest_spawn(struct kt_guest *guest, uint32_t id, char *const *argv,
		    const char *const *environment, uint64_t limit_bytes)
{
	(void)environment;
	struct stage *stage = (struct stage *)guest;

	ck_assert_uint_eq(id, stage->runner.probe.id);
	stage->limit_bytes = limit_bytes;
	for (; *argv; argv++)
		kt_buf_printf(&stage->command, "%s ", *argv);
}

void kt_guest_kill(struct kt_guest *guest, uint32_t id, int signal)
{
	(void)guest;
	ck_abort_msg("%u is killed by %d", id, signal);
}

void kt_guest_fail(struct kt_guest *guest, enum kt_guest_reason reason, const char *detail)
{
	(void)guest;
	ck_abort_msg("the guest fails: %d %s", reason, detail);
}

static void stage_init(struct stage *stage, bool is_live)
{
	*stage = (struct stage){ 0 };
	told_init(&stage->told, scenario_text);
	told_begin(&stage->told, "s");
	stage->shared.session = &stage->told.session;
	stage->shared.is_live = is_live;
	stage->runner.shared = &stage->shared;
	stage->runner.scenario = stage->told.scenarios.scenarios[0];
	stage->runner.guest = (struct kt_guest *)stage;
	stage->runner.probe.id = KT_PROBE_FIRST_ID;
	(void)uv_timer_init(&stage->told.loop, &stage->runner.probe_timer);
	kt_runner_next_probe(&stage->runner);
}

static void stage_deinit(struct stage *stage)
{
	for (int i = 0; i < KT_STREAM_COUNT; i++)
		kt_buf_deinit(&stage->runner.probe.streams[i]);
	kt_event_lines_deinit(&stage->runner.probe.lines);
	kt_buf_deinit(&stage->command);
	uv_close((uv_handle_t *)&stage->runner.probe_timer, NULL);
	told_deinit(&stage->told);
}

static void say(struct stage *stage, const char *text, size_t piece)
{
	size_t len = strlen(text);

	for (size_t at = 0; at < len; at += piece) {
		struct kt_link_message message = {
			.kind = KT_LINK_OUTPUT,
			.id = stage->runner.probe.id,
			.stream = KT_STREAM_STDOUT,
			.bytes = text + at,
			.len = len - at < piece ? len - at : piece,
		};
		kt_runner_probe_message(&stage->runner, &message);
	}
}

static const struct kt_event_probe_end *end(struct stage *stage, uint64_t exit_code)
{
	struct kt_link_message message = {
		.kind = KT_LINK_ENDED,
		.id = stage->runner.probe.id,
		.status = exit_code,
	};

	kt_runner_probe_message(&stage->runner, &message);
	ck_assert(stage->has_wound_up);
	kt_session_judge(&stage->told.session, stage->runner.scenario);
	ck_assert_ptr_null(stage->told.session.error);
	const struct kt_run_scenario *scenario =
		kt_run_find_scenario(&stage->told.session.run, "s");
	return &kt_run_find_probe(scenario, "p")->runs[0].end;
}

static void put_verdicts(const struct stage *stage, struct kt_buf *out)
{
	const struct kt_run_scenario *scenario =
		kt_run_find_scenario(&stage->told.session.run, "s");

	for (size_t i = 0; i < scenario->check_count; i++) {
		const struct kt_event_check *check = &scenario->checks[i].check;
		kt_buf_printf(out, "%s=%s %s %s\n", check->check, kt_verdict_name(check->verdict),
			      check->worst ? check->worst : "-",
			      check->detail ? check->detail : "-");
	}
}

START_TEST(commands)
{
	struct stage live;
	struct stage batch;

	stage_init(&live, true);
	stage_init(&batch, false);
	ck_assert_str_eq(kt_buf_text(&batch.command), "ktstr-jemalloc-probe --pid 7 --json "
						      "--with cpu --snapshots 2 --interval-ms 5 ");
	ck_assert_str_eq(kt_buf_text(&live.command), "ktstr-jemalloc-probe --pid 7 --json --stream "
						     "--with cpu --snapshots 2 --interval-ms 5 ");
	ck_assert_uint_eq(batch.limit_bytes, KT_CAPTURE_MAX_BYTES);
	/* A stream has more to tell about its start. */
	ck_assert_str_eq(kt_buf_text(&live.told.types), "run_start scenario_start ");
	ck_assert_str_eq(kt_buf_text(&batch.told.types), "run_start scenario_start probe_start ");
	stage_deinit(&live);
	stage_deinit(&batch);
}
END_TEST

static const size_t pieces[] = { 1, 3, 64, 100000 };

START_TEST(snapshots_are_told_when_they_come)
{
	struct stage stage;
	size_t piece = pieces[_i];

	stage_init(&stage, true);
	say(&stage, START, piece);
	say(&stage, TAKEN("0", "30"), piece);
	ck_assert_uint_eq(stage.told.type_counts[KT_EVENT_SNAPSHOT], 1);
	ck_assert(strstr(kt_buf_text(&stage.told.lines), "\"engine\":\"readv\""));
	ck_assert(strstr(kt_buf_text(&stage.told.lines), "\"probe\":\"p\",\"run\":0,\"index\":0"));
	say(&stage, TAKEN("1", "31") END TWO, piece);
	const struct kt_event_probe_end *told = end(&stage, 0);
	ck_assert_ptr_null(told->document_error);
	ck_assert_uint_eq(told->stdout_bytes.value, strlen(TWO));
	ck_assert_uint_eq(told->snapshot_count.value, 2);
	ck_assert_uint_eq(stage.told.type_counts[KT_EVENT_SNAPSHOT], 2);
	stage_deinit(&stage);
}
END_TEST

/* What a probe says in a stream and behind it, and what it says without. */
static const struct {
	const char *live;
	const char *batch;
	uint64_t exit_code;
	const char *error; /* in both */
} same[] = {
	{ STREAM TWO, TWO, 0, NULL },
	{ START TAKEN("0", "30") TAKEN("1", "29")
		  END DOCUMENT("{" SNAPSHOT("30") "}, {" SNAPSHOT("29") "}"),
	  DOCUMENT("{" SNAPSHOT("30") "}, {" SNAPSHOT("29") "}"), 0, NULL },
	{ START TAKEN("0", "50") END DOCUMENT("{" SNAPSHOT("50") "}"),
	  DOCUMENT("{" SNAPSHOT("50") "}"), 0, NULL },
	{ "", "", 1, "there is no output" },
	/* It failed, or was killed, in the middle: no document, so nothing counts. */
	{ START TAKEN("0", "50") END, "", 1, "there is no output" },
	{ START TAKEN("0", "50"), "", 1, "there is no output" },
	/* Its document was cut. */
	{ STREAM DOCUMENT_HEAD, DOCUMENT_HEAD, 0, NULL },
	{ STREAM TWO "x", TWO "x", 0, NULL },
};

START_TEST(verdicts_are_those_of_a_batch)
{
	kt_autobuf struct kt_buf live_verdicts = KT_BUF_INIT;
	kt_autobuf struct kt_buf batch_verdicts = KT_BUF_INIT;
	struct stage live;
	struct stage batch;

	stage_init(&live, true);
	stage_init(&batch, false);
	say(&live, same[_i].live, 50);
	say(&batch, same[_i].batch, 50);
	const struct kt_event_probe_end *live_end = end(&live, same[_i].exit_code);
	const struct kt_event_probe_end *batch_end = end(&batch, same[_i].exit_code);
	put_verdicts(&live, &live_verdicts);
	put_verdicts(&batch, &batch_verdicts);
	ck_assert_str_eq(kt_buf_text(&live_verdicts), kt_buf_text(&batch_verdicts));
	ck_assert(live_end->metric_count.known);
	ck_assert_uint_eq(live_end->metric_count.value, batch_end->metric_count.value);
	ck_assert_uint_eq(live_end->stdout_bytes.value, batch_end->stdout_bytes.value);
	ck_assert_int_eq(!live_end->document_error, !batch_end->document_error);
	if (live_end->document_error)
		ck_assert_str_eq(live_end->document_error, batch_end->document_error);
	if (same[_i].error)
		ck_assert_str_eq(live_end->document_error, same[_i].error);
	stage_deinit(&live);
	stage_deinit(&batch);
}
END_TEST

static const struct {
	const char *text;
	size_t snapshots;
	const char *error;
} wrong[] = {
	{ STREAM ONE, 2, "its document has 1 snapshots, its stream had 2" },
	{ START TAKEN("0", "30") END TWO, 1, "its document has 2 snapshots, its stream had 1" },
	{ TWO, 0, "its document has 2 snapshots, its stream had 0" },
	/* From the first line that is none of the stream on it is all taken for the document. */
	{ START "garbage\n" TAKEN("0", "30") END TWO, 0, "probe output:1:1: " },
	{ START TAKEN("1", "30") TAKEN("0", "30") END TWO, 0, "probe output:2:1: " },
	{ TAKEN("0", "30") START END TWO, 0, "probe output:2:1: " },
	{ START START TAKEN("0", "30") END TWO, 0, "probe output:2:1: " },
	{ START LINE("note", ",\"text\":\"x\"") END TWO, 0, "probe output:2:1: " },
	{ START TAKEN("0", "30") "{\"schema\":1,\"even", 1, "probe output:1:" },
};

START_TEST(a_stream_that_is_wrong)
{
	struct stage stage;

	stage_init(&stage, true);
	say(&stage, wrong[_i].text, 7);
	const struct kt_event_probe_end *told = end(&stage, 0);
	ck_assert_uint_eq(stage.told.type_counts[KT_EVENT_SNAPSHOT], wrong[_i].snapshots);
	ck_assert_ptr_nonnull(told->document_error);
	ck_assert_msg(!strncmp(told->document_error, wrong[_i].error, strlen(wrong[_i].error)),
		      "%s", told->document_error);
	ck_assert(!told->snapshot_count.known);
	stage_deinit(&stage);
}
END_TEST

/* A line of tomorrow is skipped, and a document of any length is cut where a batch cuts it. */
START_TEST(limits)
{
	kt_autobuf struct kt_buf flood = KT_BUF_INIT;
	struct stage stage;

	stage_init(&stage, true);
	say(&stage, START LINE("of_tomorrow", "") TAKEN("0", "30") TAKEN("1", "31") END, 1000);
	ck_assert_uint_eq(stage.told.type_counts[KT_EVENT_SNAPSHOT], 2);
	for (size_t i = 0; i < KT_CAPTURE_MAX_BYTES + 10; i++)
		kt_buf_putc(&flood, ' ');
	say(&stage, kt_buf_text(&flood), 1 << 20);
	const struct kt_event_probe_end *told = end(&stage, 0);
	ck_assert_uint_eq(told->stdout_bytes.value, KT_CAPTURE_MAX_BYTES);
	ck_assert_ptr_nonnull(told->document_error);
	stage_deinit(&stage);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("stream");
	TCase *tests = tcase_create("stream");

	tcase_add_test(tests, commands);
	tcase_add_loop_test(tests, snapshots_are_told_when_they_come, 0, 4);
	tcase_add_loop_test(tests, verdicts_are_those_of_a_batch, 0,
			    (int)(sizeof(same) / sizeof(*same)));
	tcase_add_loop_test(tests, a_stream_that_is_wrong, 0,
			    (int)(sizeof(wrong) / sizeof(*wrong)));
	tcase_add_test(tests, limits);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
