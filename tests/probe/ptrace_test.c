/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that only a stop can read (they have no robust list): what the stop costs them must end
 * with it, and must not cost them a signal.
 */
#include "tests/unit.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/probe/subject.h"

/*
 * The thread sleeps in vfork() for two seconds, so the probe gives up on it after a quarter of one.
 * When it wakes up, while the probe waits for its next snapshot, it must simply run.
 */
START_TEST(a_stop_that_comes_too_late_does_not_come)
{
	struct target target;
	struct outcome outcome;
	bool has_run = false;

	target_start(&target, KT_TARGET, 3, "stuck");
	pid_t stuck = target.truths[2].tid;
	struct process probe = probe_start(target.pid, "--json --snapshots 2 --interval-ms 5000");
	uint64_t until_ns = kt_clock_mono_ns() + 4 * KT_NS_PER_SEC;
	while (kt_clock_mono_ns() < until_ns) {
		expect_not_stopped(target.pid);
		has_run |= thread_state(target.pid, stuck) == 'R';
		(void)poll(NULL, 0, 5);
	}
	ck_assert(has_run);
	process_finish(probe, &outcome);
	ck_assert_int_eq(outcome.exit_code, 0);
	ck_assert_msg(strstr(outcome.out.data, "\"error_kind\": \"waitpid\""), "%s",
		      outcome.out.data);
	/* The second snapshot could stop it, and read it. */
	expect_exact(&outcome, 1, &target);
	ck_assert_uint_eq(json_number(&outcome, "snapshots.1.stopped_threads"), 1);
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

/* Sends SIGRTMIN to the thread; waits while its queue is full. */
static void send_signal(pid_t pid, pid_t tid)
{
	siginfo_t info = { .si_code = SI_QUEUE, .si_pid = getpid() };

	info.si_signo = SIGRTMIN;
	while (syscall(SYS_rt_tgsigqueueinfo, pid, tid, SIGRTMIN, &info)) {
		ck_assert_int_eq(errno, EAGAIN);
		(void)poll(NULL, 0, 1);
	}
}

/* Sweeps with the ptrace engine in a process of its own, @times times. */
static pid_t start_sweeps(const struct subject *subject, int times)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	struct kt_sweep sweep = { 0 };
	void *engine;
	KT_OK(kt_ptrace_engine.create(&subject->config, &engine));
	for (int i = 0; i < times; i++) {
		kt_sweep_reset(&sweep);
		KT_OK(kt_ptrace_engine.sweep(engine, &sweep));
		ck_assert_uint_eq(sweep.stop_count, subject->target.truth_count);
		(void)poll(NULL, 0, 1);
	}
	expect_truth(subject, &sweep);
	kt_ptrace_engine.destroy(engine);
	kt_sweep_deinit(&sweep);
	_exit(0);
}

START_TEST(no_signal_is_lost)
{
	enum {
		SWEEPS = 400,
		SIGNALS = 20000
	};
	struct subject subject;
	char line[32];
	unsigned long got = 0;
	int status;

	subject_start(&subject, 3, "signal");
	pid_t counting = subject.target.truths[2].tid;
	pid_t sweeper = start_sweeps(&subject, SWEEPS);
	for (int i = 0; i < SIGNALS; i++)
		send_signal(subject.target.pid, counting);
	ck_assert_int_eq(waitpid(sweeper, &status, 0), sweeper);
	ck_assert_int_eq(status, 0);
	expect_not_stopped(subject.target.pid);
	/* The end of its input makes the target tell how many it got. */
	uint64_t until_ns = kt_clock_mono_ns() + 10 * KT_NS_PER_SEC;
	while (thread_state(subject.target.pid, counting) != 'S')
		ck_assert_uint_lt(kt_clock_mono_ns(), until_ns);
	(void)close(subject.target.in);
	subject.target.in = -1;
	ssize_t len = read(subject.target.out, line, sizeof(line) - 1);
	ck_assert_int_gt(len, 0);
	line[len] = '\0';
	ck_assert_int_eq(sscanf(line, "%lu", &got), 1);
	ck_assert_uint_eq(got, SIGNALS);
	subject_stop(&subject);
}
END_TEST

/* One stop shows where the thread's data is; the sweeps after it need none. */
START_TEST(a_thread_without_list_is_stopped_once)
{
	struct subject subject;
	struct kt_sweep sweep = { 0 };
	void *engine;

	subject_start(&subject, 3, "signal");
	subject.config.is_repeated = true;
	KT_OK(kt_readv_engine.create(&subject.config, &engine));
	for (int i = 0; i < 3; i++) {
		kt_sweep_reset(&sweep);
		KT_OK(kt_readv_engine.sweep(engine, &sweep));
		expect_truth(&subject, &sweep);
		ck_assert_uint_eq(sweep.stop_count, i ? 0 : 1);
	}
	expect_not_stopped(subject.target.pid);
	kt_readv_engine.destroy(engine);
	kt_sweep_deinit(&sweep);
	subject_stop(&subject);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("ptrace");
	TCase *tests = tcase_create("ptrace");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, a_stop_that_comes_too_late_does_not_come);
	tcase_add_test(tests, no_signal_is_lost);
	tcase_add_test(tests, a_thread_without_list_is_stopped_once);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
