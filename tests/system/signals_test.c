/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ktstr-top is told to end, or is killed, in every state of a guest's life: the exit code
 * says the signal, the recording is whole as far as it came, nothing runs on.
 */
#include "tests/unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "run/run_file.h"
#include "tests/system/top_run.h"

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGKILL };
static const char *const moments[] = {
	"\"event\":\"run_start\"", "\"state\":\"starting\"", "\"state\":\"kernel\"",
	"\"state\":\"agent\"",	   "\"state\":\"ready\"",    "\"event\":\"probe_start\"",
};

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

static struct kt_error *count_event(void *ctx, const struct kt_event *event)
{
	(void)event;
	++*(uint64_t *)ctx;
	return NULL;
}

/* The recording reads back; a kill may cut its last line, nothing else. */
static void expect_readable(const char *path, bool may_be_cut)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct kt_run_file_info info;
	uint64_t count = 0;

	KT_OK(kt_file_read(path, 16 << 20, &text));
	KT_OK(kt_run_file_read(text.data, text.len, path, count_event, &count, &info));
	ck_assert_uint_ge(count, 1);
	ck_assert(may_be_cut || !info.cut);
}

START_TEST(every_signal_at_every_moment)
{
	int signal = signals[_i % COUNT(signals)];
	const char *moment = moments[_i / COUNT(signals)];
	char record[64];
	struct top_run run;

	(void)snprintf(record, sizeof(record), "/tmp/kt-signals-test.%d", (int)getpid());
	top_run_start(&run, &(struct top_run_options){ .arguments = { "-bc", "-f", "json", "-r",
								      record, "thread-churn",
								      "known-allocation" } });
	top_run_wait_for(&run, moment);
	top_run_signal(&run, signal);
	int code = top_run_end(&run);
	ck_assert_int_eq(code, signal == SIGKILL ? 1000 + signal : 128 + signal);
	if (signal != SIGKILL) {
		ck_assert(strstr(kt_buf_text(&run.out), "\"verdict\":\"cancelled\""));
		ck_assert(strstr(kt_buf_text(&run.out), "\"event\":\"run_end\""));
	}
	top_run_expect_nothing_left(&run);
	expect_readable(record, signal == SIGKILL);
	ck_assert_int_eq(unlink(record), 0);
	top_run_deinit(&run);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("signals");
	TCase *tests = tcase_create("signals");

	tcase_set_timeout(tests, 400);
	/* The tarball's suite repeats this one: there the last two moments are enough. */
	int first = getenv("KTSTR_TEST_LIGHT") ? COUNT(signals) * (COUNT(moments) - 2) : 0;
	tcase_add_loop_test(tests, every_signal_at_every_moment, first,
			    COUNT(signals) * COUNT(moments));
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
