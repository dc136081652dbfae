/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a live source gave, recorded and replayed, is the same: events, verdicts, model. */
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/local.h"
#include "engine/replay.h"
#include "run/run_file.h"
#include "tests/engine/told.h"
#include "tests/probe/harness.h"

static const char scenario_text[] =
	"{ \"schema\": 1, \"name\": \"here\", \"probes\": [ { \"name\": \"jemalloc\", \"pid\": 7,"
	"  \"snapshots\": 2, \"interval_ms\": 5 } ], \"checks\": ["
	"  { \"exit_code\": { \"equals\": 0 } }, { \"thread_count\": { \"equals\": 50 } },"
	"  { \"monotone\": { \"of\": \"elapsed_since_start_ns\" } },"
	"  { \"counter\": { \"of\": \"allocated_bytes\", \"thread\": \"all\", \"max\": 1 } } ] }";

struct live {
	struct told told;
	struct target *target;
	struct kt_run_writer writer;
};

static void on_event(void *ctx, const struct kt_event *event)
{
	struct live *live = ctx;

	KT_OK(kt_run_writer_event(&live->writer, event));
	if (event->type == KT_EVENT_SNAPSHOT && event->snapshot.index == 2)
		ck_assert_int_eq(write(live->target->in, "x", 1), 1);
}

static void on_local_done(void *ctx, const char *problem)
{
	(void)ctx;
	ck_assert_ptr_null(problem);
}

static void on_replay_done(void *ctx)
{
	*(bool *)ctx = true;
}

/* Watches a target until it ends, and records that as the program does. */
static void watch(struct live *live, int fd, const char *path)
{
	const struct kt_scenario *scenario;
	struct kt_local *local;

	kt_run_writer_init(&live->writer, fd, path);
	told_init(&live->told, scenario_text);
	live->told.on_event = on_event;
	live->told.ctx = live;
	told_begin(&live->told, "here");
	scenario = live->told.scenarios.scenarios[0];
	struct kt_local_config config = {
		.loop = &live->told.loop,
		.session = &live->told.session,
		.probe = KT_PROBE,
		.scenario = "here",
		.pid = (uint32_t)live->target->pid,
		.interval_ms = 5,
		.with = "cpu,sched,process",
	};
	KT_OK(kt_local_create(&config, on_local_done, live, &local));
	kt_local_start(local);
	told_run(&live->told);
	kt_local_destroy(local);
	kt_session_note(&live->told.session, NULL, "a remark");
	kt_session_judge(&live->told.session, scenario);
	ck_assert_ptr_null(live->told.session.error);
	kt_run_writer_deinit(&live->writer);
}

static void play(struct told *told, const char *path)
{
	struct kt_replay *replay;
	bool is_done = false;

	/* The scenario is not there: nothing can be judged anew. */
	told_init(told, NULL);
	KT_OK(kt_replay_create(&told->loop, &told->session, path, on_replay_done, &is_done,
			       &replay));
	kt_replay_start(replay);
	told_run(told);
	ck_assert(is_done);
	ck_assert_ptr_null(kt_replay_state(replay).problem);
	kt_replay_destroy(replay);
}

static const char *const modes[] = { "exit", "exec" };

START_TEST(replay_equals_live)
{
	kt_autobuf struct kt_buf live_model = KT_BUF_INIT;
	kt_autobuf struct kt_buf replayed_model = KT_BUF_INIT;
	char path[] = "/tmp/ktstr-equal-test-XXXXXX";
	struct target target;
	struct live live = { .target = &target };
	struct told replayed;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	target_start(&target, KT_TARGET, 50, modes[_i]);
	watch(&live, fd, path);
	play(&replayed, path);
	ck_assert_uint_ge(live.told.type_counts[KT_EVENT_SNAPSHOT], 3);
	ck_assert_uint_ge(live.told.type_counts[KT_EVENT_CHECK], 4);
	ck_assert_str_eq(kt_buf_text(&live.told.types), kt_buf_text(&replayed.types));
	ck_assert_str_eq(kt_buf_text(&live.told.lines), kt_buf_text(&replayed.lines));
	told_dump(&live.told.session.run, &live_model);
	told_dump(&replayed.session.run, &replayed_model);
	ck_assert_str_eq(kt_buf_text(&live_model), kt_buf_text(&replayed_model));
	ck_assert(strstr(kt_buf_text(&live_model), "\"verdict\":\"fail\""));
	told_deinit(&live.told);
	told_deinit(&replayed);
	target_stop(&target);
	(void)close(fd);
	(void)unlink(path);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("equal");
	TCase *tests = tcase_create("equal");

	tcase_add_loop_test(tests, replay_equals_live, 0, 2);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
