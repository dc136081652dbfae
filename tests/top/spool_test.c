/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is saved of a run: all events up to a moment, whole lines, into a file that was not there. */
#include "tests/unit.h"

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "top/spool.h"

static char dir[64];
static char path[96];
static char source[96];
static struct kt_spool spool;

static void enter(void)
{
	strcpy(dir, "/tmp/kt-spool-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/saved", dir);
	(void)snprintf(source, sizeof(source), "%s/source", dir);
	spool = KT_SPOOL_INIT;
}

static void leave(void)
{
	kt_spool_close(&spool);
	(void)unlink(path);
	(void)unlink(source);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void save_and_expect(uint64_t moment_ns, const char *expected)
{
	kt_autobuf struct kt_buf saved = KT_BUF_INIT;

	KT_OK(kt_spool_save(&spool, moment_ns, path));
	KT_OK(kt_file_read(path, 1 << 20, &saved));
	ck_assert_str_eq(kt_buf_text(&saved), expected);
	ck_assert_int_eq(unlink(path), 0);
}

START_TEST(events_of_our_own)
{
	kt_autobuf struct kt_buf expected = KT_BUF_INIT;

	kt_spool_open(&spool);
	ck_assert(spool.is_own);
	for (uint64_t i = 0; i < 100; i++) {
		struct kt_event event = {
			.type = KT_EVENT_NOTE,
			.host_mono_ns = i * 10,
			.note = { .text = "with \"host_mono_ns\":99999 and\na line" },
		};
		kt_spool_event(&spool, &event);
		if (i <= 50)
			kt_event_encode(&event, &expected);
	}
	save_and_expect(500, kt_buf_text(&expected));
	save_and_expect(509, kt_buf_text(&expected));
	ck_assert(!spool.is_full && !spool.has_failed);
}
END_TEST

START_TEST(nothing_to_save_from)
{
	KT_FAILS(kt_spool_save(&spool, 0, path), KT_ERROR_IO, "--record");
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(what_is_there_stays)
{
	kt_autobuf struct kt_buf kept = KT_BUF_INIT;

	kt_spool_open(&spool);
	KT_OK(kt_file_replace(path, "mine", 4, 0644));
	KT_FAILS(kt_spool_save(&spool, 0, path), KT_ERROR_IO, "exists");
	KT_OK(kt_file_read(path, 100, &kept));
	ck_assert_str_eq(kt_buf_text(&kept), "mine");
}
END_TEST

#define EARLY	"{\"schema\":1,\"event\":\"note\",\"host_mono_ns\":5,\"text\":\"x\"}\n"
#define OTHER	"{ \"host_mono_ns\": 6, \"event\": \"note\", \"schema\": 1, \"text\": \"x\" }\n"
#define UNKNOWN "{\"schema\":1,\"event\":\"dance\",\"host_mono_ns\":7}\n"
#define LATE	"{ \"host_mono_ns\": 8, \"event\": \"note\", \"schema\": 1, \"text\": \"x\" }\n"

/* A file of somebody else: another order of members, events we do not know, a last line that was cut. */
START_TEST(a_file_of_somebody_else)
{
	static const char text[] = EARLY OTHER UNKNOWN LATE "{\"schema\":1,\"eve";

	KT_OK(kt_file_replace(source, text, strlen(text), 0644));
	kt_spool_use(&spool, source);
	ck_assert(!spool.is_own);
	save_and_expect(4, "");
	save_and_expect(5, EARLY);
	save_and_expect(6, EARLY OTHER);
	save_and_expect(7, EARLY OTHER UNKNOWN);
	save_and_expect(UINT64_MAX, EARLY OTHER UNKNOWN LATE);
}
END_TEST

START_TEST(a_line_that_is_none_ends_it)
{
	static const char text[] = EARLY "rubbish\n" EARLY;

	KT_OK(kt_file_replace(source, text, strlen(text), 0644));
	kt_spool_use(&spool, source);
	save_and_expect(UINT64_MAX, EARLY);
}
END_TEST

/* More than a chunk, with lines that no chunk ends with. */
START_TEST(a_large_file)
{
	kt_autobuf struct kt_buf all = KT_BUF_INIT;
	kt_autobuf struct kt_buf saved = KT_BUF_INIT;
	size_t wanted = 0;

	for (uint64_t i = 0; i < 30000; i++) {
		struct kt_event event = {
			.type = KT_EVENT_NOTE,
			.host_mono_ns = i,
			.note = { .text = "a line of some length, so that it is large" },
		};
		kt_event_encode(&event, &all);
		if (i == 20000)
			wanted = all.len;
	}
	KT_OK(kt_file_replace(source, all.data, all.len, 0644));
	kt_spool_use(&spool, source);
	KT_OK(kt_spool_save(&spool, 20000, path));
	KT_OK(kt_file_read(path, 1 << 24, &saved));
	ck_assert_uint_eq(saved.len, wanted);
	ck_assert(!memcmp(saved.data, all.data, wanted));
}
END_TEST

/* A recording that goes to a device is not to be read. */
START_TEST(a_device_is_no_file)
{
	kt_spool_use(&spool, "/dev/null");
	ck_assert(spool.is_own);
	save_and_expect(UINT64_MAX, "");
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("spool");
	TCase *tests = tcase_create("all");

	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_test(tests, events_of_our_own);
	tcase_add_test(tests, nothing_to_save_from);
	tcase_add_test(tests, what_is_there_stays);
	tcase_add_test(tests, a_file_of_somebody_else);
	tcase_add_test(tests, a_line_that_is_none_ends_it);
	tcase_add_test(tests, a_large_file);
	tcase_add_test(tests, a_device_is_no_file);
	suite_add_tcase(suite, tests);
	return suite;
}

KT_UNIT_MAIN
