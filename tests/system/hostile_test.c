/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that do to the host what they can: each ends for its reason, none costs more than it may, and
 * the sound ones beside them pass.
 */
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report/exit_code.h"
#include "tests/system/hostile.h"
#include "vmm/guest/line_limit.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

#define MIB ((uint64_t)1 << 20)

/* Of this process in all, whatever guests send: docs/architecture.md says so. */
#define PEAK_BYTES (128 * MIB)
/* Of a guest's events: the lines of its console that are told, and the rest. */
#define EVENT_BYTES (2 * MIB)
/* In one turn: what a read of each console brings at most, and some more. */
#define TURN_EVENTS_PER_GUEST 2100

enum {
	FLOOD_S = 40
};

/* What holds for every run. */
static void expect_bounds(const struct hostile_run *run)
{
	fprintf(stderr,
		"# a 10 ms timer came %.1f ms late at most; a turn took up to %.1f ms of computing "
		"and "
		"%zu events; peak %.1f MiB\n",
		(double)run->gap_ns / 1e6 - 10, (double)run->turn_cpu_ns / 1e6, run->turn_events,
		(double)run->peak_bytes / (double)MIB);
#ifndef __SANITIZE_ADDRESS__
	ck_assert_uint_lt(run->peak_bytes, PEAK_BYTES);
#endif
	ck_assert_uint_eq(run->most_alive, run->scenarios.count);
	ck_assert_uint_lt(run->turn_events, TURN_EVENTS_PER_GUEST * run->scenarios.count);
	for (size_t i = 0; i < run->scenarios.count; i++) {
		ck_assert_uint_lt(run->ends[i].event_bytes, EVENT_BYTES);
		ck_assert_uint_le(run->ends[i].console_count, KT_LINE_TOTAL);
	}
}

static void expect_end(const struct hostile_run *run, size_t at, const char *part)
{
	const struct hostile_end *end = &run->ends[at];

	ck_assert_msg(end->result == KT_RESULT_ERROR && strstr(end->reason, part),
		      "%s ended with result %d: '%s', not '%s'", run->scenarios.scenarios[at]->name,
		      end->result, end->reason, part);
}

static void expect_sound(const struct hostile_run *run, size_t at)
{
	ck_assert_msg(run->ends[at].result == KT_RESULT_PASS, "%s ended with result %d: '%s'",
		      run->scenarios.scenarios[at]->name, run->ends[at].result,
		      run->ends[at].reason);
}

static const struct {
	const char *word;
	const char *reason;
} breakers[] = {
	{ "garbage", "protocol: bytes that are no frame" },
	{ "overlong", "protocol: a frame of 262145 bytes is too large" },
	{ "ready-first", "protocol: the agent was ready too early" },
	{ "early-failed", "protocol: the agent told of a process before it was ready" },
	{ "early-started", "protocol: the agent told of a process before it was ready" },
	{ "early-ended", "protocol: the agent told of a process before it was ready" },
	{ "frozen", "template: the agent froze unasked" },
	{ "huge-message", "protocol: a message of 262142 bytes is too large" },
	{ "broken-text", "protocol: the agent sent no JSON" },
	/* What it says is cleaned, and its end is that of any worker. */
	{ "texts", "worker-died: worker 'w' could not be started: \xef\xbf\xbd[2J\xef\xbf\xbd" },
};

START_TEST(the_protocol_is_broken)
{
	struct hostile_run run;

	hostile_init(&run);
	for (int i = 0; i < COUNT(breakers); i++)
		hostile_add(&run, breakers[i].word, 240);
	hostile_add_sound(&run);
	hostile_go(&run);
	for (int i = 0; i < COUNT(breakers); i++)
		expect_end(&run, (size_t)i, breakers[i].reason);
	expect_sound(&run, (size_t)COUNT(breakers));
	ck_assert_int_eq(run.exit_code, KT_EXIT_CANNOT_JUDGE);
	expect_bounds(&run);
	hostile_deinit(&run);
}
END_TEST

static const char *const floods[] = { "beats",	      "output",	       "strangers",
				      "probe-output", "console-lines", "console-endless",
				      "snapshots",    "half" };

/* Each keeps to the protocol, so only time ends it: its scenario's, or of its agent's silence. */
START_TEST(many_floods_at_once)
{
	struct hostile_run run;
	size_t count = (size_t)COUNT(floods);

	hostile_init(&run);
	run.is_live = true;
	for (size_t i = 0; i < count; i++)
		hostile_add(&run, floods[i], FLOOD_S);
	hostile_add_sound(&run);
	hostile_add_sound(&run);
	hostile_go(&run);
	for (size_t i = 0; i < count; i++)
		expect_end(&run, i, "timeout: ");
	expect_sound(&run, count);
	expect_sound(&run, count + 1);
	ck_assert_int_eq(run.exit_code, KT_EXIT_CANNOT_JUDGE);
	ck_assert_uint_ge(run.ends[4].console_count, KT_LINE_BURST);
	ck_assert_uint_lt(run.ends[5].console_count, KT_LINE_BURST);
	ck_assert_uint_eq(run.ends[6].snapshot_count, 2);
	ck_assert(strstr(kt_buf_text(&run.notes), "console-lines: the guest's console has more"));
	ck_assert(strstr(kt_buf_text(&run.notes), " lines of the guest's console were left out"));
	ck_assert(
		!strstr(kt_buf_text(&run.notes), "console-endless: the guest's console has more"));
	expect_bounds(&run);
	hostile_deinit(&run);
}
END_TEST

/* What it does not read waits in our memory, though not for ever. */
START_TEST(a_guest_does_not_listen)
{
	struct hostile_run run;

	hostile_init(&run);
	hostile_add_large(&run, "deaf", 240);
	hostile_go(&run);
	expect_end(&run, 0, "timeout: it has not taken what it was told for 20.00 s");
	ck_assert_int_eq(run.exit_code, KT_EXIT_CANNOT_JUDGE);
	expect_bounds(&run);
	hostile_deinit(&run);
}
END_TEST

/* A report can be larger than any that our probe writes; reading it must not take many times its size. */
START_TEST(a_report_of_many_values)
{
	struct hostile_run run;

	hostile_init(&run);
	hostile_add(&run, "document", FLOOD_S);
	hostile_go(&run);
	expect_end(&run, 0, "timeout: ");
	expect_bounds(&run);
	hostile_deinit(&run);
}
END_TEST

/* Where the host's cgroup v2 is mounted, if groups can be made there; NULL else. */
static const char *group_root(void)
{
	static const char *const places[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

	for (int i = 0; i < COUNT(places); i++) {
		char path[64];
		(void)snprintf(path, sizeof(path), "%s/cgroup.subtree_control", places[i]);
		if (!access(path, W_OK))
			return places[i];
	}
	return NULL;
}

/* Which controllers there are is the host's affair; that QEMU is in its group can be seen with none. */
START_TEST(a_guest_is_in_its_group)
{
	const char *place = group_root();
	struct kt_groups *groups = NULL;
	struct hostile_run run;
	char procs[96];
	char dir[64];

	if (!place) {
		fprintf(stderr, "# not tried: this user can make no control group here\n");
		return;
	}
	(void)snprintf(dir, sizeof(dir), "%s/ktstr-top.%d.0", place, (int)getpid());
	(void)snprintf(procs, sizeof(procs), "%s/guest-0/cgroup.procs", dir);
	KT_OK(kt_groups_open(place, (struct kt_group_controllers){ false, false }, 1, &groups));
	hostile_init(&run);
	run.groups = groups;
	run.watched = procs;
	hostile_add_sound(&run);
	hostile_go(&run);
	expect_sound(&run, 0);
	ck_assert_int_gt(atoi(kt_buf_text(&run.watched_text)), 0);
	kt_groups_close(groups);
	ck_assert_int_eq(access(dir, F_OK), -1);
	hostile_deinit(&run);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("hostile");
	TCase *tests = tcase_create("hostile");

	tcase_set_timeout(tests, 400);
	tcase_add_test(tests, the_protocol_is_broken);
	tcase_add_test(tests, many_floods_at_once);
	tcase_add_test(tests, a_report_of_many_values);
	tcase_add_test(tests, a_guest_does_not_listen);
	tcase_add_test(tests, a_guest_is_in_its_group);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
