/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process of this host as a source: real targets, and probes that are none. */
#include "tests/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/local_state.h"
#include "tests/engine/told.h"
#include "tests/probe/harness.h"

struct watch {
	struct told told;
	struct kt_local *local;
	struct target *target;
	struct kt_buf problem;
	bool is_done;
	/* When this many events of this type were told, ... */
	enum kt_event_type when;
	size_t count;
	/* ... this is done. */
	void (*act)(struct watch *watch);
};

static void on_done(void *ctx, const char *problem)
{
	struct watch *watch = ctx;

	ck_assert(!watch->is_done);
	watch->is_done = true;
	if (problem)
		kt_buf_puts(&watch->problem, problem);
}

static void on_event(void *ctx, const struct kt_event *event)
{
	struct watch *watch = ctx;

	if (watch->act && event->type == watch->when &&
	    watch->told.type_counts[event->type] == watch->count)
		watch->act(watch);
}

static void watch_start(struct watch *watch, const char *probe, pid_t pid, uint32_t snapshots,
			uint32_t interval_ms)
{
	told_init(&watch->told, NULL);
	watch->told.on_event = on_event;
	watch->told.ctx = watch;
	told_begin(&watch->told, "here");
	struct kt_local_config config = {
		.loop = &watch->told.loop,
		.session = &watch->told.session,
		.probe = probe,
		.scenario = "here",
		.pid = (uint32_t)pid,
		.snapshots = snapshots,
		.interval_ms = interval_ms,
		.with = "cpu,sched",
		.engine = "readv",
	};
	KT_OK(kt_local_create(&config, on_done, watch, &watch->local));
	kt_local_start(watch->local);
}

static void watch_finish(struct watch *watch)
{
	told_run(&watch->told);
	ck_assert(watch->is_done);
	ck_assert_ptr_null(watch->told.session.error);
}

static void watch_deinit(struct watch *watch)
{
	kt_local_destroy(watch->local);
	kt_buf_deinit(&watch->problem);
	told_deinit(&watch->told);
}

static const struct kt_run_probe_run *run_of(const struct watch *watch)
{
	const struct kt_run_scenario *scenario =
		kt_run_find_scenario(&watch->told.session.run, "here");
	const struct kt_run_probe *probe = kt_run_find_probe(scenario, "jemalloc");

	ck_assert_ptr_nonnull(probe);
	ck_assert_uint_eq(probe->run_count, 1);
	ck_assert(probe->runs[0].ended);
	return &probe->runs[0];
}

static void stop(struct watch *watch)
{
	kt_local_stop(watch->local);
	kt_local_stop(watch->local);
}

static void wake_target(struct watch *watch)
{
	ck_assert_int_eq(write(watch->target->in, "x", 1), 1);
}

static void kill_probe(struct watch *watch)
{
	ck_assert_int_eq(kill(watch->local->process.pid, SIGKILL), 0);
}

/* The probe was reaped: it is no process any more. */
static void expect_no_probe(const struct watch *watch)
{
	ck_assert_int_eq(kill(watch->local->process.pid, 0), -1);
	ck_assert_int_eq(errno, ESRCH);
}

static void expect_truth(const struct kt_snapshot *snapshot, const struct target *target)
{
	for (size_t i = 0; i < target->truth_count; i++) {
		const struct kt_thread *thread;
		uint32_t tid = (uint32_t)target->truths[i].tid;
		ck_assert_int_eq(kt_snapshot_find_thread(snapshot, tid, &thread), KT_THREAD_FOUND);
		ck_assert_uint_eq(thread->allocated_bytes.value, target->truths[i].allocated);
		ck_assert_ptr_nonnull(thread->extras);
		ck_assert_ptr_nonnull(thread->extras->state);
	}
}

static const size_t snapshot_counts[] = { 1, 3 };

START_TEST(a_process_is_watched)
{
	struct target target;
	/* A stop that comes too late changes nothing. */
	struct watch watch = {
		.target = &target, .act = stop, .when = KT_EVENT_PROBE_END, .count = 1
	};
	uint32_t count = (uint32_t)snapshot_counts[_i];

	target_start(&target, KT_TARGET, 300, "park");
	watch_start(&watch, KT_PROBE, target.pid, count, 5);
	watch_finish(&watch);
	ck_assert_str_eq(kt_buf_text(&watch.problem), "");
	const struct kt_run_probe_run *run = run_of(&watch);
	ck_assert_uint_eq(run->target_pid, (unsigned)target.pid);
	ck_assert_uint_eq(run->snapshot_count, count);
	for (uint32_t i = 0; i < count; i++)
		expect_truth(&run->snapshots[i].snapshot, &target);
	ck_assert_str_eq(run->end.end_reason, "completed");
	ck_assert(strstr(kt_buf_text(&watch.told.lines), "\"engine\":\"readv\""));
	expect_no_probe(&watch);
	watch_deinit(&watch);
	target_stop(&target);
}
END_TEST

/* A second look at a process is a second run of the same probe. */
START_TEST(runs_are_numbered)
{
	struct target target;
	struct watch watch = { .target = &target };

	target_start(&target, KT_TARGET, 3, "park");
	watch_start(&watch, KT_PROBE, target.pid, 1, 0);
	watch_finish(&watch);
	struct kt_local_config config = watch.local->config;
	kt_local_destroy(watch.local);
	watch.is_done = false;
	KT_OK(kt_local_create(&config, on_done, &watch, &watch.local));
	kt_local_start(watch.local);
	watch_finish(&watch);
	const struct kt_run_scenario *scenario =
		kt_run_find_scenario(&watch.told.session.run, "here");
	ck_assert_uint_eq(kt_run_find_probe(scenario, "jemalloc")->run_count, 2);
	watch_deinit(&watch);
	target_stop(&target);
}
END_TEST

static const struct ending {
	const char *mode;
	void (*act)(struct watch *watch);
	enum kt_event_type when;
	size_t count;
	const char *end_reason;
	const char *problem;
} endings[] = {
	{ "exit", wake_target, KT_EVENT_SNAPSHOT, 2, "target-exited", "" },
	{ "exec", wake_target, KT_EVENT_SNAPSHOT, 1, "exe-identity-changed", "" },
	{ "park", stop, KT_EVENT_PROBE_START, 1, "interrupted", "" },
	{ "park", stop, KT_EVENT_SNAPSHOT, 3, "interrupted", "" },
	{ "park", kill_probe, KT_EVENT_SNAPSHOT, 2, NULL, "the probe was killed by signal 9" },
};

START_TEST(every_end_is_told)
{
	const struct ending *ending = &endings[_i];
	struct target target;
	struct watch watch = {
		.target = &target,
		.act = ending->act,
		.when = ending->when,
		.count = ending->count,
	};

	target_start(&target, KT_TARGET, 3, ending->mode);
	watch_start(&watch, KT_PROBE, target.pid, 0, 5);
	watch_finish(&watch);
	const struct kt_run_probe_run *run = run_of(&watch);
	ck_assert_str_eq(kt_buf_text(&watch.problem), ending->problem);
	if (ending->end_reason)
		ck_assert_str_eq(run->end.end_reason, ending->end_reason);
	else
		ck_assert_uint_eq(run->end.signal.value, SIGKILL);
	expect_no_probe(&watch);
	expect_not_stopped(target.pid);
	watch_deinit(&watch);
	target_stop(&target);
}
END_TEST

/* Before it has even begun: how far it came is a matter of luck, the end is not. */
START_TEST(stopped_at_once)
{
	struct target target;
	struct watch watch = { .target = &target };

	target_start(&target, KT_TARGET, 3, "park");
	watch_start(&watch, KT_PROBE, target.pid, 0, 5);
	stop(&watch);
	watch_finish(&watch);
	ck_assert_str_eq(kt_buf_text(&watch.problem), "");
	(void)run_of(&watch);
	expect_no_probe(&watch);
	watch_deinit(&watch);
	target_stop(&target);
}
END_TEST

START_TEST(no_such_process)
{
	struct watch watch = { 0 };

	watch_start(&watch, KT_PROBE, INT32_MAX, 0, 5);
	watch_finish(&watch);
	const struct kt_run_probe_run *run = run_of(&watch);
	ck_assert_str_eq(run->end.fatal_kind, "pid-missing");
	ck_assert_uint_eq(run->end.exit_code.value, 1);
	ck_assert(strstr(kt_buf_text(&watch.problem), "2147483647"));
	ck_assert_ptr_null(strchr(kt_buf_text(&watch.problem), '\n'));
	ck_assert_str_eq(kt_buf_text(&watch.told.types),
			 "run_start scenario_start probe_start probe_end ");
	watch_deinit(&watch);
}
END_TEST

START_TEST(no_such_probe)
{
	struct watch watch = { 0 };

	watch_start(&watch, "/nonexistent/probe", 1, 0, 5);
	watch_finish(&watch);
	const struct kt_run_probe_run *run = run_of(&watch);
	ck_assert_str_eq(kt_buf_text(&watch.problem),
			 "/nonexistent/probe cannot be started: no such file or directory");
	ck_assert(!run->end.exit_code.known && !run->end.signal.known);
	watch_deinit(&watch);
}
END_TEST

START_TEST(never_started)
{
	struct watch watch = { 0 };

	told_init(&watch.told, NULL);
	struct kt_local_config config = { .loop = &watch.told.loop,
					  .session = &watch.told.session };
	KT_OK(kt_local_create(&config, on_done, &watch, &watch.local));
	kt_local_stop(watch.local);
	told_run(&watch.told);
	ck_assert(!watch.is_done);
	watch_deinit(&watch);
}
END_TEST

#define LINE(event, rest) \
	"echo '{\"schema\":1,\"event\":\"" event "\",\"host_mono_ns\":1" rest "}'\n"
#define IDENTITY ",\"probe\":\"jemalloc\",\"run\":0,\"target_pid\":1"
#define START	 LINE("probe_start", IDENTITY)
#define SNAPSHOT(index)                                                            \
	LINE("snapshot", IDENTITY ",\"index\":" index ",\"timestamp_unix_sec\":1," \
				  "\"elapsed_since_start_ns\":1,\"threads\":[]")
#define END LINE("probe_end", IDENTITY ",\"exit_code\":0,\"duration_ns\":1")

static const struct fake {
	const char *script;
	const char *problem;
	const char *types;
} fakes[] = {
	{ "exit 0\n", "the probe ended with exit code 0 without a report",
	  "probe_start probe_end " },
	{ "echo one >&2; echo 'error: two' >&2; exit 3\n", "two", "probe_start probe_end " },
	{ "echo Segmentation fault; exec sleep 1000\n",
	  "the probe says what is no event: ", "probe_start probe_end " },
	{ "exec cat /dev/zero\n", "the probe writes a line without end", "probe_start probe_end " },
	{ START SNAPSHOT("0") SNAPSHOT("2") "exec sleep 1000\n",
	  "the probe says snapshot where that has no place", "probe_start snapshot probe_end " },
	{ SNAPSHOT("0"), "the probe says snapshot where that has no place",
	  "probe_start probe_end " },
	{ START START, "the probe says probe_start where that has no place",
	  "probe_start probe_end " },
	{ START END END, "the probe says probe_end where that has no place",
	  "probe_start probe_end " },
	{ LINE("note", ",\"text\":\"x\""), "the probe says note where that has no place",
	  "probe_start probe_end " },
	{ START LINE("of_tomorrow", "") SNAPSHOT("0") END, "", "probe_start snapshot probe_end " },
	{ START SNAPSHOT("0") "printf '{\"schema\":1,\"ev'; exit 1\n",
	  "the probe ended with exit code 1 without a report", "probe_start snapshot probe_end " },
	/* Somebody else holds its pipes: that is not waited for. */
	{ START END "sleep 1000 & echo $! >$0.child; exit 0\n", "", "probe_start probe_end " },
};

static void kill_child(const char *path)
{
	char name[80];
	long pid = 0;

	(void)snprintf(name, sizeof(name), "%s.child", path);
	FILE *file = fopen(name, "re");
	if (!file)
		return;
	ck_assert_int_eq(fscanf(file, "%ld", &pid), 1);
	(void)fclose(file);
	(void)unlink(name);
	ck_assert_int_eq(kill((pid_t)pid, SIGKILL), 0);
}

static void make_fake(const char *script, char path[64])
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_printf(&text, "#!/bin/sh\n%s", script);
	told_write_file(text.data, text.len, path);
}

START_TEST(a_probe_that_is_none)
{
	const struct fake *fake = &fakes[_i];
	struct watch watch = { 0 };
	char path[64];

	make_fake(fake->script, path);
	watch_start(&watch, path, 1, 0, 5);
	watch_finish(&watch);
	ck_assert_msg(!strncmp(kt_buf_text(&watch.problem), fake->problem, strlen(fake->problem)) &&
			      !*fake->problem == !watch.problem.len,
		      "'%s'", kt_buf_text(&watch.problem));
	ck_assert_str_eq(kt_buf_text(&watch.told.types) + strlen("run_start scenario_start "),
			 fake->types);
	expect_no_probe(&watch);
	watch_deinit(&watch);
	kill_child(path);
	(void)unlink(path);
}
END_TEST

/* Neither asking nor waiting helps: it is killed. */
START_TEST(a_probe_that_does_not_listen)
{
	struct watch watch = { .act = stop, .when = KT_EVENT_PROBE_START, .count = 1 };
	char path[64];

	make_fake("trap '' INT\n" START "exec sleep 1000\n", path);
	watch_start(&watch, path, 1, 0, 5);
	watch_finish(&watch);
	ck_assert_str_eq(kt_buf_text(&watch.problem), "");
	ck_assert(!run_of(&watch)->end.signal.known);
	expect_no_probe(&watch);
	watch_deinit(&watch);
	(void)unlink(path);
}
END_TEST

/* Faster than we take them: what waits here stays small. */
START_TEST(a_flood)
{
	struct watch watch = { 0 };
	char path[64];

	make_fake(START "yes '{\"schema\":1,\"event\":\"of_tomorrow\",\"host_mono_ns\":1}' | "
			"head -n 30000\n" END,
		  path);
	watch_start(&watch, path, 1, 0, 5);
	watch_finish(&watch);
	ck_assert_str_eq(kt_buf_text(&watch.problem), "");
	ck_assert_uint_le(watch.local->lines.bytes.cap, 4 * sizeof(watch.local->read_bytes));
	ck_assert_str_eq(kt_buf_text(&watch.told.types),
			 "run_start scenario_start probe_start probe_end ");
	watch_deinit(&watch);
	(void)unlink(path);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("local");
	TCase *tests = tcase_create("local");

	tcase_add_loop_test(tests, a_process_is_watched, 0, 2);
	tcase_add_test(tests, runs_are_numbered);
	tcase_add_loop_test(tests, every_end_is_told, 0, (int)(sizeof(endings) / sizeof(*endings)));
	tcase_add_test(tests, stopped_at_once);
	tcase_add_test(tests, no_such_process);
	tcase_add_test(tests, no_such_probe);
	tcase_add_test(tests, never_started);
	tcase_add_loop_test(tests, a_probe_that_is_none, 0, (int)(sizeof(fakes) / sizeof(*fakes)));
	tcase_add_test(tests, a_probe_that_does_not_listen);
	tcase_add_test(tests, a_flood);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
