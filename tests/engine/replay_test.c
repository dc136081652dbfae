/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run files as a source: whole ones, damaged ones, and what is none. */
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/event_lines.h"
#include "engine/replay.h"
#include "tests/engine/told.h"

#define RUN_START                                                                          \
	"{\"schema\":1,\"event\":\"run_start\",\"host_mono_ns\":5,\"tool_version\":\"1\"," \
	"\"started_at_unix_sec\":1,\"jobs\":1,\"scenarios\":[\"s\"]}\n"
#define NOTE	 "{\"schema\":1,\"event\":\"note\",\"host_mono_ns\":70,\"text\":\"x\"}\n"
#define TOMORROW "{\"schema\":1,\"event\":\"of_tomorrow\",\"host_mono_ns\":80}\n"
#define RUN_END                                                                              \
	"{\"schema\":1,\"event\":\"run_end\",\"host_mono_ns\":90,\"passed\":1,\"failed\":0," \
	"\"errors\":0,\"skipped\":0,\"cancelled\":0,\"exit_code\":0,\"duration_ns\":1}\n"

struct play {
	struct told told;
	struct kt_replay *replay;
	int done_count;
	size_t stop_at; /* this event the replay is stopped; 0: never */
	size_t count;
};

static void on_done(void *ctx)
{
	struct play *play = ctx;

	play->done_count++;
}

static void on_event(void *ctx, const struct kt_event *event)
{
	struct play *play = ctx;

	(void)event;
	if (++play->count == play->stop_at)
		kt_replay_stop(play->replay);
}

static void play_file(struct play *play, const char *path)
{
	told_init(&play->told, NULL);
	play->told.on_event = on_event;
	play->told.ctx = play;
	KT_OK(kt_replay_create(&play->told.loop, &play->told.session, path, on_done, play,
			       &play->replay));
	kt_replay_start(play->replay);
	ck_assert(!kt_replay_state(play->replay).is_done);
	told_run(&play->told);
	ck_assert_int_eq(play->done_count, 1);
	ck_assert(kt_replay_state(play->replay).is_done);
	ck_assert_ptr_null(play->told.session.error);
}

static void play_deinit(struct play *play)
{
	kt_replay_destroy(play->replay);
	told_deinit(&play->told);
}

static const struct file {
	const char *text;
	const char *lines;   /* that come out; NULL: all */
	const char *problem; /* behind the name */
	uint64_t events;
	bool was_cut;
} files[] = {
	{ RUN_START NOTE RUN_END, NULL, NULL, 3, false },
	{ RUN_START, NULL, NULL, 1, false },
	{ RUN_START NOTE TOMORROW NOTE, RUN_START NOTE NOTE, NULL, 3, false },
	/* Cut anywhere in the last line; behind its last bracket it is whole. */
	{ RUN_START NOTE "{", RUN_START NOTE, NULL, 2, true },
	{ RUN_START NOTE "{\"schema\":1,\"event\":\"note\"", RUN_START NOTE, NULL, 2, true },
	{ RUN_START "{\"schema\":1,\"event\":\"note\",\"host_mono_ns\":70,\"text\":\"x\"}",
	  RUN_START NOTE, NULL, 2, false },
	{ RUN_START NOTE "garbage\n" NOTE, RUN_START NOTE, ":3: event:1:1: ", 2, false },
	{ RUN_START "\n" NOTE, RUN_START, ":2: event:1:1: ", 1, false },
	{ RUN_START NOTE "{\"schema\":2,\"event\":\"x\"}\n" NOTE, RUN_START NOTE,
	  ":3: schema 2 was written by a newer version; this one reads 1", 2, false },
	/* The model refuses. */
	{ RUN_START NOTE TOMORROW RUN_START NOTE, RUN_START NOTE,
	  ":4: the model refuses run_start: ", 2, false },
	{ RUN_START NOTE RUN_END RUN_END, RUN_START NOTE RUN_END,
	  ":4: the model refuses run_end: ", 3, false },
};

START_TEST(files_whole_and_damaged)
{
	const struct file *file = &files[_i];
	struct play play = { 0 };
	char path[64];

	told_write_file(file->text, strlen(file->text), path);
	play_file(&play, path);
	struct kt_replay_state state = kt_replay_state(play.replay);
	ck_assert_str_eq(kt_buf_text(&play.told.lines), file->lines ? file->lines : file->text);
	ck_assert_uint_eq(state.event_count, file->events);
	ck_assert_uint_eq(play.told.session.run.event_count, file->events);
	ck_assert_uint_eq(state.file_bytes, strlen(file->text));
	ck_assert_int_eq(state.was_cut, file->was_cut);
	ck_assert_int_eq(state.problem != NULL, file->problem != NULL);
	if (!file->problem && !file->was_cut)
		ck_assert_uint_eq(state.read_bytes, state.file_bytes);
	if (file->problem) {
		ck_assert_msg(!strncmp(state.problem, path, strlen(path)), "%s", state.problem);
		ck_assert_msg(!strncmp(state.problem + strlen(path), file->problem,
				       strlen(file->problem)),
			      "%s", state.problem);
	}
	play_deinit(&play);
	(void)unlink(path);
}
END_TEST

static const struct {
	const char *text;
	const char *why;
} strangers[] = {
	{ "", ": the run file is empty" },
	{ "#!/bin/sh\n", ":1: event:1:1: " },
	{ "\n" RUN_START, ":1: event:1:1: " },
	{ NOTE, ":1: this is not a run file: it starts with note, not run_start" },
	{ TOMORROW RUN_START, ":1: this is not a run file: it starts with none, not run_start" },
	{ "{\"schema\":2,\"event\":\"run_start\"}\n", ":1: schema 2 was written by a newer " },
	{ "{\"schema_version\":2}\n", ":1: an event must have \"schema\": 1" },
	{ "{\"schema\":1,\"event\":\"run_st", ":1: event:1:" },
};

static void expect_refusal(const char *path, const char *why)
{
	struct kt_replay *replay = NULL;
	struct kt_session session;
	struct kt_scenario_set set = KT_SCENARIO_SET_INIT;
	uv_loop_t loop;

	ck_assert_int_eq(uv_loop_init(&loop), 0);
	kt_session_init(&session, &set, NULL, NULL);
	KT_FAILS(kt_replay_create(&loop, &session, path, NULL, NULL, &replay), KT_ERROR_USAGE, why);
	ck_assert_ptr_null(replay);
	kt_session_deinit(&session);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

START_TEST(what_is_no_run_file)
{
	char path[64];

	told_write_file(strangers[_i].text, strlen(strangers[_i].text), path);
	expect_refusal(path, strangers[_i].why);
	(void)unlink(path);
}
END_TEST

START_TEST(what_is_no_file)
{
	char path[64];

	expect_refusal("/", "/: this is a directory, not a run file");
	expect_refusal("/dev/zero", "/dev/zero: a run file must be a regular file");
	expect_refusal("/nonexistent", "/nonexistent: No such file or directory");
	told_write_file("", 0, path);
	(void)unlink(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	expect_refusal(path, ": a run file must be a regular file");
	(void)unlink(path);
}
END_TEST

/* Zeros without a newline: not read to their end. */
START_TEST(a_first_line_without_end)
{
	char path[64];

	told_write_file("", 0, path);
	ck_assert_int_eq(truncate(path, 1L << 40), 0);
	expect_refusal(path, ": this is not a run file: its first line has no end");
	(void)unlink(path);
}
END_TEST

/* Lines of all lengths, most of them across the borders of what is read at once. */
static void make_long_file(struct kt_buf *out, size_t note_count, size_t longest)
{
	kt_buf_puts(out, RUN_START);
	for (size_t i = 0; i < note_count; i++) {
		kt_buf_puts(out,
			    "{\"schema\":1,\"event\":\"note\",\"host_mono_ns\":70,\"text\":\"");
		size_t len = i * 7919 % longest;
		for (size_t j = 0; j < len; j++)
			kt_buf_putc(out, (char)('a' + i % 26));
		kt_buf_puts(out, "\"}\n");
	}
	ck_assert(!out->failed);
}

START_TEST(lines_longer_than_a_piece)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct play play = { 0 };
	char path[64];

	make_long_file(&text, _i ? 2000 : 12, _i ? 8000 : 6 << 20);
	told_write_file(text.data, text.len, path);
	play_file(&play, path);
	ck_assert_ptr_null(kt_replay_state(play.replay).problem);
	ck_assert_uint_eq(kt_replay_state(play.replay).read_bytes, text.len);
	ck_assert_uint_eq(play.told.lines.len, text.len);
	ck_assert_int_eq(memcmp(play.told.lines.data, text.data, text.len), 0);
	play_deinit(&play);
	(void)unlink(path);
}
END_TEST

START_TEST(a_line_without_end)
{
	struct play play = { 0 };
	char path[64];

	told_write_file(RUN_START NOTE, strlen(RUN_START NOTE), path);
	ck_assert_int_eq(truncate(path, 1L << 40), 0);
	play_file(&play, path);
	ck_assert_str_eq(kt_buf_text(&play.told.lines), RUN_START NOTE);
	const char *problem = kt_replay_state(play.replay).problem;
	ck_assert_ptr_nonnull(problem);
	ck_assert_str_eq(problem + strlen(path), ":3: the line is too long");
	play_deinit(&play);
	(void)unlink(path);
}
END_TEST

START_TEST(stopped_anywhere)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct play play = { .stop_at = _i == 0 ? 1 : _i == 1 ? 700 : 2001 };
	char path[64];

	make_long_file(&text, 2000, 8000);
	told_write_file(text.data, text.len, path);
	play_file(&play, path);
	ck_assert_uint_eq(play.count, play.stop_at);
	ck_assert_ptr_null(kt_replay_state(play.replay).problem);
	ck_assert(!kt_replay_state(play.replay).was_cut);
	play_deinit(&play);
	(void)unlink(path);
}
END_TEST

START_TEST(stopped_before_and_at_the_start)
{
	struct play play = { 0 };
	char path[64];

	told_write_file(RUN_START, strlen(RUN_START), path);
	told_init(&play.told, NULL);
	KT_OK(kt_replay_create(&play.told.loop, &play.told.session, path, on_done, &play,
			       &play.replay));
	kt_replay_stop(play.replay);
	told_run(&play.told);
	ck_assert_int_eq(play.done_count, 0);
	kt_replay_start(play.replay);
	kt_replay_stop(play.replay);
	kt_replay_stop(play.replay);
	told_run(&play.told);
	ck_assert_int_eq(play.done_count, 1);
	kt_replay_stop(play.replay);
	ck_assert_uint_eq(play.told.session.run.event_count, 0);
	play_deinit(&play);
	(void)unlink(path);
}
END_TEST

/* Whatever the pieces, the lines are the same. */
START_TEST(bytes_one_by_one)
{
	static const char text[] = RUN_START NOTE TOMORROW NOTE "\n" NOTE;
	static const size_t pieces[] = { 1, 2, 7, 100, sizeof(text) };
	size_t piece = pieces[_i];
	struct kt_event_lines lines = { 0 };
	size_t event_count = 0;
	size_t error_count = 0;

	for (size_t at = 0; at < sizeof(text) - 1; at += piece) {
		struct kt_event_batch batch = { 0 };
		size_t left = sizeof(text) - 1 - at;
		kt_event_lines_feed(&lines, text + at, left < piece ? left : piece);
		KT_OK(kt_event_lines_take(&lines, false, &batch));
		kt_event_batch_decode(&batch);
		event_count += batch.count;
		error_count += batch.error != NULL;
		ck_assert(!batch.is_error_cut);
		kt_event_batch_deinit(&batch);
	}
	ck_assert_uint_eq(lines.bytes.len, 0);
	ck_assert_uint_eq(error_count, 1);
	/* Behind the empty line nothing of the same batch is looked at. */
	ck_assert_uint_eq(event_count, piece < sizeof(text) ? 5 : 4);
	kt_event_lines_deinit(&lines);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("replay");
	TCase *tests = tcase_create("replay");

	tcase_add_loop_test(tests, files_whole_and_damaged, 0,
			    (int)(sizeof(files) / sizeof(*files)));
	tcase_add_loop_test(tests, what_is_no_run_file, 0,
			    (int)(sizeof(strangers) / sizeof(*strangers)));
	tcase_add_test(tests, what_is_no_file);
	tcase_add_test(tests, a_first_line_without_end);
	tcase_add_loop_test(tests, lines_longer_than_a_piece, 0, 2);
	tcase_add_test(tests, a_line_without_end);
	tcase_add_loop_test(tests, stopped_anywhere, 0, 3);
	tcase_add_test(tests, stopped_before_and_at_the_start);
	tcase_add_loop_test(tests, bytes_one_by_one, 0, 5);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
