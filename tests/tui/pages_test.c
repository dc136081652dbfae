/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tui/story.h"
#include "tui/terminal/screen.h"
#include "tui/views/page.h"
#include "tui/views/table.h"
#include "tui/views/thread_page.h"

/* The page of thread @number of alpha's (or gamma's) only probe run. */
static const char *thread_page(struct stage *stage, const char *scenario, uint32_t number,
			       unsigned scroll, unsigned columns, unsigned rows)
{
	struct kt_area area = stage_blank(stage, columns, rows);
	struct kt_thread_history history = { 0 };
	struct kt_thread_place place = {
		.scenario = kt_run_find_scenario(&stage->run, scenario),
		.history = &history,
		.number = number,
		.tid = 4711,
		.state = "",
	};

	place.probe = &place.scenario->probes[0];
	place.run = &place.probe->runs[0];
	(void)kt_thread_page_paint(&stage->look, &place, scroll, &stage->canvas, area);
	const char *first = stage_text(stage);
	/* Painted again from what was read already, it is the same. */
	char *before = strdup(first);
	kt_canvas_clear(&stage->canvas);
	(void)kt_thread_page_paint(&stage->look, &place, scroll, &stage->canvas, area);
	ck_assert_str_eq(stage_text(stage), before);
	free(before);
	kt_thread_history_deinit(&history);
	return stage_text(stage);
}

/* The number that the series gave to @tid. */
static uint32_t number_of(struct stage *stage, const char *scenario, uint32_t tid)
{
	const struct kt_run_scenario *found = kt_run_find_scenario(&stage->run, scenario);
	const struct kt_series *series = found->probes[0].runs[0].series;
	size_t count = kt_series_stats(series).frame_count;
	kt_autoframe struct kt_series_frame frame = { 0 };

	while (count--) {
		KT_OK(kt_series_read(series, count, &frame));
		for (size_t i = 0; i < frame.snapshot.thread_count; i++) {
			if (frame.snapshot.threads[i].tid == tid)
				return frame.thread_numbers[i];
		}
	}
	ck_abort_msg("no tid %u", tid);
	return 0;
}

START_TEST(a_thread_with_all_digits)
{
	struct stage stage;
	const char *text;

	stage_open(&stage, story);
	stage_go(&stage, 3000);
	text = thread_page(&stage, "alpha", number_of(&stage, "alpha", 4711), 0, 100, 60);
	shows(text, "Thread 4711");
	shows(text, "alpha, probe p, pid 4711");
	shows(text, "worker");
	shows(text, "77 jiffies");
	shows(text, "#1 at 0:03.000");
	shows(text, "18446744073709551615 bytes (16.0EiB)");
	shows(text, "+18446744073709551595 bytes");
	shows(text, "another thread may free it");
	shows(text, "SINCE SNAPSHOT #0, 1.00s BEFORE");
	shows(text, "+615 bytes, 615B/s");
	shows(text, "+20 bytes, 20B/s");
	shows(text, "+595 bytes");
	shows(text, "not known: the probe told nothing of it");
	stage_close(&stage);
}
END_TEST

START_TEST(a_counter_that_went_back_is_said_in_words)
{
	struct stage stage;
	const char *text;

	stage_open(&stage, story);
	stage_go(&stage, 4000);
	text = thread_page(&stage, "alpha", number_of(&stage, "alpha", 4711), 0, 100, 60);
	shows(text, "it went back by 18446744073709551000 bytes: wrapped or reset");
	text = thread_page(&stage, "alpha", number_of(&stage, "alpha", 4712), 0, 100, 60);
	shows(text, "-1048575 bytes");
	shows_not(text, "SINCE SNAPSHOT");
	stage_close(&stage);
}
END_TEST

START_TEST(the_graph_has_a_scale_an_axis_and_the_moment)
{
	struct stage stage;
	const char *text;

	stage_open(&stage, story);
	stage_go(&stage, 3000);
	text = thread_page(&stage, "alpha", number_of(&stage, "alpha", 4711), 0, 60, 60);
	shows_before(text, "ALLOCATED PER SECOND", "615B/s |");
	shows_before(text, "615B/s |", "0B/s |");
	/* Three snapshots: the first has no rate, the last went back: both are gaps. */
	shows(text, "0B/s |                                              #\n");
	shows(text, "0B/s |                                              #_\n");
	shows_before(text, "-^-", "0:02.000 to 0:04.000, ^ at 0:03.000");
	shows(text, "DEALLOCATED PER SECOND");
	/* No room for a graph. */
	text = thread_page(&stage, "alpha", number_of(&stage, "alpha", 4711), 0, 18, 90);
	shows_not(text, "PER SECOND");
	stage_close(&stage);
}
END_TEST

START_TEST(what_is_gone_is_shown_as_it_was_last)
{
	const char *const lines[] = {
		story[0],
		LINE("1000", "g", "probe_start", "\"probe\":\"p\",\"run\":0,\"target_pid\":4711"),
		STORY_SNAPSHOT("2000", "g", "0", "1",
			       STORY_THREAD("4711", "main", "1",
					    "1") "," STORY_THREAD("4712", "short", "12345", "0")),
		STORY_SNAPSHOT("3000", "g", "1", "2", STORY_THREAD("4711", "main", "1", "1")),
		STORY_SNAPSHOT("4000", "g", "2", "3", STORY_THREAD("4711", "main", "1", "1")),
		NULL,
	};
	struct stage stage;
	const char *text;

	stage_open(&stage, lines);
	text = thread_page(&stage, "g", number_of(&stage, "g", 4712), 0, 80, 60);
	shows(text, "short");
	shows(text, "12345 bytes");
	shows_before(text, "#0 at 0:02.000", "gone since");
	shows(text, "#1 at 0:03.000");
	stage_go(&stage, 1500);
	text = thread_page(&stage, "g", 0, 0, 80, 60);
	shows(text, "no snapshot had been taken");
	stage_close(&stage);
}
END_TEST

START_TEST(errors_and_scheduling)
{
	const char *const lines[] = {
		story[0],
		LINE("1000", "g", "probe_start", "\"probe\":\"p\",\"run\":0,\"target_pid\":4711"),
		STORY_SNAPSHOT(
			"2000", "g", "0", "1",
			"{\"tid\":4711,\"comm\":\"main\",\"error\":\"it ended meanwhile\","
			"\"error_kind\":\"thread-gone\",\"state\":\"S\",\"cpu\":3,"
			"\"utime_ns\":1520000000,\"voluntary_switches\":18446744073709551615}"),
		NULL,
	};
	struct stage stage;
	const char *text;

	stage_open(&stage, lines);
	text = thread_page(&stage, "g", number_of(&stage, "g", 4711), 0, 80, 60);
	shows(text, "it ended meanwhile (thread-gone)");
	shows(text, "S sleeps");
	shows(text, "1.52s");
	shows(text, "18446744073709551615");
	/* Unknown is never 0. */
	shows(text, "allocated       -");
	shows(text, "flow            -");
	stage_close(&stage);
}
END_TEST

START_TEST(the_help_has_every_key)
{
	struct stage stage;
	const char *text;

	stage_open(&stage, story);
	text = stage_list(&stage, &kt_help_view, 200, 200);
	for (const struct kt_key_binding *binding = kt_key_table; binding->action; binding++)
		shows(text, binding->help);
	shows(text, "ASCII only");
	shows(text, "allocated minus deallocated of a thread is no memory that it owns");
	shows(text, "ktstr-top --batch --check alpha.json");
	shows_before(text, "theme", "mono");
	shows(text, "X FAIL");
	shows(text, "never 0");
	stage_close(&stage);
}
END_TEST

START_TEST(the_help_is_filtered)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct stage stage;
	uint64_t identity;

	stage_open(&stage, story);
	identity = stage_find(&stage, &kt_help_view, "batch command that does the same");
	stage.look.filter = "BATCH command";
	stage_use(&stage, &kt_help_view);
	ck_assert_uint_eq(kt_help_view.count(stage.rows), 1);
	ck_assert_uint_eq(kt_help_view.identity(stage.rows, 0), identity);
	shows(stage_page(&stage, &kt_help_view, identity, 0, 20, 10), "command");
	stage.look.filter = "no such line";
	stage_use(&stage, &kt_help_view);
	kt_help_view.explain_empty(stage.rows, &stage.look, &text);
	shows(kt_buf_text(&text), "no such line");
	stage_close(&stage);
}
END_TEST

START_TEST(columns_go_by_rank)
{
	static const struct kt_table_column columns[] = {
		{ "A", 4, 6, 1, false }, { "B", 4, 4, 0, false }, { "C", 4, 99, 2, false }, { 0 }
	};
	struct kt_table_layout layout = kt_table_fit(columns, 3);

	ck_assert_uint_eq(layout.width[0] + layout.width[1] + layout.width[2], 0);
	layout = kt_table_fit(columns, 8);
	ck_assert_uint_eq(layout.width[1], 4);
	ck_assert_uint_eq(layout.width[0], 0);
	layout = kt_table_fit(columns, 10);
	ck_assert_uint_eq(layout.width[0], 5);
	ck_assert_uint_eq(layout.offset[1], 6);
	ck_assert_uint_eq(layout.width[2], 0);
	layout = kt_table_fit(columns, 200);
	ck_assert_uint_eq(layout.width[0], 6);
	ck_assert_uint_eq(layout.width[2], 99);
}
END_TEST

START_TEST(texts_are_wrapped_and_none_is_lost)
{
	struct stage stage;
	const char *const lines[] = { story[0], NULL };
	struct kt_page page;
	const char *text;

	stage_open(&stage, lines);
	page = kt_page_begin(&stage.canvas, stage_blank(&stage, 10, 20), 0);
	kt_page_text(&page, 2, KT_ROLE_NORMAL, "one two three\nfourfivesixseven\n\nend\n");
	ck_assert_uint_eq(page.lines, 6);
	text = stage_text(&stage);
	shows(text, "\n   one two\n   three\n   fourfive\n   sixseven\n\n   end\n");
	stage_close(&stage);
}
END_TEST

/* Everything that can be painted, in an area of that size. */
static void paint_all(struct stage *stage, unsigned columns, unsigned rows)
{
	static const struct kt_view *const views[] = { &kt_checks_view, &kt_guests_view,
						       &kt_help_view };

	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		size_t count;

		(void)stage_list(stage, views[i], columns, rows);
		count = views[i]->count(stage->rows);
		for (size_t row = 0; row < count && row < 4; row++) {
			uint64_t identity = views[i]->identity(stage->rows, row);

			(void)stage_page(stage, views[i], identity, 0, columns, rows);
			(void)stage_page(stage, views[i], identity, 7, columns, rows);
		}
		(void)stage_page(stage, views[i], UINT64_MAX, 0, columns, rows);
	}
	(void)thread_page(stage, stage->run.scenarios[0]->name, 0, 0, columns, rows);
	(void)thread_page(stage, stage->run.scenarios[0]->name, 0, 30, columns, rows);
}

START_TEST(any_size_is_painted)
{
	static const unsigned sizes[][2] = { { 1, 1 },	 { 2, 3 },    { 8, 1 },	   { 12, 12 },
					     { 15, 4 },	 { 16, 2 },   { 17, 9 },   { 20, 4 },
					     { 27, 30 }, { 40, 10 },  { 61, 3 },   { 80, 24 },
					     { 91, 50 }, { 132, 43 }, { 200, 60 }, { 500, 200 } };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (int style = 0; style < KT_GRAPH_STYLE_COUNT; style++) {
			struct stage stage;

			stage_open(&stage, story);
			stage.canvas.is_ascii = style == KT_GRAPH_ASCII;
			stage.glyphs =
				kt_glyphs_make(stage.canvas.is_ascii, (enum kt_graph_style)style);
			paint_all(&stage, sizes[i][0], sizes[i][1]);
			stage_go(&stage, 3000);
			paint_all(&stage, sizes[i][0], sizes[i][1]);
			stage_close(&stage);
		}
	}
}
END_TEST

/* Names that break terminals, or layouts: escapes, wide and combining characters, nothing, much. */
#define NASTY                                                                                      \
	"\\u001b]0;x\\u0007\\u0000\\u200e\\u202eabc\\u0301\\u4e2d\\u6587%s%n\\n\\t\\u009b"         \
	"31m\\ud83d\\ude00aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaa"

START_TEST(hostile_texts_stay_in_their_place)
{
	static const char *const lines[] = {
		"{\"schema\":1,\"event\":\"run_start\",\"host_mono_ns\":0,\"tool_version\":\"1\","
		"\"started_at_unix_sec\":1700000000,\"jobs\":2,\"scenarios\":[]}",
		LINE("100", NASTY, "scenario_start",
		     "\"file\":\"" NASTY "\",\"topology\":\"" NASTY
		     "\",\"memory_mib\":4294967295,\"checks\":[{\"id\":\"" NASTY
		     "\",\"text\":\"\"}]"),
		LINE("100", NASTY, "worker", "\"worker\":\"" NASTY "\",\"state\":\"started\""),
		LINE("100", NASTY, "console", "\"text\":\"" NASTY "\""),
		LINE("100", NASTY, "note", "\"text\":\"" NASTY "\""),
		LINE("150", NASTY, "guest_state",
		     "\"state\":\"failed\",\"reason\":\"timeout\",\"detail\":\"" NASTY
		     "\",\"since_start_ns\":18446744073709551615"),
		LINE("200", NASTY, "probe_start",
		     "\"probe\":\"" NASTY
		     "\",\"run\":0,\"target_pid\":4294967295,\"engine\":\"" NASTY
		     "\",\"layout\":{\"object\":\"" NASTY "\"}"),
		LINE("300", NASTY, "snapshot",
		     "\"probe\":\"" NASTY "\",\"run\":0,\"index\":0,\"target_pid\":4294967295,"
		     "\"timestamp_unix_sec\":18446744073709551615,\"elapsed_since_start_ns\":1,"
		     "\"threads\":[{\"tid\":4294967295,\"comm\":\"" NASTY "\",\"error\":\"" NASTY
		     "\",\"error_kind\":\"" NASTY "\",\"state\":\"" NASTY "\"}]"),
		LINE("400", NASTY, "check",
		     "\"check\":\"" NASTY "\",\"verdict\":\"fail\",\"text\":\"" NASTY
		     "\",\"detail\":\"" NASTY "\",\"threshold\":\"" NASTY "\",\"worst\":\"" NASTY
		     "\",\"probe\":\"" NASTY
		     "\",\"run\":0,\"snapshot\":0,\"tid\":18446744073709551615"),
		NULL,
	};
	static const unsigned sizes[][2] = {
		{ 1, 1 }, { 20, 4 }, { 33, 90 }, { 80, 24 }, { 250, 90 }
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct stage stage;

		stage_open(&stage, lines);
		for (int is_ascii = 0; is_ascii < 2; is_ascii++) {
			stage.canvas.is_ascii = is_ascii;
			paint_all(&stage, sizes[i][0], sizes[i][1]);
			ck_assert_ptr_null(memchr(stage.text.data, 27, stage.text.len));
		}
		stage_close(&stage);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("pages");
	TCase *tcase = tcase_create("pages");

	tcase_add_test(tcase, a_thread_with_all_digits);
	tcase_add_test(tcase, a_counter_that_went_back_is_said_in_words);
	tcase_add_test(tcase, the_graph_has_a_scale_an_axis_and_the_moment);
	tcase_add_test(tcase, what_is_gone_is_shown_as_it_was_last);
	tcase_add_test(tcase, errors_and_scheduling);
	tcase_add_test(tcase, the_help_has_every_key);
	tcase_add_test(tcase, the_help_is_filtered);
	tcase_add_test(tcase, columns_go_by_rank);
	tcase_add_test(tcase, texts_are_wrapped_and_none_is_lost);
	tcase_add_test(tcase, any_size_is_painted);
	tcase_add_test(tcase, hostile_texts_stay_in_their_place);
	suite_add_tcase(suite, tcase);
	return suite;
}

KT_UNIT_MAIN
