/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every kind of check against models made from events.  A case is a check, a story told in
 * short words, and what must come out; the story is over (final) unless it ends in "live".
 */
#include "tests/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "check/check.h"
#include "check/kinds.h"

#define LEADER 41

struct story {
	struct kt_run run;
	uint32_t run_index;
	uint32_t snapshot_index;
};

static void apply(struct story *story, struct kt_event event)
{
	event.scenario = "n";
	KT_OK(kt_run_apply(&story->run, &event));
}

static void begin_run(struct story *story)
{
	story->snapshot_index = 0;
	apply(story, (struct kt_event){ .type = KT_EVENT_PROBE_START,
					.probe_start = { .probe = "p",
							 .run = story->run_index,
							 .target_pid = LEADER } });
}

/* "s:TIME/TID=ALLOCATED,DEALLOCATED@START/...": a snapshot; "TID!" is a row with an error. */
static void take_snapshot(struct story *story, const char *word)
{
	struct kt_thread threads[8] = { 0 };
	struct kt_event event = {
		.type = KT_EVENT_SNAPSHOT,
		.snapshot = { .probe = "p",
			      .run = story->run_index,
			      .index = story->snapshot_index++,
			      .target_pid = LEADER },
	};
	struct kt_snapshot *snapshot = &event.snapshot.snapshot;
	int used;

	ck_assert_int_eq(sscanf(word, "s:%" SCNu64 "%n", &snapshot->timestamp_unix_sec, &used), 1);
	snapshot->elapsed_since_start_ns = snapshot->timestamp_unix_sec * 10;
	for (word += used; *word == '/'; word += used) {
		struct kt_thread *thread = &threads[snapshot->thread_count++];
		int more = 0;

		ck_assert_int_eq(sscanf(word, "/%" SCNu32 "%n", &thread->tid, &used), 1);
		if (word[used] == '!') {
			thread->error = "gone";
			thread->error_kind = "ptrace_seize";
			used++;
			continue;
		}
		word += used;
		thread->allocated_bytes.known = true;
		ck_assert_int_eq(
			sscanf(word, "=%" SCNu64 "%n", &thread->allocated_bytes.value, &used), 1);
		if (sscanf(word + used, ",%" SCNu64 "%n", &thread->deallocated_bytes.value,
			   &more) == 1) {
			thread->deallocated_bytes.known = true;
			used += more;
		}
		if (sscanf(word + used, "@%" SCNu64 "%n", &thread->start_time_jiffies.value,
			   &more) == 1) {
			thread->start_time_jiffies.known = true;
			used += more;
		}
	}
	ck_assert_msg(!*word, "left over: %s", word);
	snapshot->threads = threads;
	apply(story, event);
}

/*
 * "e:CODE/METRICS/STARTED": the end; "f:KIND": a fatal one; "k:SIGNAL"; "x": it never ran.  '-' is
 * unknown.
 */
static void end_run(struct story *story, const char *word)
{
	struct kt_event event = {
		.type = KT_EVENT_PROBE_END,
		.probe_end = { .probe = "p", .run = story->run_index++ },
	};
	struct kt_event_probe_end *end = &event.probe_end;

	if (*word == 'e') {
		end->exit_code.known = true;
		ck_assert_int_ge(sscanf(word, "e:%" SCNu64, &end->exit_code.value), 1);
		end->metric_count.known =
			sscanf(word, "e:%*d/%" SCNu64, &end->metric_count.value) == 1;
		end->started_at_unix_sec.known =
			sscanf(word, "e:%*d/%*d/%" SCNu64, &end->started_at_unix_sec.value) == 1;
		if (end->started_at_unix_sec.known)
			end->snapshot_count = KT_KNOWN(story->snapshot_index);
		else
			end->document_error = "no document";
	} else if (*word == 'f') {
		end->exit_code = KT_KNOWN(1);
		end->fatal_kind = word + 2;
	} else if (*word == 'k') {
		end->signal.known = true;
		ck_assert_int_eq(sscanf(word, "k:%" SCNu64, &end->signal.value), 1);
	}
	apply(story, event);
}

/* Tells the story; false when it is still going on. */
static bool tell(struct story *story, const char *text)
{
	kt_autofree char *copy = strdup(text);
	char *save = NULL;
	bool over = true;

	ck_assert_ptr_nonnull(copy);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (!strcmp(word, "live"))
			over = false;
		else if (!strcmp(word, "panic"))
			apply(story, (struct kt_event){
					     .type = KT_EVENT_GUEST_STATE,
					     .guest_state = { .state = KT_GUEST_FAILED,
							      .reason = KT_REASON_KERNEL_PANIC } });
		else if (!strcmp(word, "p"))
			begin_run(story);
		else if (*word == 's')
			take_snapshot(story, word);
		else
			end_run(story, word);
	}
	return over;
}

#define SCENARIO                                                               \
	"{\"schema\":1,\"name\":\"n\",\"probes\":[{\"name\":\"p\",\"pid\":41," \
	"\"repeat\":%d}],\"checks\":[%s]}"

static struct kt_scenario *make_scenario(const char *check, int repeat)
{
	struct kt_scenario *scenario = NULL;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_printf(&text, SCENARIO, repeat, check);
	KT_OK(kt_scenario_parse(kt_buf_text(&text), text.len, "f", &scenario));
	return scenario;
}

#define MAX64 "18446744073709551615"

struct expectation {
	const char *check;
	int repeat;
	const char *story;
	const char *verdict;
	const char *worst;  /* NULL: none */
	const char *detail; /* a part of it; NULL: any */
	const char *place;  /* "run/snapshot/tid", '-' for unknown; NULL: any */
};

#define EXIT0	    "{\"exit_code\":{\"equals\":0}}"
#define NO_JEMALLOC "{\"fatal_kind\":{\"is\":\"jemalloc-not-found\"}}"
#define NO_METRICS  "{\"metric_count\":{\"equals\":0}}"
#define THREE	    "{\"snapshot_count\":{\"equals\":3}}"
#define SOME_THREAD "{\"thread_count\":{\"min\":1,\"max\":3}}"
#define TWO_SEEN    "{\"thread_count\":{\"min\":2,\"snapshots\":\"any\"}}"
#define PRESENT	    "{\"thread_present\":{}}"
#define KNOWN	    "{\"counter\":{\"of\":\"allocated_bytes\",\"min\":16777216,\"max\":20971520}}"
#define BELOW	    "{\"counter\":{\"of\":\"deallocated_bytes\",\"below\":1048576,\"if_present\":true}}"
#define STRICT	    "{\"counter\":{\"of\":\"deallocated_bytes\",\"below\":1048576}}"
#define ALL	    "{\"counter\":{\"of\":\"allocated_bytes\",\"thread\":\"all\",\"max\":100}}"
#define LAST	    "{\"counter\":{\"of\":\"allocated_bytes\",\"snapshots\":\"last\",\"max\":100}}"
#define FIRST	    "{\"counter\":{\"of\":\"allocated_bytes\",\"snapshots\":\"first\",\"max\":100}}"
#define TID	    "{\"counter\":{\"of\":\"allocated_bytes\",\"thread\":7,\"max\":100}}"
#define HUGE_ONLY   "{\"counter\":{\"of\":\"allocated_bytes\",\"equals\":" MAX64 "}}"
#define TIME	    "{\"monotone\":{\"of\":\"timestamp_unix_sec\"}}"
#define ELAPSED	    "{\"monotone\":{\"of\":\"elapsed_since_start_ns\"}}"
#define GROWS	    "{\"monotone\":{\"of\":\"allocated_bytes\"}}"
#define FREES	    "{\"monotone\":{\"of\":\"deallocated_bytes\"}}"
#define STARTED	    "{\"started_before_first_snapshot\":{}}"
#define FAILED	    "{\"failed_threads\":{}}"
#define FAILED_MAX  "{\"failed_threads\":{\"max\":1}}"

static const struct expectation expectations[] = {
	/* exit_code */
	{ EXIT0, 1, "", "cannot-tell", NULL, "0 of 1 runs of the probe ended", "-/-/-" },
	{ EXIT0, 1, "live", "pending", NULL, NULL, NULL },
	{ EXIT0, 1, "panic", "cannot-tell", NULL, "guest failed: kernel-panic", NULL },
	{ EXIT0, 1, "p live", "pending", NULL, NULL, NULL },
	{ EXIT0, 1, "p e:0/9/5", "pass", "0", NULL, "0/-/-" },
	{ EXIT0, 1, "p e:0/9/5 live", "pass", "0", NULL, NULL },
	{ EXIT0, 1, "p e:1/0", "fail", "1", NULL, "0/-/-" },
	{ EXIT0, 1, "p k:11", "fail", "signal 11", NULL, "0/-/-" },
	{ EXIT0, 1, "p x", "cannot-tell", NULL, "did not run", "0/-/-" },
	{ EXIT0, 1, "p", "cannot-tell", NULL, "0 of 1 runs", NULL },
	/* fatal_kind */
	{ NO_JEMALLOC, 1, "", "cannot-tell", NULL, "0 of 1 runs", NULL },
	{ NO_JEMALLOC, 1, "p f:jemalloc-not-found", "pass", "jemalloc-not-found", NULL, "0/-/-" },
	{ NO_JEMALLOC, 1, "p f:jemalloc-not", "fail", "jemalloc-not", NULL, "0/-/-" },
	{ NO_JEMALLOC, 1, "p e:1/0", "fail", "none", NULL, "0/-/-" },
	{ NO_JEMALLOC, 1, "p e:0/9/5", "fail", "none", NULL, NULL },
	{ NO_JEMALLOC, 1, "p k:11", "fail", "none", NULL, NULL },
	{ NO_JEMALLOC, 1, "p x", "cannot-tell", NULL, "did not run", "0/-/-" },
	{ NO_JEMALLOC, 2, "p f:jemalloc-not-found live", "holding", "jemalloc-not-found", NULL,
	  NULL },
	{ NO_JEMALLOC, 2, "p f:jemalloc-not-found p f:zombie", "fail", "zombie", NULL, "1/-/-" },
	{ EXIT0, 3, "p e:0/9/5 p e:0/9/5 live", "holding", "0", NULL, NULL },
	{ EXIT0, 3, "p e:0/9/5 p e:2 live", "fail", "2", NULL, "1/-/-" },
	{ EXIT0, 3, "p e:0/9/5 p e:0/9/5", "cannot-tell", "0", "2 of 3 runs", NULL },
	{ EXIT0, 3, "p e:0/9/5 p e:3 p e:2", "fail", "3", NULL, "1/-/-" },
	{ EXIT0, 2, "p e:0/9/5 p x p e:1", "fail", "1", NULL, "2/-/-" },
	/* metric_count */
	{ NO_METRICS, 1, "p e:1/0", "pass", "0", NULL, "0/-/-" },
	{ NO_METRICS, 1, "p e:1/1", "fail", "1", NULL, "0/-/-" },
	{ NO_METRICS, 1, "p e:1", "cannot-tell", NULL, "not counted", "0/-/-" },
	{ NO_METRICS, 1, "p e:1/" MAX64, "fail", MAX64, NULL, NULL },
	/* snapshot_count */
	{ THREE, 1, "p s:1 s:2 s:3 e:0/9/1", "pass", "3", NULL, "0/-/-" },
	{ THREE, 1, "p s:1 s:2 e:0/9/1", "fail", "2", NULL, "0/-/-" },
	{ THREE, 1, "p s:1 s:2 s:3 s:4 e:0/9/1", "fail", "4", NULL, NULL },
	{ THREE, 1, "p e:0/9/1", "fail", "0", NULL, NULL },
	{ THREE, 1, "p e:1", "cannot-tell", NULL, "exited with 1; no document", "0/-/-" },
	{ THREE, 1, "p k:6", "cannot-tell", NULL, "signal 6", "0/-/-" },
	{ THREE, 1, "p x", "cannot-tell", NULL, "did not run", NULL },
	{ THREE, 1, "p s:1 live", "pending", NULL, NULL, NULL },
	/* thread_count */
	{ SOME_THREAD, 1, "p s:1/41=1 e:0/9/1", "pass", "1", NULL, "0/0/-" },
	{ SOME_THREAD, 1, "p s:1/41=1/2=1/3=1 e:0/9/1", "pass", "3", NULL, NULL },
	{ SOME_THREAD, 1, "p s:1 live", "fail", "0", NULL, "0/0/-" },
	{ SOME_THREAD, 1, "p s:1/1!/2!/3!/4! e:1/9/1", "fail", "4", NULL, "0/0/-" },
	{ SOME_THREAD, 1, "p s:1/41=1 live", "holding", "1", NULL, NULL },
	{ SOME_THREAD, 1, "p e:1", "cannot-tell", NULL, "no snapshot", "0/-/-" },
	{ SOME_THREAD, 2, "p s:1/41=1 e:0/9/1", "cannot-tell", "1", "1 of 2", NULL },
	{ TWO_SEEN, 2, "p s:1/41=1 e:0/9/1 live", "pending", "1", NULL, NULL },
	{ TWO_SEEN, 2, "p s:1/41=1 e:0/9/1 p s:1/41=1/2! live", "pass", "2", NULL, "1/0/-" },
	{ TWO_SEEN, 2, "p s:1/41=1/2=1 e:0/9/1 p e:1", "pass", "2", NULL, "0/0/-" },
	{ TWO_SEEN, 2, "p s:1/41=1 e:0/9/1 p s:1/41=1 e:0/9/1", "fail", "1", NULL, "0/0/-" },
	{ TWO_SEEN, 2, "p s:1 e:0/9/1 p s:1/41=1 e:0/9/1", "fail", "1", NULL, "1/0/-" },
	{ TWO_SEEN, 2, "p s:1/41=1 e:0/9/1", "cannot-tell", "1", "1 of 2", NULL },
	{ TWO_SEEN, 2, "p s:1/41=1 e:0/9/1 p e:1", "cannot-tell", NULL, "no snapshot", NULL },
	/* thread_present */
	{ PRESENT, 1, "p s:1/7=1/41=1 e:0/9/1", "pass", "present", NULL, "0/0/41" },
	{ PRESENT, 1, "p s:1/41=1 s:2/7=1 live", "fail", "absent", NULL, "0/1/41" },
	{ PRESENT, 1, "p s:1 e:0/9/1", "fail", "absent", NULL, "0/0/41" },
	{ PRESENT, 1, "p s:1/41! e:0/9/1", "cannot-tell", NULL, "no counters: gone", "0/0/41" },
	{ PRESENT, 1, "p e:1", "cannot-tell", NULL, "no snapshot", NULL },
	/* counter: the leader's, inclusive bounds */
	{ KNOWN, 1, "p s:1/41=16777216 e:0/9/1", "pass", "16777216", NULL, "0/0/41" },
	{ KNOWN, 1, "p s:1/41=16777215 e:0/9/1", "fail", "16777215", NULL, "0/0/41" },
	{ KNOWN, 1, "p s:1/41=20971520 e:0/9/1", "pass", "20971520", NULL, NULL },
	{ KNOWN, 1, "p s:1/41=20971521 e:0/9/1", "fail", "20971521", NULL, NULL },
	{ KNOWN, 1, "p s:1/41=16777216 s:2/41=" MAX64 " live", "fail", MAX64, NULL, "0/1/41" },
	{ KNOWN, 1, "p s:1/41=16777219 s:2/41=20971519 e:0/9/1", "pass", "20971519", NULL,
	  "0/1/41" },
	{ KNOWN, 1, "p s:1/7=16777216 e:0/9/1", "cannot-tell", NULL,
	  "thread 41 is not in the snapshot", "0/0/41" },
	{ KNOWN, 1, "p s:1/41! e:0/9/1", "cannot-tell", NULL, "thread 41 has no counters: gone",
	  "0/0/41" },
	{ KNOWN, 1, "p s:1/41=16777216 s:2/41! live", "pending", "16777216", NULL, NULL },
	{ KNOWN, 1, "p s:1/41! s:2/41=1 e:0/9/1", "fail", "1", NULL, "0/1/41" },
	{ KNOWN, 1, "p e:1", "cannot-tell", NULL, "no snapshot", NULL },
	/* counter: exclusive bound, may be missing or must not */
	{ BELOW, 1, "p s:1/41=1,1048575 e:0/9/1", "pass", "1048575", NULL, NULL },
	{ BELOW, 1, "p s:1/41=1,1048576 e:0/9/1", "fail", "1048576", NULL, NULL },
	{ BELOW, 1, "p s:1/41=1 e:0/9/1", "skip", NULL, "no snapshot has it", NULL },
	{ BELOW, 1, "p s:1/41=1 s:2/41=1,0 e:0/9/1", "pass", "0", NULL, "0/1/41" },
	{ BELOW, 1, "p s:1/41! e:0/9/1", "cannot-tell", NULL, "gone", NULL },
	{ STRICT, 1, "p s:1/41=1 e:0/9/1", "cannot-tell", NULL, "has no deallocated_bytes", NULL },
	/* counter: other threads, other snapshots */
	{ ALL, 1, "p s:1/1=1/2=100 e:0/9/1", "pass", "100", NULL, "0/0/2" },
	{ ALL, 1, "p s:1/1=1/2=101 e:0/9/1", "fail", "101", NULL, "0/0/2" },
	{ ALL, 1, "p s:1/1=1/2! e:0/9/1", "cannot-tell", NULL, "thread 2", "0/0/2" },
	{ ALL, 1, "p s:1 e:0/9/1", "cannot-tell", NULL, "no threads", "0/0/-" },
	{ LAST, 1, "p s:1/41=101 s:2/41=100 e:0/9/1", "pass", "100", NULL, "0/1/41" },
	{ LAST, 1, "p s:1/41=100 s:2/41=101 e:0/9/1", "fail", "101", NULL, "0/1/41" },
	{ LAST, 1, "p s:1/41=101 live", "pending", NULL, NULL, NULL },
	{ FIRST, 1, "p s:1/41=100 s:2/41=101 e:0/9/1", "pass", "100", NULL, "0/0/41" },
	{ TID, 1, "p s:1/7=101/41=1 e:0/9/1", "fail", "101", NULL, "0/0/7" },
	{ HUGE_ONLY, 1, "p s:1/41=" MAX64 " e:0/9/1", "pass", MAX64, NULL, NULL },
	{ HUGE_ONLY, 1, "p s:1/41=18446744073709551614 e:0/9/1", "fail", "18446744073709551614",
	  NULL, NULL },
	/* monotone */
	{ TIME, 1, "p s:5 s:5 s:6 e:0/9/1", "pass", NULL, NULL, NULL },
	{ TIME, 1, "p s:5 s:4 live", "fail", "4 after 5", NULL, "0/1/-" },
	{ TIME, 1, "p s:9 s:8 s:3 s:4 e:0/9/1", "fail", "3 after 8", NULL, "0/2/-" },
	{ TIME, 1, "p s:5 e:0/9/1", "cannot-tell", NULL, "one snapshot", "0/-/-" },
	{ TIME, 1, "p e:1", "cannot-tell", NULL, "no snapshot", NULL },
	{ TIME, 2, "p s:5 s:6 e:0/9/1 p s:1 s:2 e:0/9/1", "pass", NULL, NULL, NULL },
	{ ELAPSED, 1, "p s:5 s:4 e:0/9/1", "fail", "40 after 50", NULL, "0/1/-" },
	{ GROWS, 1, "p s:1/41=5 s:1/41=5 s:1/41=" MAX64 " e:0/9/1", "pass", NULL, NULL, NULL },
	{ GROWS, 1, "p s:1/41=5 s:1/41=4 e:0/9/1", "fail", "4 after 5", NULL, "0/1/41" },
	{ GROWS, 1, "p s:1/41=5 s:1/7=9 e:0/9/1", "cannot-tell", NULL, "not in the snapshot",
	  "0/1/41" },
	{ GROWS, 1, "p s:1/41=5 s:1/41! s:1/41=6 e:0/9/1", "cannot-tell", NULL, "gone", "0/1/41" },
	{ GROWS, 1, "p s:1/41=5@3 s:1/41=4@4 e:0/9/1", "cannot-tell", NULL, "reused", "0/1/41" },
	{ GROWS, 1, "p s:1/41=5@3 s:1/41=6@3 live", "holding", NULL, NULL, NULL },
	{ FREES, 1, "p s:1/41=5,2 s:1/41=5,1 e:0/9/1", "fail", "1 after 2", NULL, NULL },
	{ FREES, 1, "p s:1/41=5,2 s:1/41=5 e:0/9/1", "cannot-tell", NULL, "no deallocated", NULL },
	/* started_before_first_snapshot */
	{ STARTED, 1, "p s:5 e:0/9/5", "pass", "started 5, first snapshot 5", NULL, "0/0/-" },
	{ STARTED, 1, "p s:5 e:0/9/6", "fail", "started 6, first snapshot 5", NULL, "0/0/-" },
	/* Snapshots that came live do not count without a report, nor if nothing ended. */
	{ STARTED, 1, "p s:5 e:0/9", "cannot-tell", NULL, "no document", "0/-/-" },
	{ TIME, 1, "p s:5 s:4 e:1", "cannot-tell", NULL, "exited with 1; no document", "0/-/-" },
	{ TIME, 1, "p s:5 s:4", "cannot-tell", NULL, "0 of 1 runs", NULL },
	{ GROWS, 1, "p s:1/41=5 s:1/41=4", "cannot-tell", NULL, "0 of 1 runs", NULL },
	{ STARTED, 1, "p e:1", "cannot-tell", NULL, "no snapshot", NULL },
	{ STARTED, 1, "p s:5 live", "pending", NULL, NULL, NULL },
	/* failed_threads */
	{ FAILED, 2, "p s:1/1! e:0/9/1 p s:1/1=1 e:0/9/1", "pass", "1",
	  "1 threads could not be read, in 1 of 2 runs", "0/0/-" },
	{ FAILED, 1, "p s:1/41=1 e:0/9/1", "pass", "0", "0 threads", NULL },
	{ FAILED, 1, "p e:1", "cannot-tell", NULL, "no snapshot", NULL },
	{ FAILED, 1, "", "cannot-tell", NULL, "0 of 1", NULL },
	{ FAILED_MAX, 1, "p s:1/1! e:0/9/1", "pass", "1", NULL, NULL },
	{ FAILED_MAX, 1, "p s:1/1! s:2/1! live", "fail", "2", NULL, "0/1/-" },
};

#define EXPECTATION_COUNT (sizeof(expectations) / sizeof(expectations[0]))

static void put_known(struct kt_buf *out, struct kt_opt_u64 number)
{
	kt_buf_puts(out, out->len ? "/" : "");
	if (number.known)
		kt_buf_printf(out, "%" PRIu64, number.value);
	else
		kt_buf_putc(out, '-');
}

static void judge(const struct expectation *expected, struct kt_arena *arena,
		  struct kt_event_check *ret)
{
	struct story story = { .run = KT_RUN_INIT };
	kt_autoscenario struct kt_scenario *scenario =
		make_scenario(expected->check, expected->repeat);
	bool over = tell(&story, expected->story);
	struct kt_event_check verdict;

	KT_OK(kt_check_evaluate(&scenario->checks[0], kt_run_find_scenario(&story.run, "n"), over,
				arena, &verdict));
	/* Strings of the check go with the scenario: keep copies. */
	KT_OK(kt_fields_copy(kt_event_record(KT_EVENT_CHECK), &verdict, arena, ret));
	kt_run_deinit(&story.run);
}

START_TEST(verdicts_are_as_expected)
{
	const struct expectation *expected = &expectations[_i];
	kt_autoarena struct kt_arena arena = KT_ARENA_INIT;
	kt_autobuf struct kt_buf place = KT_BUF_INIT;
	struct kt_event_check got;

	judge(expected, &arena, &got);
	ck_assert_msg(!strcmp(kt_verdict_name(got.verdict), expected->verdict), "%s after '%s': %s",
		      expected->check, expected->story, kt_verdict_name(got.verdict));
	ck_assert_msg(!got.worst == !expected->worst &&
			      (!got.worst || !strcmp(got.worst, expected->worst)),
		      "%s after '%s': worst %s", expected->check, expected->story, got.worst);
	if (expected->detail)
		ck_assert_msg(got.detail && strstr(got.detail, expected->detail),
			      "%s after '%s': %s", expected->check, expected->story, got.detail);
	put_known(&place, got.run);
	put_known(&place, got.snapshot);
	put_known(&place, got.tid);
	if (expected->place)
		ck_assert_msg(!strcmp(kt_buf_text(&place), expected->place), "%s after '%s': at %s",
			      expected->check, expected->story, kt_buf_text(&place));
}
END_TEST

/* No kind is left out of the table above, and each has its pass, fail and cannot-tell. */
START_TEST(every_kind_has_its_cells)
{
	static const char *const cells[] = { "pass", "fail", "cannot-tell" };

	for (const struct kt_check_kind *kind = kt_check_kinds; kind->name; kind++) {
		for (size_t cell = 0; cell < 3; cell++) {
			bool found = false;

			for (size_t i = 0; i < EXPECTATION_COUNT; i++)
				found = found || (strstr(expectations[i].check, kind->name) &&
						  !strcmp(expectations[i].verdict, cells[cell]));
			ck_assert_msg(found, "no %s of %s", cells[cell], kind->name);
		}
	}
}
END_TEST

/* A verdict at the end never depends on having been asked before, and never stays open. */
START_TEST(final_verdicts_are_final)
{
	kt_autoarena struct kt_arena arena = KT_ARENA_INIT;
	struct expectation over = expectations[_i];
	kt_autobuf struct kt_buf story = KT_BUF_INIT;
	struct kt_event_check got;

	kt_buf_puts(&story, over.story);
	char *live = strstr(kt_buf_text(&story), "live");
	if (live)
		*live = '\0';
	over.story = kt_buf_text(&story);
	judge(&over, &arena, &got);
	ck_assert_int_ne(got.verdict, KT_VERDICT_PENDING);
	ck_assert_int_ne(got.verdict, KT_VERDICT_HOLDING);
}
END_TEST

/* ---- kt_checks_update and kt_checks_result ---- */

struct emitted {
	struct story *story;
	struct kt_buf text;
};

static struct kt_error *emit(void *ctx, const struct kt_event_check *verdict)
{
	struct emitted *emitted = ctx;

	kt_buf_printf(&emitted->text, "%s=%s ", verdict->check, kt_verdict_name(verdict->verdict));
	apply(emitted->story, (struct kt_event){ .type = KT_EVENT_CHECK, .check = *verdict });
	return NULL;
}

static void update(struct emitted *emitted, const struct kt_scenario *scenario, const char *more,
		   enum kt_event_type cause_type, bool final, const char *expected)
{
	const struct kt_event cause = { .type = cause_type };

	(void)tell(emitted->story, more);
	kt_buf_reset(&emitted->text);
	KT_OK(kt_checks_update(scenario, kt_run_find_scenario(&emitted->story->run, "n"), &cause,
			       final, emit, emitted));
	ck_assert_str_eq(kt_buf_text(&emitted->text), expected);
}

START_TEST(updates_tell_only_what_is_new)
{
	struct story story = { .run = KT_RUN_INIT };
	struct emitted emitted = { .story = &story };
	kt_autoscenario struct kt_scenario *scenario = make_scenario(EXIT0 "," SOME_THREAD, 1);
	struct kt_check_title titles[2];

	kt_checks_titles(scenario, titles);
	ck_assert_str_eq(titles[1].text, "threads in every snapshot 1..3");
	apply(&story, (struct kt_event){ .type = KT_EVENT_SCENARIO_START,
					 .scenario_start = { .file = "f",
							     .topology = "1n1l1c1t",
							     .checks = titles,
							     .check_count = 2 } });
	const struct kt_run_scenario *state = kt_run_find_scenario(&story.run, "n");
	ck_assert_int_eq(kt_checks_result(state), KT_RESULT_ERROR);
	update(&emitted, scenario, "p", KT_EVENT_PROBE_START, false, "");
	update(&emitted, scenario, "s:1/41=1", KT_EVENT_SNAPSHOT, false, "thread_count=holding ");
	update(&emitted, scenario, "s:1/41=1", KT_EVENT_SNAPSHOT, false, "");
	update(&emitted, scenario, "", KT_EVENT_CONSOLE, false, "");
	ck_assert_int_eq(kt_checks_result(state), KT_RESULT_ERROR);
	update(&emitted, scenario, "e:0/9/1", KT_EVENT_PROBE_END, false,
	       "exit_code=pass thread_count=pass ");
	update(&emitted, scenario, "", KT_EVENT_PROBE_END, true, "");
	ck_assert_int_eq(kt_checks_result(state), KT_RESULT_PASS);
	kt_buf_deinit(&emitted.text);
	kt_run_deinit(&story.run);
}
END_TEST

static const struct {
	enum kt_verdict verdicts[3];
	enum kt_result result;
} results[] = {
	{ { KT_VERDICT_PASS, KT_VERDICT_PASS, KT_VERDICT_PASS }, KT_RESULT_PASS },
	{ { KT_VERDICT_PASS, KT_VERDICT_SKIP, KT_VERDICT_PASS }, KT_RESULT_PASS },
	{ { KT_VERDICT_SKIP, KT_VERDICT_SKIP, KT_VERDICT_SKIP }, KT_RESULT_SKIP },
	{ { KT_VERDICT_PASS, KT_VERDICT_CANNOT_TELL, KT_VERDICT_PASS }, KT_RESULT_ERROR },
	{ { KT_VERDICT_SKIP, KT_VERDICT_CANNOT_TELL, KT_VERDICT_SKIP }, KT_RESULT_ERROR },
	{ { KT_VERDICT_FAIL, KT_VERDICT_CANNOT_TELL, KT_VERDICT_PASS }, KT_RESULT_FAIL },
	{ { KT_VERDICT_PASS, KT_VERDICT_PENDING, KT_VERDICT_PASS }, KT_RESULT_ERROR },
	{ { KT_VERDICT_PASS, KT_VERDICT_HOLDING, KT_VERDICT_PASS }, KT_RESULT_ERROR },
};

START_TEST(a_scenario_is_what_its_checks_are)
{
	struct kt_run_check checks[3] = { 0 };
	struct kt_run_scenario state = { .checks = checks, .check_count = 3 };

	for (size_t i = 0; i < 3; i++)
		checks[i].check.verdict = results[_i].verdicts[i];
	ck_assert_int_eq(kt_checks_result(&state), results[_i].result);
	state.check_count = 0;
	ck_assert_int_eq(kt_checks_result(&state), KT_RESULT_ERROR);
}
END_TEST

static Suite *suite(void)
{
	Suite *check = suite_create("check");
	TCase *tests = tcase_create("all");

	tcase_add_loop_test(tests, verdicts_are_as_expected, 0, EXPECTATION_COUNT);
	tcase_add_test(tests, every_kind_has_its_cells);
	tcase_add_loop_test(tests, final_verdicts_are_final, 0, EXPECTATION_COUNT);
	tcase_add_test(tests, updates_tell_only_what_is_new);
	tcase_add_loop_test(tests, a_scenario_is_what_its_checks_are, 0,
			    sizeof(results) / sizeof(results[0]));
	suite_add_tcase(check, tests);
	return check;
}

KT_UNIT_MAIN
