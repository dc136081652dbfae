/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --stream: lines that the event reader takes, memory that stays, ends of every kind. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "run/event.h"
#include "tests/probe/harness.h"

enum {
	DEADLINE_S = 60
};

/* Lines of a stream that is read while it goes on. */
struct reader {
	int fd;
	struct kt_buf bytes;
	size_t line_bytes; /* of the line handed out last, its newline included */
};

/* The next line without its newline, NULL at the end.  Borrowed until the next call. */
static const char *next_line(struct reader *reader, size_t *ret_len)
{
	uint64_t deadline_ns = kt_clock_mono_ns() + DEADLINE_S * KT_NS_PER_SEC;
	char bytes[65536];

	kt_buf_consume(&reader->bytes, reader->line_bytes);
	reader->line_bytes = 0;
	for (;;) {
		const char *text = kt_buf_text(&reader->bytes);
		const char *end = memchr(text, '\n', reader->bytes.len);
		if (end) {
			*ret_len = (size_t)(end - text);
			reader->line_bytes = *ret_len + 1;
			return text;
		}
		struct pollfd watch = { .fd = reader->fd, .events = POLLIN };
		ck_assert_uint_lt(kt_clock_mono_ns(), deadline_ns);
		ck_assert_int_ge(poll(&watch, 1, 1000), 0);
		if (!watch.revents)
			continue;
		ssize_t got = read(reader->fd, bytes, sizeof(bytes));
		if (got <= 0) {
			ck_assert_uint_eq(reader->bytes.len, 0);
			return NULL;
		}
		kt_buf_append(&reader->bytes, bytes, (size_t)got);
	}
}

/* The next event; false at the end of the stream.  The caller deinits it. */
static bool next_event(struct reader *reader, struct kt_event *ret)
{
	size_t len = 0;
	const char *line = next_line(reader, &len);

	*ret = (struct kt_event){ 0 };
	if (!line)
		return false;
	KT_OK(kt_event_decode(line, len, ret));
	return true;
}

static void expect_type(struct reader *reader, enum kt_event_type type)
{
	kt_autoevent struct kt_event event;

	ck_assert(next_event(reader, &event));
	ck_assert_int_eq(event.type, type);
}

/* What a whole stream said. */
struct told {
	size_t snapshot_count;
	struct kt_event end;
};

/* Reads to the end; the snapshots read before are @from. */
static void read_to_end(struct reader *reader, const struct target *target, size_t from,
			struct told *ret)
{
	struct kt_event event;

	*ret = (struct told){ .snapshot_count = from };
	for (;;) {
		ck_assert(next_event(reader, &event));
		if (event.type == KT_EVENT_PROBE_END)
			break;
		ck_assert_int_eq(event.type, KT_EVENT_SNAPSHOT);
		ck_assert_uint_eq(event.snapshot.index, ret->snapshot_count++);
		ck_assert_uint_eq(event.snapshot.target_pid, (unsigned)target->pid);
		kt_event_deinit(&event);
	}
	ret->end = event;
	ck_assert_uint_eq(event.probe_end.snapshot_count.value, ret->snapshot_count);
	ck_assert(!next_event(reader, &event));
}

/* The probe is over: its exit code; what it said on stderr goes to @err. */
static int end_of(struct process process, struct reader *reader, struct kt_buf *err)
{
	char bytes[4096];
	ssize_t got;
	int status;

	while ((got = read(process.err, bytes, sizeof(bytes))) > 0)
		kt_buf_append(err, bytes, (size_t)got);
	(void)close(process.out);
	(void)close(process.err);
	kt_buf_deinit(&reader->bytes);
	ck_assert_int_eq(waitpid(process.pid, &status, 0), process.pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void expect_truth(const struct kt_event *event, const struct target *target)
{
	const struct kt_snapshot *snapshot = &event->snapshot.snapshot;

	ck_assert_uint_eq(snapshot->thread_count, target->truth_count);
	for (size_t i = 0; i < target->truth_count; i++) {
		const struct kt_thread *thread;
		uint32_t tid = (uint32_t)target->truths[i].tid;
		ck_assert_int_eq(kt_snapshot_find_thread(snapshot, tid, &thread), KT_THREAD_FOUND);
		ck_assert_uint_eq(thread->allocated_bytes.value, target->truths[i].allocated);
		ck_assert_uint_eq(thread->deallocated_bytes.value, target->truths[i].deallocated);
	}
}

static const size_t thread_counts[] = { 1, 3, 2000 };

/* More threads than go into one write: lines come whole all the same. */
START_TEST(every_line_is_an_event_with_the_truth)
{
	kt_autobuf struct kt_buf err = KT_BUF_INIT;
	struct target target;

	target_start(&target, KT_TARGET, thread_counts[_i], "park");
	struct process probe = probe_start(target.pid, "--stream --snapshots 3 --interval-ms 2");
	struct reader reader = { .fd = probe.out };
	struct kt_event event;
	ck_assert(next_event(&reader, &event));
	ck_assert_int_eq(event.type, KT_EVENT_PROBE_START);
	ck_assert_uint_eq(event.probe_start.target_pid, (unsigned)target.pid);
	kt_event_deinit(&event);
	uint64_t last_ns = 0;
	for (uint32_t i = 0; i < 3; i++) {
		ck_assert(next_event(&reader, &event));
		ck_assert_int_eq(event.type, KT_EVENT_SNAPSHOT);
		ck_assert_uint_eq(event.snapshot.index, i);
		ck_assert_uint_gt(event.host_mono_ns, last_ns);
		last_ns = event.host_mono_ns;
		expect_truth(&event, &target);
		kt_event_deinit(&event);
	}
	struct told told;
	read_to_end(&reader, &target, 3, &told);
	ck_assert_uint_eq(told.end.probe_end.exit_code.value, 0);
	ck_assert(!told.end.probe_end.interrupted.value);
	kt_event_deinit(&told.end);
	ck_assert_int_eq(end_of(probe, &reader, &err), 0);
	ck_assert_uint_eq(err.len, 0);
	target_stop(&target);
}
END_TEST

static const char *const engines[] = { "readv", "bpf", "ptrace" };

/* Every engine has the same truth to tell, and the first line names it. */
START_TEST(every_engine_streams)
{
	kt_autobuf struct kt_buf err = KT_BUF_INIT;
	struct target target;
	struct kt_event event;
	char options[128];

	if (!can_use_bpf() && !strcmp(engines[_i], "bpf"))
		return; /* the test of refusals has that */
	target_start(&target, KT_TARGET, 100, "park");
	(void)snprintf(options, sizeof(options),
		       "--stream --snapshots 3 --interval-ms 2 --engine %s", engines[_i]);
	struct process probe = probe_start(target.pid, options);
	struct reader reader = { .fd = probe.out };
	ck_assert(next_event(&reader, &event));
	ck_assert_int_eq(event.type, KT_EVENT_PROBE_START);
	ck_assert_str_eq(event.probe_start.engine, engines[_i]);
	ck_assert_ptr_null(event.probe_start.engine_reason);
	ck_assert_ptr_nonnull(event.probe_start.layout);
	ck_assert_str_eq(event.probe_start.layout->object, KT_TARGET);
	ck_assert_uint_eq(event.probe_start.interval_ms.value, 2);
	ck_assert_str_eq(event.probe_start.tool_version, PACKAGE_VERSION);
	kt_event_deinit(&event);
	for (int i = 0; i < 3; i++) {
		ck_assert(next_event(&reader, &event));
		ck_assert_int_eq(event.type, KT_EVENT_SNAPSHOT);
		expect_truth(&event, &target);
		const struct kt_snapshot_extras *extras = event.snapshot.snapshot.extras;
		ck_assert_uint_eq(extras->stopped_threads.value, _i == 2 ? 100 : 0);
		ck_assert_uint_gt(extras->duration_ns.value, 0);
		ck_assert(!extras->rss_bytes.known);
		kt_event_deinit(&event);
	}
	expect_type(&reader, KT_EVENT_PROBE_END);
	ck_assert_int_eq(end_of(probe, &reader, &err), 0);
	target_stop(&target);
}
END_TEST

/* In a stream without end the set-up of BPF pays; where it is refused readv reads. */
START_TEST(the_engine_that_fits)
{
	kt_autobuf struct kt_buf err = KT_BUF_INIT;
	struct target target;
	struct kt_event event;

	target_start(&target, KT_TARGET, 3, "park");
	struct process probe = probe_start(
		target.pid, "--stream --snapshots 0 --interval-ms 5 --with process,cpu,sched");
	struct reader reader = { .fd = probe.out };
	ck_assert(next_event(&reader, &event));
	ck_assert_int_eq(event.type, KT_EVENT_PROBE_START);
	if (!strcmp(event.probe_start.engine, "readv"))
		ck_assert_ptr_nonnull(
			strstr(event.probe_start.engine_reason, "bpf cannot be used: "));
	else
		ck_assert_str_eq(event.probe_start.engine, "bpf");
	kt_event_deinit(&event);
	ck_assert(next_event(&reader, &event));
	expect_truth(&event, &target);
	const struct kt_snapshot *snapshot = &event.snapshot.snapshot;
	ck_assert_uint_gt(snapshot->extras->rss_bytes.value, 4096);
	for (size_t i = 0; i < snapshot->thread_count; i++) {
		const struct kt_thread_extras *extras = snapshot->threads[i].extras;
		ck_assert_ptr_nonnull(extras);
		ck_assert_uint_eq(strlen(extras->state), 1);
		ck_assert(extras->cpu.known && extras->utime_ns.known && extras->stime_ns.known);
		ck_assert_uint_gt(extras->run_ns.value, 0);
		ck_assert(extras->run_delay_ns.known && extras->voluntary_switches.known);
		ck_assert(!extras->tcache_bytes.known);
	}
	kt_event_deinit(&event);
	ck_assert_int_eq(kill(probe.pid, SIGINT), 0);
	struct told told;
	read_to_end(&reader, &target, 1, &told);
	kt_event_deinit(&told.end);
	ck_assert_int_eq(end_of(probe, &reader, &err), 0);
	target_stop(&target);
}
END_TEST

static uint64_t rss_kib(pid_t pid)
{
	char path[64];
	char line[128];
	unsigned long kib = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "VmRSS: %lu kB", &kib) == 1)
			break;
	(void)fclose(file);
	ck_assert_uint_gt(kib, 0);
	return kib;
}

START_TEST(memory_stays_while_snapshots_pass)
{
	enum {
		EARLY = 100,
		LATE = 9900,
		ALL = 10000,
	};
	kt_autobuf struct kt_buf err = KT_BUF_INIT;
	uint64_t early_kib = 0;
	uint64_t late_kib = 0;
	struct target target;
	struct told told;

	target_start(&target, KT_TARGET, 20, "park");
	struct process probe =
		probe_start(target.pid, "--stream --snapshots 10000 --interval-ms 1");
	struct reader reader = { .fd = probe.out };
	expect_type(&reader, KT_EVENT_PROBE_START);
	for (size_t i = 0; i < LATE; i++) {
		size_t len;
		ck_assert_ptr_nonnull(next_line(&reader, &len));
		if (i == EARLY)
			early_kib = rss_kib(probe.pid);
	}
	late_kib = rss_kib(probe.pid);
	ck_assert_uint_le(late_kib, early_kib + 64);
	read_to_end(&reader, &target, LATE, &told);
	ck_assert_uint_eq(told.snapshot_count, ALL);
	kt_event_deinit(&told.end);
	ck_assert_int_eq(end_of(probe, &reader, &err), 0);
	target_stop(&target);
}
END_TEST

START_TEST(endless_until_a_signal)
{
	kt_autobuf struct kt_buf err = KT_BUF_INIT;
	struct target target;
	struct told told;

	target_start(&target, KT_TARGET, 3, "park");
	struct process probe = probe_start(target.pid, "--stream --snapshots 0 --interval-ms 5");
	struct reader reader = { .fd = probe.out };
	expect_type(&reader, KT_EVENT_PROBE_START);
	for (int i = 0; i < 20; i++)
		expect_type(&reader, KT_EVENT_SNAPSHOT);
	ck_assert_int_eq(kill(probe.pid, _i ? SIGTERM : SIGINT), 0);
	read_to_end(&reader, &target, 20, &told);
	ck_assert(told.end.probe_end.interrupted.value);
	ck_assert_uint_eq(told.end.probe_end.exit_code.value, 0);
	kt_event_deinit(&told.end);
	ck_assert_int_eq(end_of(probe, &reader, &err), 0);
	ck_assert_uint_eq(err.len, 0);
	expect_not_stopped(target.pid);
	target_stop(&target);
}
END_TEST

START_TEST(deadline_ends_it)
{
	kt_autobuf struct kt_buf err = KT_BUF_INIT;
	struct target target;
	struct told told;

	target_start(&target, KT_TARGET, 3, "park");
	struct process probe = probe_start(
		target.pid, "--stream --snapshots 0 --interval-ms 3600000 --abort-after-ms 300");
	struct reader reader = { .fd = probe.out };
	expect_type(&reader, KT_EVENT_PROBE_START);
	read_to_end(&reader, &target, 0, &told);
	ck_assert_uint_eq(told.snapshot_count, 1);
	ck_assert(told.end.probe_end.interrupted.value);
	kt_event_deinit(&told.end);
	ck_assert_int_eq(end_of(probe, &reader, &err), 0);
	ck_assert_str_eq(kt_buf_text(&err), "ktstr-probe-deadline: abort after 300ms\n");
	target_stop(&target);
}
END_TEST

START_TEST(the_target_exits)
{
	kt_autobuf struct kt_buf err = KT_BUF_INIT;
	struct target target;
	struct told told;

	target_start(&target, KT_TARGET, 3, "exit");
	/* Nothing but the end of the process can end this wait in time. */
	struct process probe =
		probe_start(target.pid, "--stream --snapshots 0 --interval-ms 3600000");
	struct reader reader = { .fd = probe.out };
	expect_type(&reader, KT_EVENT_PROBE_START);
	expect_type(&reader, KT_EVENT_SNAPSHOT);
	ck_assert_int_eq(write(target.in, "x", 1), 1);
	read_to_end(&reader, &target, 1, &told);
	ck_assert_uint_eq(told.end.probe_end.exit_code.value, 0);
	ck_assert(!told.end.probe_end.interrupted.value);
	ck_assert_str_eq(told.end.probe_end.end_reason, "target-exited");
	kt_event_deinit(&told.end);
	ck_assert_int_eq(end_of(probe, &reader, &err), 0);
	ck_assert_str_eq(kt_buf_text(&err), "ktstr-probe-target-exited: after 1 snapshots\n");
	target_stop(&target);
}
END_TEST

START_TEST(the_target_becomes_another_program)
{
	kt_autobuf struct kt_buf err = KT_BUF_INIT;
	struct target target;
	struct told told;

	target_start(&target, KT_TARGET, 3, "exec");
	struct process probe = probe_start(target.pid, "--stream --snapshots 0 --interval-ms 5");
	struct reader reader = { .fd = probe.out };
	expect_type(&reader, KT_EVENT_PROBE_START);
	expect_type(&reader, KT_EVENT_SNAPSHOT);
	ck_assert_int_eq(write(target.in, "x", 1), 1);
	read_to_end(&reader, &target, 1, &told);
	ck_assert_uint_eq(told.end.probe_end.exit_code.value, 1);
	ck_assert_str_eq(told.end.probe_end.end_reason, "exe-identity-changed");
	ck_assert_str_eq(told.end.probe_end.fatal_kind, "exe-identity-changed");
	kt_event_deinit(&told.end);
	ck_assert_int_eq(end_of(probe, &reader, &err), 1);
	ck_assert_int_eq(
		strncmp(kt_buf_text(&err), "ktstr-probe-fatal: exe-identity-changed\n", 40), 0);
	target_stop(&target);
}
END_TEST

static const char *const waits[] = { "1", "3600000" };

/* It is noticed in the middle of the longest wait, too. */
START_TEST(the_reader_goes_away)
{
	char options[64];

	kt_autobuf struct kt_buf err = KT_BUF_INIT;
	struct target target;

	target_start(&target, KT_TARGET, 3, "park");
	(void)snprintf(options, sizeof(options), "--stream --snapshots 0 --interval-ms %s",
		       waits[_i]);
	struct process probe = probe_start(target.pid, options);
	struct reader reader = { .fd = probe.out };
	expect_type(&reader, KT_EVENT_PROBE_START);
	expect_type(&reader, KT_EVENT_SNAPSHOT);
	(void)close(probe.out);
	probe.out = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(end_of(probe, &reader, &err), -SIGPIPE);
	expect_not_stopped(target.pid);
	target_stop(&target);
}
END_TEST

/* Waits until the pipe is well filled. */
static void await_bytes(int fd, int bytes)
{
	uint64_t deadline_ns = kt_clock_mono_ns() + DEADLINE_S * KT_NS_PER_SEC;
	int held = 0;

	while (held < bytes) {
		ck_assert_uint_lt(kt_clock_mono_ns(), deadline_ns);
		(void)poll(NULL, 0, 5);
		ck_assert_int_eq(ioctl(fd, FIONREAD, &held), 0);
	}
}

/* A reader that takes nothing holds up the probe, not the target; a signal ends the wait. */
START_TEST(a_stuck_reader_does_not_hold_it_for_ever)
{
	kt_autobuf struct kt_buf err = KT_BUF_INIT;
	struct target target;
	struct reader reader = { 0 };

	/* A line of 2000 threads does not fit into a pipe. */
	target_start(&target, KT_TARGET, 2000, "park");
	struct process probe = probe_start(target.pid, "--stream --snapshots 0 --interval-ms 1");
	await_bytes(probe.out, 16 * 1024);
	expect_not_stopped(target.pid);
	ck_assert_int_eq(kill(probe.pid, SIGINT), 0);
	uint64_t deadline_ns = kt_clock_mono_ns() + DEADLINE_S * KT_NS_PER_SEC;
	siginfo_t info = { 0 };
	while (!info.si_pid) {
		ck_assert_uint_lt(kt_clock_mono_ns(), deadline_ns);
		ck_assert_int_eq(waitid(P_PID, (id_t)probe.pid, &info, WEXITED | WNOHANG | WNOWAIT),
				 0);
		(void)poll(NULL, 0, 5);
	}
	ck_assert_int_eq(end_of(probe, &reader, &err), 1);
	ck_assert_msg(strstr(kt_buf_text(&err), "its reader takes nothing"), "%s",
		      kt_buf_text(&err));
	target_stop(&target);
}
END_TEST

START_TEST(nothing_on_stdout_when_it_cannot_begin)
{
	struct outcome outcome;

	probe_run(999999999, "--stream --snapshots 0 --interval-ms 1", &outcome);
	ck_assert_int_eq(outcome.exit_code, 1);
	ck_assert_uint_eq(outcome.out.len, 0);
	ck_assert_int_eq(strncmp(outcome.err.data, "ktstr-probe-fatal: pid-missing\n", 31), 0);
	outcome_deinit(&outcome);
}
END_TEST

START_TEST(thread_storm)
{
	kt_autobuf struct kt_buf err = KT_BUF_INIT;
	struct target target;
	struct told told;

	target_start(&target, KT_TARGET, 5, "churn");
	struct process probe = probe_start(target.pid, "--stream --snapshots 300 --interval-ms 1");
	struct reader reader = { .fd = probe.out };
	expect_type(&reader, KT_EVENT_PROBE_START);
	read_to_end(&reader, &target, 0, &told);
	ck_assert_uint_eq(told.snapshot_count, 300);
	kt_event_deinit(&told.end);
	ck_assert_int_eq(end_of(probe, &reader, &err), 0);
	target_stop(&target);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("stream");
	TCase *tests = tcase_create("stream");
	int counts = (int)(sizeof(thread_counts) / sizeof(thread_counts[0]));

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, every_line_is_an_event_with_the_truth, 0, counts);
	tcase_add_loop_test(tests, every_engine_streams, 0, 3);
	tcase_add_test(tests, the_engine_that_fits);
	tcase_add_test(tests, memory_stays_while_snapshots_pass);
	tcase_add_loop_test(tests, endless_until_a_signal, 0, 2);
	tcase_add_test(tests, deadline_ends_it);
	tcase_add_test(tests, the_target_exits);
	tcase_add_test(tests, the_target_becomes_another_program);
	tcase_add_loop_test(tests, the_reader_goes_away, 0, 2);
	tcase_add_test(tests, a_stuck_reader_does_not_hold_it_for_ever);
	tcase_add_test(tests, nothing_on_stdout_when_it_cannot_begin);
	tcase_add_test(tests, thread_storm);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
