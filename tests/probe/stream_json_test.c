/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --stream --json: the same snapshots twice, as lines while they are taken and as one document. */
#include "tests/unit.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "run/probe_document.h"
#include "tests/probe/harness.h"

enum {
	DEADLINE_S = 60
};

/* What a run said, apart. */
struct said {
	struct kt_buf snapshots; /* as events */
	size_t snapshot_count;
	struct kt_event end;
	const char *document; /* behind the last line */
	size_t document_len;
};

static void encode(const struct kt_snapshot *snapshot, size_t index, struct kt_buf *out)
{
	struct kt_event event = {
		.type = KT_EVENT_SNAPSHOT,
		.snapshot = { .probe = "p", .index = (uint32_t)index, .snapshot = *snapshot },
	};

	kt_event_encode(&event, out);
}

static void take_apart(const struct outcome *outcome, struct said *ret)
{
	const char *at = kt_buf_text(&outcome->out);

	*ret = (struct said){ 0 };
	while (!ret->document) {
		struct kt_event event = { 0 };
		const char *line_end = strchr(at, '\n');
		ck_assert_ptr_nonnull(line_end);
		KT_OK(kt_event_decode(at, (size_t)(line_end - at), &event));
		at = line_end + 1;
		if (event.type == KT_EVENT_SNAPSHOT)
			encode(&event.snapshot.snapshot, ret->snapshot_count++, &ret->snapshots);
		if (event.type == KT_EVENT_PROBE_END) {
			ret->end = event;
			ret->document = at;
			ret->document_len = strlen(at);
		} else {
			kt_event_deinit(&event);
		}
	}
}

static void said_deinit(struct said *said)
{
	kt_buf_deinit(&said->snapshots);
	kt_event_deinit(&said->end);
}

/* The document has what the lines had, and nothing else. */
static void expect_same(const struct said *said, struct kt_probe_document *document)
{
	kt_autobuf struct kt_buf again = KT_BUF_INIT;
	static const char head[] = "{\n  \"schema_version\": 2,\n  \"pid\": ";

	ck_assert_int_eq(strncmp(said->document, head, strlen(head)), 0);
	KT_OK(kt_probe_document_parse(said->document, said->document_len, document));
	for (size_t i = 0; i < document->snapshot_count; i++)
		encode(&document->snapshots[i], i, &again);
	ck_assert_uint_eq(document->snapshot_count, said->snapshot_count);
	ck_assert_uint_eq(said->end.probe_end.snapshot_count.value, said->snapshot_count);
	ck_assert_str_eq(kt_buf_text(&again), kt_buf_text(&said->snapshots));
	ck_assert_int_eq(said->end.probe_end.interrupted.value, document->interrupted);
}

static const char *const options[] = {
	"--stream --json",
	"--json --stream --snapshots 3 --interval-ms 5 --with cpu,sched,process",
};

START_TEST(lines_and_then_the_document)
{
	kt_autodocument struct kt_probe_document document = { 0 };
	struct outcome outcome;
	struct target target;
	struct said said;

	target_start(&target, KT_TARGET, 500, "park");
	probe_run(target.pid, options[_i], &outcome);
	ck_assert_int_eq(outcome.exit_code, 0);
	take_apart(&outcome, &said);
	expect_same(&said, &document);
	ck_assert_uint_eq(said.snapshot_count, _i ? 3 : 1);
	ck_assert_uint_eq(document.snapshots[0].thread_count, 500);
	for (size_t i = 1; i < document.snapshot_count; i++) {
		/* The document's time: the wait begins when a snapshot is over. */
		const struct kt_snapshot *before = &document.snapshots[i - 1];
		ck_assert_uint_ge(document.snapshots[i].elapsed_since_start_ns,
				  before->elapsed_since_start_ns +
					  before->extras->duration_ns.value + 5 * KT_NS_PER_MS);
	}
	said_deinit(&said);
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

/* Waits until the first lines are there, so that there is something to report. */
static void await_output(const struct process *process)
{
	struct pollfd watch = { .fd = process->out, .events = POLLIN };

	ck_assert_int_eq(poll(&watch, 1, DEADLINE_S * 1000), 1);
}

static const struct {
	const char *mode;
	int signal; /* 0: the target ends or becomes another program */
	int exit_code;
	const char *end_reason;
} endings[] = {
	{ "park", SIGINT, 0, "interrupted" },
	{ "exit", 0, 0, "target-exited" },
	{ "exec", 0, 1, "exe-identity-changed" },
};

START_TEST(every_end_has_its_document)
{
	kt_autodocument struct kt_probe_document document = { 0 };
	struct outcome outcome;
	struct target target;
	struct said said;

	target_start(&target, KT_TARGET, 3, endings[_i].mode);
	struct process probe =
		probe_start(target.pid, "--stream --json --snapshots 100000 --interval-ms 5");
	await_output(&probe);
	if (endings[_i].signal)
		ck_assert_int_eq(kill(probe.pid, endings[_i].signal), 0);
	else
		ck_assert_int_eq(write(target.in, "x", 1), 1);
	process_finish(probe, &outcome);
	if (outcome.out.len && strstr(kt_buf_text(&outcome.out), "schema_version")) {
		ck_assert_int_eq(outcome.exit_code, endings[_i].exit_code);
		take_apart(&outcome, &said);
		expect_same(&said, &document);
		ck_assert_str_eq(said.end.probe_end.end_reason, endings[_i].end_reason);
		said_deinit(&said);
	} else {
		/* It came before the first snapshot: there is nothing to report. */
		ck_assert_int_eq(outcome.exit_code, 1);
		ck_assert(strstr(kt_buf_text(&outcome.err), "ktstr-probe-fatal: "));
	}
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

START_TEST(no_report_no_document)
{
	struct outcome outcome;

	probe_run(999999999, "--stream --json --snapshots 2 --interval-ms 1", &outcome);
	ck_assert_int_eq(outcome.exit_code, 1);
	ck_assert_uint_eq(outcome.out.len, 0);
	outcome_deinit(&outcome);
}
END_TEST

START_TEST(a_document_without_end_is_refused)
{
	struct outcome outcome;

	probe_run(1, "--stream --json --snapshots 0 --interval-ms 1", &outcome);
	ck_assert_int_eq(outcome.exit_code, 2);
	ck_assert_uint_eq(outcome.out.len, 0);
	ck_assert_str_eq(kt_buf_text(&outcome.err),
			 "error: --snapshots 0 and --json exclude each other: the document of a "
			 "run without end cannot be kept\n");
	outcome_deinit(&outcome);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("stream_json");
	TCase *tests = tcase_create("stream_json");

	tcase_add_loop_test(tests, lines_and_then_the_document, 0, 2);
	tcase_add_loop_test(tests, every_end_has_its_document, 0, 3);
	tcase_add_test(tests, no_report_no_document);
	tcase_add_test(tests, a_document_without_end_is_refused);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
