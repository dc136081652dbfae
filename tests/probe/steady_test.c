/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sweep after sweep with one engine: what it keeps of a thread must never outlive the thread. */
#include "tests/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "probe/read/describe.h"
#include "tests/probe/crew.h"

/* An engine at work on a crew. */
struct watch {
	struct crew crew;
	struct kt_read_config config;
	void *engine;
	struct kt_sweep sweep;
};

static void watch_begin(struct watch *watch, size_t count, enum kt_tls_access access)
{
	*watch = (struct watch){ 0 };
	crew_start(&watch->crew, count, CREW_PARKED);
	watch->config = crew_config(&watch->crew, access);
}

static void watch_sweep(struct watch *watch)
{
	if (!watch->engine)
		KT_OK(kt_readv_engine.create(&watch->config, &watch->engine));
	kt_sweep_reset(&watch->sweep);
	KT_OK(kt_readv_engine.sweep(watch->engine, &watch->sweep));
	ck_assert_uint_eq(watch->sweep.stop_count, 0);
	ck_assert(!watch->sweep.is_target_gone && !watch->sweep.is_interrupted);
}

static void watch_end(struct watch *watch)
{
	kt_readv_engine.destroy(watch->engine);
	kt_sweep_deinit(&watch->sweep);
	crew_stop(&watch->crew);
}

/* How many members there are, and that they are all, and right. */
static void expect_crew(const struct watch *watch)
{
	size_t alive = 0;

	for (size_t i = 0; i < watch->crew.count; i++)
		alive += !watch->crew.page->members[i].has_ended;
	ck_assert_uint_eq(watch->sweep.count, alive);
	crew_expect_exact(&watch->crew, &watch->sweep);
}

static const enum kt_tls_access accesses[] = { KT_TLS_TP_OFFSET, KT_TLS_DTV };

START_TEST(a_steady_sweep_is_few_calls)
{
	struct watch watch;
	size_t calls = accesses[_i] == KT_TLS_DTV ? 2 : 1;

	watch_begin(&watch, 400, accesses[_i]);
	for (size_t i = 0; i < 12; i++) {
		crew_work(&watch.crew, i * 31);
		watch_sweep(&watch);
		expect_crew(&watch);
		ck_assert_uint_le(watch.sweep.read_calls, calls);
		ck_assert_str_eq(crew_row(&watch.sweep, watch.crew.page->members[1].tid)->comm,
				 "two  words");
		ck_assert(watch.sweep.rows[i].has_start_time);
	}
	watch_end(&watch);
}
END_TEST

/* The stacks of those that ended serve those that come: same places, other threads. */
START_TEST(ended_threads_are_gone_and_new_ones_are_there)
{
	struct watch watch;
	size_t count = 40;

	watch_begin(&watch, count, accesses[_i]);
	watch_sweep(&watch);
	for (size_t round = 0; round < 6; round++) {
		size_t first = 5 + round * 5;
		for (size_t i = first; i < first + 5; i++)
			crew_end(&watch.crew, i);
		if (round % 2) {
			watch_sweep(&watch);
			expect_crew(&watch);
		}
		/* In the other rounds the number of threads is what it was. */
		count += 5;
		crew_grow(&watch.crew, count);
		watch_sweep(&watch);
		expect_crew(&watch);
	}
	watch_end(&watch);
}
END_TEST

START_TEST(threads_without_block_are_skipped_until_they_have_one)
{
	struct watch watch;

	watch_begin(&watch, 20, KT_TLS_DTV);
	watch.config.place = crew_late_place();
	for (size_t worked = 0; worked < 20; worked++) {
		watch_sweep(&watch);
		ck_assert_uint_eq(watch.sweep.count, 20);
		ck_assert_uint_eq(kt_sweep_ok_count(&watch.sweep), worked);
		for (size_t i = 0; i < 20; i++) {
			const struct crew_member *member = &watch.crew.page->members[i];
			const struct kt_row *row = crew_row(&watch.sweep, member->tid);
			bool has_block = i && i <= worked;
			ck_assert_int_eq(row->state, has_block ? KT_ROW_OK : KT_ROW_SKIPPED);
			if (has_block)
				ck_assert_uint_eq(row->allocated_bytes, member->allocated);
			else
				ck_assert_str_eq(kt_row_skip_token(row), "no-thread-data");
		}
		if (worked < 19)
			crew_work(&watch.crew, worked + 1);
	}
	watch_end(&watch);
}
END_TEST

/* Rows of a crew in a namespace of its own: its members count from 1, in the same order. */
static void expect_crew_by_order(const struct watch *watch)
{
	size_t at = 0;

	for (size_t i = 0; i < watch->crew.count; i++) {
		const struct crew_member *member = &watch->crew.page->members[i];
		if (member->has_ended)
			continue;
		ck_assert_uint_lt(at, watch->sweep.count);
		const struct kt_row *row = &watch->sweep.rows[at++];
		ck_assert_int_eq(row->state, KT_ROW_OK);
		ck_assert_int_ne(row->tid, member->tid);
		ck_assert_uint_eq(row->allocated_bytes, member->allocated);
	}
	ck_assert_uint_eq(watch->sweep.count, at);
}

START_TEST(another_pid_namespace)
{
	struct watch watch = { 0 };
	size_t count = 30;

	if (!crew_start_in_namespace(&watch.crew, count))
		return; /* not allowed to make one */
	watch.config = crew_config(&watch.crew, KT_TLS_TP_OFFSET);
	watch.config.is_same_pid_ns = false;
	ck_assert_int_eq(watch.crew.page->members[0].tid, 1);
	watch_sweep(&watch);
	expect_crew_by_order(&watch);
	for (size_t round = 0; round < 4; round++) {
		crew_end(&watch.crew, 3 + round);
		crew_grow(&watch.crew, ++count);
		crew_work(&watch.crew, count - 1);
		watch_sweep(&watch);
		expect_crew_by_order(&watch);
	}
	watch_end(&watch);
}
END_TEST

/* Makes the next thread's number @tid, if nobody else takes it first. */
static bool set_next_tid(pid_t tid)
{
	char text[16];
	int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
	int len = snprintf(text, sizeof(text), "%d", tid - 1);
	bool is_set = fd >= 0 && write(fd, text, (size_t)len) == len;

	if (fd >= 0)
		(void)close(fd);
	return is_set;
}

/* A thread that ends, and another with its number, on its stack: nothing of the first may stay. */
START_TEST(a_number_used_again)
{
	struct watch watch;
	size_t last = 9;
	bool has_met = false;

	watch_begin(&watch, last + 1, KT_TLS_TP_OFFSET);
	for (int i = 0; i < 30 && !has_met; i++) {
		struct crew_member *members = watch.crew.page->members;
		struct kt_row now = { .tid = members[last].tid };
		crew_work(&watch.crew, last);
		watch_sweep(&watch);
		crew_end(&watch.crew, last);
		if (!set_next_tid(now.tid))
			break; /* not allowed to */
		crew_grow(&watch.crew, ++last + 1);
		has_met = members[last].tid == now.tid;
		watch_sweep(&watch);
		expect_crew(&watch);
		kt_describe_row(watch.crew.task_fd, &now);
		const struct kt_row *row = crew_row(&watch.sweep, members[last].tid);
		ck_assert(row && row->has_start_time);
		if (has_met)
			ck_assert_uint_eq(row->start_time_jiffies, now.start_time_jiffies);
	}
	watch_end(&watch);
}
END_TEST

/* A new name is seen within about a second. */
START_TEST(renamed_threads)
{
	struct watch watch;
	uint64_t until_ns = kt_clock_mono_ns() + 10 * KT_NS_PER_SEC;
	const struct kt_row *row;

	watch_begin(&watch, 5, KT_TLS_TP_OFFSET);
	pid_t tid = watch.crew.page->members[1].tid;
	watch_sweep(&watch);
	ck_assert_str_eq(crew_row(&watch.sweep, tid)->comm, "two  words");
	atomic_store(&watch.crew.page->members[1].must_rename, true);
	crew_work(&watch.crew, 1);
	do {
		watch_sweep(&watch);
		expect_crew(&watch);
		row = crew_row(&watch.sweep, tid);
		ck_assert_uint_lt(kt_clock_mono_ns(), until_ns);
	} while (strcmp(row->comm, "renamed") != 0);
	watch_end(&watch);
}
END_TEST

static size_t count_open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		count++;
	(void)closedir(dir);
	return count;
}

START_TEST(extras_of_all_kinds)
{
	enum {
		COUNT = 60
	};
	struct watch watch;
	const uint32_t all = KT_EXTRA_SCHED | KT_EXTRA_CPU | KT_EXTRA_TCACHE;
	size_t files[4];

	watch_begin(&watch, COUNT, KT_TLS_TP_OFFSET);
	watch.config.extras = all;
	watch.config.internals = crew_internals();
	files[0] = count_open_files();
	for (size_t sweep = 1; sweep < 4; sweep++) {
		crew_work(&watch.crew, 7);
		watch_sweep(&watch);
		expect_crew(&watch);
		files[sweep] = count_open_files();
		for (size_t i = 0; i < COUNT; i++) {
			pid_t tid = watch.crew.page->members[i].tid;
			const struct kt_row *row = crew_row(&watch.sweep, tid);
			const struct kt_extras *extras =
				&watch.sweep.extras[row - watch.sweep.rows];
			ck_assert_uint_eq(extras->known, all);
			ck_assert_uint_eq(extras->tcache_bytes, (i + 1) * CREW_CLASS_BYTES);
			ck_assert(strchr("RSD", extras->state));
			ck_assert_int_ge(extras->cpu, 0);
			ck_assert_uint_gt(extras->run_ns, 0);
			/* Those that were never ordered to work may not have slept yet. */
			ck_assert(i != 7 || extras->voluntary_switches);
		}
	}
	/* Files are kept from the first sweep on, and given back. */
	ck_assert_uint_gt(files[1], files[0]);
	ck_assert_uint_eq(files[2], files[1]);
	ck_assert_uint_eq(files[3], files[1]);
	kt_readv_engine.destroy(watch.engine);
	watch.engine = NULL;
	ck_assert_uint_eq(count_open_files(), files[0]);
	watch_end(&watch);
}
END_TEST

/* Waits until every member sleeps: one that has just told its number still runs, and counts time. */
static void await_sleep(const struct crew *crew)
{
	for (size_t i = 0; i < crew->count; i++) {
		char stat[512] = "";

		for (int tries = 0; tries < 10000; tries++) {
			crew_proc_text(crew, crew->page->members[i].tid, "stat", stat,
				       sizeof(stat));
			const char *end = strrchr(stat, ')');
			if (end && !strncmp(end, ") S", 3))
				break;
			(void)poll(NULL, 0, 1);
		}
	}
}

/* All engines tell the same extras of threads that sleep. */
START_TEST(extras_are_those_of_the_ptrace_engine)
{
	struct watch watch;
	struct kt_sweep other = { 0 };
	void *engine;

	watch_begin(&watch, 20, KT_TLS_TP_OFFSET);
	watch.config.extras = KT_EXTRA_TCACHE | KT_EXTRA_CPU | KT_EXTRA_SCHED;
	watch.config.internals = crew_internals();
	await_sleep(&watch.crew);
	watch_sweep(&watch);
	KT_OK(kt_ptrace_engine.create(&watch.config, &engine));
	KT_OK(kt_ptrace_engine.sweep(engine, &other));
	ck_assert_uint_eq(other.count, watch.sweep.count);
	for (size_t i = 0; i < other.count; i++)
		ck_assert_mem_eq(&other.extras[i], &watch.sweep.extras[i], sizeof(other.extras[i]));
	kt_ptrace_engine.destroy(engine);
	kt_sweep_deinit(&other);
	watch_end(&watch);
}
END_TEST

/* A thread whose maker has ended runs on dead thread data: no engine tells it as its own. */
START_TEST(threads_on_foreign_data)
{
	static const struct kt_read_engine *const engines[] = { &kt_readv_engine,
								&kt_ptrace_engine };
	struct watch watch;

	watch_begin(&watch, 5, KT_TLS_TP_OFFSET);
	crew_add_raw(&watch.crew);
	for (size_t i = 0; i < 2; i++) {
		struct kt_sweep sweep = { 0 };
		void *engine;
		KT_OK(engines[i]->create(&watch.config, &engine));
		for (int round = 0; round < 3; round++) {
			crew_work_raw(&watch.crew);
			kt_sweep_reset(&sweep);
			KT_OK(engines[i]->sweep(engine, &sweep));
			crew_expect_exact(&watch.crew, &sweep);
			ck_assert_uint_eq(sweep.count, 7);
			pid_t strangers[] = { watch.crew.page->raw_tid,
					      watch.crew.page->orphan_tid };
			for (size_t s = 0; s < 2; s++)
				ck_assert_int_eq(crew_row(&sweep, strangers[s])->state,
						 KT_ROW_SKIPPED);
			/* Who was stopped for nothing is not stopped again at once. */
			if (i == 0)
				ck_assert_uint_eq(sweep.stop_count, round ? 0 : 2);
		}
		engines[i]->destroy(engine);
		kt_sweep_deinit(&sweep);
	}
	watch_end(&watch);
}
END_TEST

START_TEST(churn)
{
	struct watch watch = { 0 };
	uint64_t until_ns = kt_clock_mono_ns() + 2 * KT_NS_PER_SEC;

	crew_start(&watch.crew, 50, CREW_CHURN);
	watch.config = crew_config(&watch.crew, KT_TLS_TP_OFFSET);
	KT_OK(kt_readv_engine.create(&watch.config, &watch.engine));
	while (kt_clock_mono_ns() < until_ns) {
		kt_sweep_reset(&watch.sweep);
		KT_OK(kt_readv_engine.sweep(watch.engine, &watch.sweep));
		crew_expect_exact(&watch.crew, &watch.sweep);
		for (size_t i = 0; i < watch.sweep.count; i++) {
			const struct kt_row *row = &watch.sweep.rows[i];
			/* Members count from 1000 on; the others nothing or their one number. */
			if (row->state == KT_ROW_OK && row->allocated_bytes < 1000)
				ck_assert(row->allocated_bytes == 0 || row->allocated_bytes == 777);
		}
	}
	watch_end(&watch);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("steady");
	TCase *tests = tcase_create("steady");

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, a_steady_sweep_is_few_calls, 0, 2);
	tcase_add_loop_test(tests, ended_threads_are_gone_and_new_ones_are_there, 0, 2);
	tcase_add_test(tests, threads_without_block_are_skipped_until_they_have_one);
	tcase_add_test(tests, another_pid_namespace);
	tcase_add_test(tests, a_number_used_again);
	tcase_add_test(tests, renamed_threads);
	tcase_add_test(tests, extras_of_all_kinds);
	tcase_add_test(tests, extras_are_those_of_the_ptrace_engine);
	tcase_add_test(tests, threads_on_foreign_data);
	tcase_add_test(tests, churn);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
