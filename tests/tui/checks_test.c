/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tui/story.h"

#define CHECKS (&kt_checks_view)

START_TEST(every_verdict_has_its_word_and_failures_come_first)
{
	struct stage stage;
	const char *text;

	stage_open(&stage, story);
	text = stage_list(&stage, CHECKS, 160, 10);
	shows_before(text, "VERDICT", "SCENARIO");
	shows_before(text, "X FAIL", "? UNSURE");
	shows_before(text, "? UNSURE", ". WAITS");
	shows_before(text, ". WAITS", "+ PASS");
	shows(text, "615 after 18446744073709551615");
	shows(text, ">= 16777216");
	shows(text, "#2 tid 4711");
	shows(text, "it grows in beta");
	shows_not(text, "HOLDS");
	stage_close(&stage);
}
END_TEST

START_TEST(the_past_shows_what_was_said_then)
{
	struct stage stage;
	const char *text;

	stage_open(&stage, story);
	stage_go(&stage, 2500);
	text = stage_list(&stage, CHECKS, 120, 10);
	shows(text, "= HOLDS");
	shows(text, ". WAITS");
	shows_not(text, "FAIL");
	shows_not(text, "PASS");
	shows_not(text, "beta");
	stage_go(&stage, 50);
	text = stage_list(&stage, CHECKS, 120, 10);
	shows_not(text, "alpha");
	stage_close(&stage);
}
END_TEST

START_TEST(narrow_lists_keep_the_verdict_and_the_check)
{
	struct stage stage;
	const char *text;

	stage_open(&stage, story);
	text = stage_list(&stage, CHECKS, 20, 4);
	shows(text, "X FAIL   allocated ~");
	text = stage_list(&stage, CHECKS, 5, 4);
	shows(text, "X FA~");
	text = stage_list(&stage, CHECKS, 1, 4);
	shows(text, "~");
	stage_close(&stage);
}
END_TEST

START_TEST(rows_keep_their_identity)
{
	struct stage stage;
	uint64_t identities[4];

	stage_open(&stage, story);
	stage_use(&stage, CHECKS);
	ck_assert_uint_eq(CHECKS->count(stage.rows), 4);
	for (size_t i = 0; i < 4; i++) {
		identities[i] = CHECKS->identity(stage.rows, i);
		ck_assert_uint_ne(identities[i], 0);
		for (size_t j = 0; j < i; j++)
			ck_assert_uint_ne(identities[i], identities[j]);
	}
	stage_go(&stage, 2500);
	ck_assert_uint_eq(stage_find(&stage, CHECKS, "HOLDS alpha grows"), identities[0]);
	ck_assert_uint_eq(CHECKS->count(stage.rows), 3);
	stage_close(&stage);
}
END_TEST

START_TEST(a_frozen_order_stays_and_new_rows_come_last)
{
	struct stage stage;
	const char *text;

	stage_open(&stage, story);
	stage_go(&stage, 2500);
	text = stage_list(&stage, CHECKS, 120, 10);
	/* Waiting comes before holding. */
	shows_before(text, "large", "every thread grows");
	stage_go(&stage, 4600);
	stage.look.is_order_frozen = true;
	text = stage_list(&stage, CHECKS, 120, 10);
	shows_before(text, "PASS", "FAIL");
	shows_before(text, "FAIL", "beta");
	stage.look.is_order_frozen = false;
	text = stage_list(&stage, CHECKS, 120, 10);
	shows_before(text, "FAIL", "PASS");
	stage_close(&stage);
}
END_TEST

START_TEST(filter_summary_and_emptiness)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	const char *const nothing[] = { story[0], NULL };
	struct stage stage;

	stage_open(&stage, story);
	stage.look.filter = "fail";
	stage_use(&stage, CHECKS);
	ck_assert_uint_eq(CHECKS->count(stage.rows), 1);
	/* The summary is of all. */
	CHECKS->summary(stage.rows, &stage.look, &text);
	ck_assert_str_eq(kt_buf_text(&text), "1 FAIL, 1 UNSURE, 1 of 4 pass");
	stage.look.filter = "no such check";
	stage_use(&stage, CHECKS);
	ck_assert_uint_eq(CHECKS->count(stage.rows), 0);
	kt_buf_reset(&text);
	CHECKS->explain_empty(stage.rows, &stage.look, &text);
	shows(kt_buf_text(&text), "none of 4 checks contains \"no such check\"");
	stage_close(&stage);

	stage_open(&stage, nothing);
	stage_use(&stage, CHECKS);
	kt_buf_reset(&text);
	CHECKS->explain_empty(stage.rows, &stage.look, &text);
	shows(kt_buf_text(&text), "no checks yet");
	stage_close(&stage);
}
END_TEST

START_TEST(the_page_says_what_decided)
{
	struct stage stage;
	const char *text;
	uint64_t identity;

	stage_open(&stage, story);
	identity = stage_find(&stage, CHECKS, "alpha grows");
	text = stage_page(&stage, CHECKS, identity, 0, 100, 60);
	shows(text, "allocated of every thread grows");
	shows(text, "X FAIL (fail): it was violated");
	shows(text, "0:04.010 (for 2.99s)");
	shows(text, "615 after 18446744073709551615");
	shows(text, "#1 -> #2");
	shows(text, "0:03.000 -> 0:04.000 (1.00s)");
	shows(text, "18446744073709551615 -> 615 (went back by 18446744073709551000)");
	shows(text, "20 -> 20 (+0)");
	shows(text, "2, 0 of them without counters");
	shows_before(text, "WHAT IT SAID", "0:04.010  X FAIL");
	shows_before(text, "0:04.010  X FAIL", "0:02.010  = HOLDS");
	stage_close(&stage);
}
END_TEST

START_TEST(the_page_in_the_past)
{
	struct stage stage;
	const char *text;
	uint64_t identity;

	stage_open(&stage, story);
	identity = stage_find(&stage, CHECKS, "alpha grows");
	stage_go(&stage, 2500);
	text = stage_page(&stage, CHECKS, identity, 0, 100, 60);
	shows(text, "= HOLDS (holding)");
	shows(text, "no snapshot did");
	shows_not(text, "FAIL");
	stage_close(&stage);
}
END_TEST

START_TEST(the_page_without_a_snapshot_before)
{
	struct stage stage;
	const char *text;

	stage_open(&stage, story);
	text = stage_page(&stage, CHECKS, stage_find(&stage, CHECKS, "large"), 0, 100, 60);
	shows(text, "+ PASS (pass)");
	shows(text, "18446744073709551000");
	shows_not(text, "->");
	text = stage_page(&stage, CHECKS, stage_find(&stage, CHECKS, "unseen"), 0, 100, 60);
	shows(text, "? UNSURE (cannot-tell)");
	shows(text, "1 of 2 runs of the probe ended");
	stage_close(&stage);
}
END_TEST

START_TEST(scrolling_sees_every_line_of_a_page)
{
	struct stage stage;
	kt_autobuf struct kt_buf whole = KT_BUF_INIT;
	kt_autobuf struct kt_buf pieces = KT_BUF_INIT;
	struct kt_area area;
	uint64_t identity;
	unsigned lines;

	stage_open(&stage, story);
	identity = stage_find(&stage, CHECKS, "alpha grows");
	area = stage_blank(&stage, 40, 90);
	lines = CHECKS->paint_page(stage.rows, &stage.look, identity, 0, &stage.canvas, area);
	ck_assert_uint_gt(lines, 20);
	ck_assert_uint_lt(lines, 90);
	for (unsigned i = 0; i < lines; i++) {
		(void)stage_page(&stage, CHECKS, identity, i, 40, 1);
		kt_buf_puts(&pieces, strchr(kt_buf_text(&stage.text), '\n'));
	}
	(void)stage_page(&stage, CHECKS, identity, 0, 40, lines);
	kt_buf_puts(&whole, kt_buf_text(&stage.text));
	/* The same lines, but for the margins. */
	for (char *line = strtok(whole.data, "\n"); line; line = strtok(NULL, "\n"))
		shows(kt_buf_text(&pieces), line);
	stage_close(&stage);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("checks");
	TCase *tcase = tcase_create("checks");

	tcase_add_test(tcase, every_verdict_has_its_word_and_failures_come_first);
	tcase_add_test(tcase, the_past_shows_what_was_said_then);
	tcase_add_test(tcase, narrow_lists_keep_the_verdict_and_the_check);
	tcase_add_test(tcase, rows_keep_their_identity);
	tcase_add_test(tcase, a_frozen_order_stays_and_new_rows_come_last);
	tcase_add_test(tcase, filter_summary_and_emptiness);
	tcase_add_test(tcase, the_page_says_what_decided);
	tcase_add_test(tcase, the_page_in_the_past);
	tcase_add_test(tcase, the_page_without_a_snapshot_before);
	tcase_add_test(tcase, scrolling_sees_every_line_of_a_page);
	suite_add_tcase(suite, tcase);
	return suite;
}

KT_UNIT_MAIN
