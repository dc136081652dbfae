/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tui/story.h"

#define GUESTS (&kt_guests_view)

START_TEST(every_guest_says_where_it_is_in_words)
{
	struct stage stage;
	const char *text;

	stage_open(&stage, story);
	text = stage_list(&stage, GUESTS, 200, 10);
	shows(text, "starting > kernel > agent > ready > probing > [done]");
	shows(text, "starting > kernel > [failed: kernel-panic]");
	shows(text, "X FAIL");
	shows(text, "? ERROR");
	shows(text, "1 FAIL, 1 UNSURE, 1 of 3 pass");
	shows(text, "1n2l4c1t");
	shows(text, "256.0MiB");
	shows(text, "1.40s");
	shows(text, "tcg");
	shows(text, "pid 4711 redis");
	shows(text, "ended: target-exited");
	stage_close(&stage);
}
END_TEST

START_TEST(the_past_shows_where_it_was)
{
	struct stage stage;
	const char *text;

	stage_open(&stage, story);
	stage_go(&stage, 1300);
	text = stage_list(&stage, GUESTS, 200, 10);
	shows(text, "starting > kernel > [agent] > ready > probing > done");
	shows_not(text, "beta");
	shows_not(text, "FAIL");
	shows_not(text, "1.40s");
	stage_go(&stage, 6500);
	text = stage_list(&stage, GUESTS, 200, 10);
	shows(text, "sampled");
	shows_not(text, "target-exited");
	stage_close(&stage);
}
END_TEST

START_TEST(narrow_lists_keep_the_guest_and_its_state)
{
	struct stage stage;
	const char *text;

	stage_open(&stage, story);
	text = stage_list(&stage, GUESTS, 80, 10);
	shows(text, "alpha");
	shows(text, "done");
	shows(text, "failed: kernel-panic");
	shows(text, "X FAIL");
	text = stage_list(&stage, GUESTS, 132, 10);
	shows(text, "starting>kernel>agent>ready>probing>[done]");
	text = stage_list(&stage, GUESTS, 20, 10);
	shows(text, "beta         failed~");
	text = stage_list(&stage, GUESTS, 1, 10);
	shows(text, "~");
	stage_close(&stage);
}
END_TEST

START_TEST(summary_filter_and_emptiness)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct stage stage;

	stage_open(&stage, story);
	stage_use(&stage, GUESTS);
	ck_assert_uint_eq(GUESTS->count(stage.rows), 3);
	GUESTS->summary(stage.rows, &stage.look, &text);
	ck_assert_str_eq(kt_buf_text(&text), "3 ended");
	stage.look.filter = "kernel-panic";
	stage_use(&stage, GUESTS);
	ck_assert_uint_eq(GUESTS->count(stage.rows), 1);
	ck_assert_uint_eq(GUESTS->identity(stage.rows, 0), 2);
	stage_go(&stage, 6500);
	stage.look.filter = "";
	stage_use(&stage, GUESTS);
	kt_buf_reset(&text);
	GUESTS->summary(stage.rows, &stage.look, &text);
	ck_assert_str_eq(kt_buf_text(&text), "1 of 3 running");
	stage_go(&stage, 0);
	stage_use(&stage, GUESTS);
	ck_assert_uint_eq(GUESTS->count(stage.rows), 0);
	kt_buf_reset(&text);
	GUESTS->explain_empty(stage.rows, &stage.look, &text);
	shows(kt_buf_text(&text), "no guests yet");
	stage_close(&stage);
}
END_TEST

START_TEST(the_page_of_a_guest)
{
	struct stage stage;
	const char *text;

	stage_open(&stage, story);
	text = stage_page(&stage, GUESTS, 1, 0, 100, 100);
	shows(text, "starting > kernel > agent > ready > probing > [done]");
	shows(text, "1 check failed");
	/* The longest phase has the longest bar. */
	shows(text, "probing       2.50s ########################################");
	shows(text, "kernel        1.00s ################");
	shows(text, "kvm is not there");
	shows(text, "open /dev/kvm: no, permission denied");
	shows(text, "ready, pid 4711");
	shows(text, "PROBE p");
	shows(text, "pid 4711, 3 snapshots, ended with code 0");
	shows(text, "readv: bpf is not allowed");
	shows(text, "run_delay_ns: no schedstat");
	shows(text, "ctl+tls-image");
	shows(text, "840");
	shows(text, "the clock jumped");
	shows(text, "Linux boots ?[31mred?[0m");
	shows(text, "CPU time 3.25s, peak memory 192.0MiB, private memory 150.0MiB");
	stage_close(&stage);
}
END_TEST

START_TEST(the_page_of_a_guest_in_the_past)
{
	struct stage stage;
	const char *text;

	stage_open(&stage, story);
	stage_go(&stage, 1650);
	text = stage_page(&stage, GUESTS, 1, 0, 100, 100);
	shows(text, "[ready]");
	shows(text, "started, pid 4711");
	shows_not(text, "PROBE p");
	shows_not(text, "1 check failed");
	shows_not(text, "CPU time");
	shows(text, "Linux boots");
	shows_not(text, "the clock jumped");
	stage_go(&stage, 1250);
	text = stage_page(&stage, GUESTS, 1, 0, 100, 100);
	shows(text, "CONSOLE, ITS LAST LINES");
	shows_not(text, "Linux boots");
	stage_go(&stage, 3500);
	text = stage_page(&stage, GUESTS, 1, 0, 100, 100);
	shows(text, "pid 4711, 2 snapshots, at work");
	stage_close(&stage);
}
END_TEST

START_TEST(the_page_of_a_guest_that_failed)
{
	struct stage stage;
	const char *text;

	stage_open(&stage, story);
	text = stage_page(&stage, GUESTS, 2, 0, 100, 100);
	shows(text, "[failed: kernel-panic]");
	shows(text, "not syncing");
	shows_before(text, "QEMU'S STDERR", "qemu: terminating");
	shows_before(text, "qemu: terminating", "bye");
	stage_close(&stage);
}
END_TEST

START_TEST(the_page_of_a_process_of_this_host)
{
	struct stage stage;
	const char *text;

	stage_open(&stage, story);
	text = stage_page(&stage, GUESTS, 3, 0, 100, 100);
	shows(text, "ended: target-exited");
	shows(text, "pid 4711, 1 snapshot, ended with code 0, target-exited");
	shows_not(text, "MACHINE");
	shows_not(text, "CONSOLE");
	stage_close(&stage);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("guests");
	TCase *tcase = tcase_create("guests");

	tcase_add_test(tcase, every_guest_says_where_it_is_in_words);
	tcase_add_test(tcase, the_past_shows_where_it_was);
	tcase_add_test(tcase, narrow_lists_keep_the_guest_and_its_state);
	tcase_add_test(tcase, summary_filter_and_emptiness);
	tcase_add_test(tcase, the_page_of_a_guest);
	tcase_add_test(tcase, the_page_of_a_guest_in_the_past);
	tcase_add_test(tcase, the_page_of_a_guest_that_failed);
	tcase_add_test(tcase, the_page_of_a_process_of_this_host);
	suite_add_tcase(suite, tcase);
	return suite;
}

KT_UNIT_MAIN
