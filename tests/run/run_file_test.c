/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "run/run.h"
#include "run/run_file.h"

#define START_LINE                                                     \
	"{\"schema\":1,\"event\":\"run_start\",\"host_mono_ns\":0,"    \
	"\"tool_version\":\"1\",\"started_at_unix_sec\":5,\"jobs\":1," \
	"\"scenarios\":[]}\n"
#define NOTE_LINE "{\"schema\":1,\"event\":\"note\",\"host_mono_ns\":1,\"text\":\"n\"}\n"

static struct kt_error *count_event(void *ctx, const struct kt_event *event)
{
	(void)event;
	++*(size_t *)ctx;
	return NULL;
}

static struct kt_error *read_text(const char *text, size_t len, struct kt_run_file_info *info)
{
	size_t count = 0;
	struct kt_error *err = kt_run_file_read(text, len, "f.ktr", count_event, &count, info);

	ck_assert_uint_eq(count, info->event_count);
	return err;
}

START_TEST(a_cut_tail_is_survived_and_told)
{
	const char *text = START_LINE NOTE_LINE NOTE_LINE;
	size_t first = strlen(START_LINE);
	size_t note = strlen(NOTE_LINE);

	for (size_t len = first; len <= strlen(text); len++) {
		struct kt_run_file_info info;
		/* A line that only lacks its newline is whole. */
		size_t whole = (len - first + 1) / note;
		bool at_end = (len - first) % note == 0 || (len - first + 1) % note == 0;

		KT_OK(read_text(text, len, &info));
		ck_assert_uint_eq(info.event_count, 1 + whole);
		ck_assert_int_eq(info.cut, !at_end);
	}
}
END_TEST

START_TEST(what_is_no_run_file_is_refused_with_its_place)
{
	struct kt_run_file_info info;
	static const struct {
		const char *text;
		const char *error;
	} bad[] = {
		{ "", "empty" },
		{ "\n", "f.ktr:1:" },
		{ "hello", "f.ktr:1:" },
		{ NOTE_LINE, "not a run file" },
		{ "{\"schema\":2,\"event\":\"run_start\"}\n",
		  "f.ktr:1: schema 2 was written by a newer" },
		{ START_LINE "{\"schema\":2}\n" NOTE_LINE, "f.ktr:2: schema 2" },
		{ START_LINE "{}\n" NOTE_LINE, "f.ktr:2:" },
		{ START_LINE "\n" NOTE_LINE, "f.ktr:2:" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		KT_FAILS(read_text(bad[i].text, strlen(bad[i].text), &info), KT_ERROR_USAGE,
			 bad[i].error);
}
END_TEST

START_TEST(unknown_events_are_counted)
{
	struct kt_run_file_info info;
	const char *text = START_LINE "{\"schema\":1,\"event\":\"new\",\"host_mono_ns\":0}\n";

	KT_OK(read_text(text, strlen(text), &info));
	ck_assert_uint_eq(info.unknown_count, 1);
	ck_assert_uint_eq(info.event_count, 1);
}
END_TEST

static struct kt_event make_note(const char *text)
{
	return (struct kt_event){ .type = KT_EVENT_NOTE,
				  .host_mono_ns = UINT64_MAX,
				  .note = { .text = text } };
}

static struct kt_event make_start(void)
{
	return (struct kt_event){ .type = KT_EVENT_RUN_START,
				  .run_start = { .tool_version = "1" } };
}

START_TEST(what_is_written_is_read)
{
	char path[] = "record-XXXXXX";
	kt_autoclose int fd = mkstemp(path);
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct kt_event start = make_start();
	struct kt_event note = make_note("a\nb");
	struct kt_run_writer writer;
	struct kt_run_file_info info;

	ck_assert_int_ge(fd, 0);
	kt_run_writer_init(&writer, fd, path);
	KT_OK(kt_run_writer_event(&writer, &start));
	KT_OK(kt_run_writer_event(&writer, &note));
	kt_run_writer_deinit(&writer);
	KT_OK(kt_file_read(path, 1 << 20, &text));
	ck_assert_int_eq(unlink(path), 0);
	KT_OK(read_text(text.data, text.len, &info));
	ck_assert_uint_eq(info.event_count, 2);
	ck_assert(strstr(text.data, "18446744073709551615"));
}
END_TEST

START_TEST(a_full_disk_is_told_once)
{
	kt_autoclose int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct kt_event start = make_start();
	struct kt_run_writer writer;

	ck_assert_int_ge(fd, 0);
	kt_run_writer_init(&writer, fd, "/dev/full");
	KT_FAILS(kt_run_writer_event(&writer, &start), KT_ERROR_IO, "recording stops here");
	KT_OK(kt_run_writer_event(&writer, &start));
	KT_OK(kt_run_writer_event(&writer, &start));
	ck_assert_uint_eq(writer.lost_event_count, 3);
	kt_run_writer_deinit(&writer);
}
END_TEST

/* A file that may not grow takes half a line, as a full disk does. */
START_TEST(half_a_line_is_taken_back)
{
	char path[] = "record-XXXXXX";
	kt_autoclose int fd = mkstemp(path);
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct kt_event start = make_start();
	struct kt_run_writer writer;
	struct kt_run_file_info info;

	ck_assert_int_ge(fd, 0);
	kt_run_writer_init(&writer, fd, path);
	KT_OK(kt_run_writer_event(&writer, &start));
	off_t good = lseek(fd, 0, SEEK_END);
	struct kt_event note = make_note("a line that is longer than twenty bytes");
	struct rlimit limit;
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	struct rlimit tight = { .rlim_cur = (rlim_t)good + 20, .rlim_max = limit.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	/* No assertion in between: each makes Check's own file grow. */
	int limited = setrlimit(RLIMIT_FSIZE, &tight);
	struct kt_error *err = kt_run_writer_event(&writer, &note);
	int restored = setrlimit(RLIMIT_FSIZE, &limit);
	ck_assert_int_eq(limited, 0);
	ck_assert_int_eq(restored, 0);
	KT_FAILS(err, KT_ERROR_IO, path);
	KT_OK(kt_run_writer_event(&writer, &note));
	ck_assert_uint_eq(writer.lost_event_count, 2);
	kt_run_writer_deinit(&writer);

	ck_assert(lseek(fd, 0, SEEK_END) == good);
	KT_OK(kt_file_read(path, 1 << 20, &text));
	ck_assert_int_eq(unlink(path), 0);
	KT_OK(read_text(text.data, text.len, &info));
	ck_assert(!info.cut);
	ck_assert_uint_eq(info.event_count, 1);
}
END_TEST

static struct kt_error *fold(void *ctx, const struct kt_event *event)
{
	return kt_run_apply(ctx, event);
}

/* A real run's events with bytes changed, cut or doubled: read or refused, never more. */
START_TEST(mutated_files_do_no_harm)
{
	const char *top = getenv("top_srcdir");
	kt_autobuf struct kt_buf path = KT_BUF_INIT;
	kt_autobuf struct kt_buf good = KT_BUF_INIT;
	unsigned int seed = 99U + (unsigned int)_i;
	size_t taken = 0;

	kt_buf_printf(&path, "%s/tests/report/%s.events", top ? top : ".", _i % 2 ? "good" : "bad");
	KT_OK(kt_file_read(kt_buf_text(&path), 1 << 20, &good));
	for (int round = 0; round < 200; round++) {
		kt_autofree char *text = malloc(good.len);
		kt_autorun struct kt_run run = KT_RUN_INIT;
		struct kt_run_file_info info;
		size_t len = round % 3 ? good.len : (size_t)rand_r(&seed) % good.len;

		ck_assert_ptr_nonnull(text);
		memcpy(text, good.data, good.len);
		for (int change = rand_r(&seed) % 3; change > 0; change--)
			text[(size_t)rand_r(&seed) % good.len] =
				"\"{}[],:0919atx\\\xff\n"[rand_r(&seed) % 17];
		struct kt_error *err = kt_run_file_read(text, len, "f", fold, &run, &info);
		taken += !err;
		kt_error_destroy(err);
		ck_assert_uint_eq(info.event_count, run.event_count);
	}
	ck_assert_uint_gt(taken, 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *file = suite_create("run_file");
	TCase *tests = tcase_create("all");

	tcase_add_test(tests, a_cut_tail_is_survived_and_told);
	tcase_add_test(tests, what_is_no_run_file_is_refused_with_its_place);
	tcase_add_test(tests, unknown_events_are_counted);
	tcase_add_test(tests, what_is_written_is_read);
	tcase_add_test(tests, a_full_disk_is_told_once);
	tcase_add_test(tests, half_a_line_is_taken_back);
	tcase_add_loop_test(tests, mutated_files_do_no_harm, 0, 8);
	suite_add_tcase(file, tests);
	return file;
}

KT_UNIT_MAIN
