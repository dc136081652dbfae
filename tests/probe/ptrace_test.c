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
#include <unistd.h>

#include "base/clock.h"
#include "tests/probe/harness.h"

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
	ck_assert_ptr_nonnull(strstr(outcome.out.data, "\"error_kind\": \"waitpid\""));
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

START_TEST(no_signal_is_lost)
{
	enum {
		SIGNALS = 20000
	};
	struct target target;
	struct outcome outcome;
	char line[32];
	unsigned long got = 0;

	target_start(&target, KT_TARGET, 3, "signal");
	struct process probe = probe_start(target.pid, "--json --snapshots 400 --interval-ms 1");
	for (int i = 0; i < SIGNALS; i++)
		send_signal(target.pid, target.truths[2].tid);
	process_finish(probe, &outcome);
	ck_assert_int_eq(outcome.exit_code, 0);
	ck_assert_uint_eq(json_number(&outcome, "snapshots.399.stopped_threads"), 1);
	expect_not_stopped(target.pid);
	/* The end of its input makes the target tell how many it got. */
	uint64_t until_ns = kt_clock_mono_ns() + 10 * KT_NS_PER_SEC;
	while (thread_state(target.pid, target.truths[2].tid) != 'S')
		ck_assert_uint_lt(kt_clock_mono_ns(), until_ns);
	(void)close(target.in);
	target.in = -1;
	ssize_t len = read(target.out, line, sizeof(line) - 1);
	ck_assert_int_gt(len, 0);
	line[len] = '\0';
	ck_assert_int_eq(sscanf(line, "%lu", &got), 1);
	ck_assert_uint_eq(got, SIGNALS);
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("ptrace");
	TCase *tests = tcase_create("ptrace");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, a_stop_that_comes_too_late_does_not_come);
	tcase_add_test(tests, no_signal_is_lost);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
