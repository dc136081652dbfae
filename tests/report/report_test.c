/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports against texts that were looked at: NAME.events gives NAME.FACE.  With
 * KTSTR_UPDATE_GOLDEN=1 in the environment the texts are written instead of compared.
 */
#include "tests/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "report/exit_code.h"
#include "report/report.h"
#include "run/run_file.h"

static const struct {
	const char *face;
	enum kt_report_format format;
	struct kt_report_options options;
} faces[] = {
	{ "plain", KT_REPORT_PLAIN, { 0 } },
	{ "quiet", KT_REPORT_PLAIN, { .quiet = true } },
	{ "verbose", KT_REPORT_PLAIN, { .verbose = true } },
	{ "terminal", KT_REPORT_PLAIN, { .terminal = true, .colour = true, .columns = 40 } },
	{ "tap", KT_REPORT_TAP, { 0 } },
	{ "json", KT_REPORT_JSON, { 0 } },
};

#define FACE_COUNT (sizeof(faces) / sizeof(faces[0]))

static const char *const names[] = { "good", "bad" };

struct session {
	struct kt_run run;
	struct kt_report *report;
};

static struct kt_error *append(void *ctx, const char *bytes, size_t len)
{
	kt_buf_append(ctx, bytes, len);
	return NULL;
}

static struct kt_error *take_event(void *ctx, const struct kt_event *event)
{
	struct session *session = ctx;

	KT_TRY(kt_run_apply(&session->run, event));
	return kt_report_event(session->report, &session->run, event);
}

static void read_file(const char *name, const char *suffix, struct kt_buf *path, struct kt_buf *out)
{
	const char *top = getenv("top_srcdir");

	kt_buf_printf(path, "%s/tests/report/%s.%s", top ? top : ".", name, suffix);
	if (out)
		KT_OK(kt_file_read(kt_buf_text(path), 1 << 20, out));
}

static void make_report(const char *name, size_t face, const char *fatal, struct kt_buf *out,
			int *ret_exit_code)
{
	struct session session = { .run = KT_RUN_INIT };
	struct kt_run_file_info info;
	kt_autobuf struct kt_buf path = KT_BUF_INIT;
	kt_autobuf struct kt_buf events = KT_BUF_INIT;

	read_file(name, "events", &path, &events);
	KT_OK(kt_report_create(faces[face].format, &faces[face].options, append, out,
			       &session.report));
	KT_OK(kt_report_begin(session.report));
	KT_OK(kt_run_file_read(events.data, events.len, "events", take_event, &session, &info));
	KT_OK(kt_report_end(session.report, &session.run, fatal));
	if (ret_exit_code)
		*ret_exit_code = kt_exit_code_of_run(&session.run);
	kt_report_destroy(session.report);
	kt_run_deinit(&session.run);
}

START_TEST(reports_read_as_agreed)
{
	const char *name = names[(size_t)_i / FACE_COUNT];
	size_t face = (size_t)_i % FACE_COUNT;
	kt_autobuf struct kt_buf got = KT_BUF_INIT;
	kt_autobuf struct kt_buf path = KT_BUF_INIT;
	kt_autobuf struct kt_buf expected = KT_BUF_INIT;

	make_report(name, face, NULL, &got, NULL);
	if (getenv("KTSTR_UPDATE_GOLDEN")) {
		read_file(name, faces[face].face, &path, NULL);
		KT_OK(kt_file_replace(kt_buf_text(&path), got.data, got.len, 0644));
		return;
	}
	read_file(name, faces[face].face, &path, &expected);
	ck_assert_str_eq(kt_buf_text(&got), kt_buf_text(&expected));
}
END_TEST

/* The only control bytes are newlines; on a terminal also what moves and colours its line. */
START_TEST(no_control_byte_gets_through)
{
	const char *name = names[(size_t)_i / FACE_COUNT];
	size_t face = (size_t)_i % FACE_COUNT;
	kt_autobuf struct kt_buf got = KT_BUF_INIT;

	make_report(name, face, "fatal \033[31m\a", &got, NULL);
	for (size_t i = 0; i < got.len; i++) {
		unsigned char byte = (unsigned char)got.data[i];
		bool ours = faces[face].options.terminal && (byte == '\033' || byte == '\r');

		ck_assert_msg(byte >= 0x20 || byte == '\n' || ours, "byte %u at %zu", byte, i);
		ck_assert_uint_ne(byte, 0x7f);
	}
	ck_assert_ptr_null(strstr(kt_buf_text(&got), "\033[2J"));
	if (faces[face].format != KT_REPORT_JSON)
		ck_assert_ptr_null(strstr(kt_buf_text(&got), "\xc2\x9b"));
}
END_TEST

START_TEST(json_is_the_event_stream)
{
	kt_autobuf struct kt_buf got = KT_BUF_INIT;
	kt_autobuf struct kt_buf path = KT_BUF_INIT;
	kt_autobuf struct kt_buf events = KT_BUF_INIT;

	make_report("good", FACE_COUNT - 1, NULL, &got, NULL);
	read_file("good", "events", &path, &events);
	ck_assert_str_eq(kt_buf_text(&got), kt_buf_text(&events));
}
END_TEST

START_TEST(exit_codes_of_runs)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;
	struct kt_run empty = KT_RUN_INIT;
	int code;

	make_report("good", 0, NULL, &out, &code);
	ck_assert_int_eq(code, 0);
	make_report("bad", 0, NULL, &out, &code);
	ck_assert_int_eq(code, 1);
	ck_assert_int_eq(kt_exit_code_of_run(&empty), 4);
}
END_TEST

/* The results of up to two scenarios, "-" for one that did not end; the code they make. */
static const struct {
	const char *first;
	const char *second;
	int code;
} runs[] = {
	{ "pass", "pass", 0 },	{ "pass", "skip", 0 },	{ "pass", "fail", 1 },
	{ "fail", "error", 1 }, { "pass", "error", 3 }, { "pass", "cancelled", 3 },
	{ "skip", "error", 3 }, { "pass", "-", 3 },	{ "fail", "-", 1 },
	{ "skip", "skip", 77 },
};

static void end_scenario(struct kt_run *run, const char *name, const char *result)
{
	struct kt_event event = { .type = KT_EVENT_SCENARIO_END, .scenario = name };

	for (int i = 0; i < KT_RESULT_COUNT; i++) {
		if (!strcmp(kt_result_name((enum kt_result)i), result)) {
			event.scenario_end.verdict = (enum kt_result)i;
			KT_OK(kt_run_apply(run, &event));
		}
	}
}

START_TEST(exit_codes_by_precedence)
{
	static const char *const both[] = { "a", "b" };
	kt_autorun struct kt_run run = KT_RUN_INIT;
	struct kt_event start = {
		.type = KT_EVENT_RUN_START,
		.run_start = { .tool_version = "1", .scenarios = both, .scenario_count = 2 },
	};

	KT_OK(kt_run_apply(&run, &start));
	end_scenario(&run, "a", runs[_i].first);
	end_scenario(&run, "b", runs[_i].second);
	ck_assert_int_eq(kt_exit_code_of_run(&run), runs[_i].code);
}
END_TEST

START_TEST(exit_codes_of_errors)
{
	static const int codes[] = {
		[KT_ERROR_USAGE] = 2,	  [KT_ERROR_ENVIRONMENT] = 3, [KT_ERROR_GUEST] = 3,
		[KT_ERROR_PROBE] = 3,	  [KT_ERROR_PROTOCOL] = 3,    [KT_ERROR_IO] = 3,
		[KT_ERROR_INTERNAL] = 99,
	};
	kt_autoerr struct kt_error *err = kt_error_create((enum kt_error_class)_i, 0, "x");

	ck_assert_int_eq(kt_exit_code_of_error(err), codes[_i]);
}
END_TEST

static struct kt_error *refuse_bytes(void *ctx, const char *bytes, size_t len)
{
	(void)ctx;
	(void)bytes;
	(void)len;
	return kt_error_create(KT_ERROR_IO, 0, "the stream is closed");
}

START_TEST(a_closed_stream_is_told)
{
	kt_autoreport struct kt_report *report = NULL;
	const struct kt_report_options options = { 0 };

	KT_OK(kt_report_create(KT_REPORT_TAP, &options, refuse_bytes, NULL, &report));
	KT_FAILS(kt_report_begin(report), KT_ERROR_IO, "closed");
}
END_TEST

START_TEST(formats_have_names)
{
	enum kt_report_format format;

	ck_assert(kt_report_format_find("plain", &format) && format == KT_REPORT_PLAIN);
	ck_assert(kt_report_format_find("tap", &format) && format == KT_REPORT_TAP);
	ck_assert(kt_report_format_find("json", &format) && format == KT_REPORT_JSON);
	ck_assert(!kt_report_format_find("xml", &format));
}
END_TEST

static Suite *suite(void)
{
	Suite *report = suite_create("report");
	TCase *tests = tcase_create("all");
	int all = (int)(FACE_COUNT * 2);

	tcase_add_loop_test(tests, reports_read_as_agreed, 0, all);
	tcase_add_loop_test(tests, no_control_byte_gets_through, 0, all);
	tcase_add_test(tests, json_is_the_event_stream);
	tcase_add_test(tests, exit_codes_of_runs);
	tcase_add_loop_test(tests, exit_codes_by_precedence, 0, sizeof(runs) / sizeof(runs[0]));
	tcase_add_loop_test(tests, exit_codes_of_errors, 0, KT_ERROR_NO_MEMORY);
	tcase_add_test(tests, a_closed_stream_is_told);
	tcase_add_test(tests, formats_have_names);
	suite_add_tcase(report, tests);
	return report;
}

KT_UNIT_MAIN
