/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/kinds.h"

#include <inttypes.h>

#include "check/evaluate.h"

const char *const kt_check_of_words[] = {
	[KT_OF_ALLOCATED] = "allocated_bytes",
	[KT_OF_DEALLOCATED] = "deallocated_bytes",
	[KT_OF_TIMESTAMP] = "timestamp_unix_sec",
	[KT_OF_ELAPSED] = "elapsed_since_start_ns",
	NULL,
};

const char *const kt_check_where_words[] = {
	[KT_CHECK_ALL] = "all",
	[KT_CHECK_ANY] = "any",
	[KT_CHECK_FIRST] = "first",
	[KT_CHECK_LAST] = "last",
	NULL,
};

static void describe_thread(const struct kt_check *check, struct kt_buf *out)
{
	if (check->thread == KT_CHECK_LEADER)
		kt_buf_puts(out, "the leader");
	else if (check->thread == KT_CHECK_ALL_THREADS)
		kt_buf_puts(out, "all threads");
	else
		kt_buf_printf(out, "thread %" PRIu32, check->tid);
}

static void describe_snapshots(const struct kt_check *check, struct kt_buf *out)
{
	static const char *const texts[] = {
		[KT_CHECK_ALL] = "every snapshot",
		[KT_CHECK_ANY] = "at least one snapshot",
		[KT_CHECK_FIRST] = "the first snapshot",
		[KT_CHECK_LAST] = "the last snapshot",
	};

	kt_buf_printf(out, " in %s", texts[check->snapshots]);
}

static void describe_exit_code(const struct kt_check *check, struct kt_buf *out)
{
	(void)check;
	kt_buf_puts(out, "exit code of the probe");
}

static void describe_fatal_kind(const struct kt_check *check, struct kt_buf *out)
{
	(void)check;
	kt_buf_puts(out, "fatal kind of the probe");
}

static void describe_metric_count(const struct kt_check *check, struct kt_buf *out)
{
	(void)check;
	kt_buf_puts(out, "numbers in the probe's output");
}

static void describe_snapshot_count(const struct kt_check *check, struct kt_buf *out)
{
	(void)check;
	kt_buf_puts(out, "snapshots in a run");
}

static void describe_thread_count(const struct kt_check *check, struct kt_buf *out)
{
	kt_buf_puts(out, "threads");
	describe_snapshots(check, out);
}

static void describe_thread_present(const struct kt_check *check, struct kt_buf *out)
{
	describe_thread(check, out);
	kt_buf_puts(out, " present");
	describe_snapshots(check, out);
}

static void describe_counter(const struct kt_check *check, struct kt_buf *out)
{
	kt_buf_printf(out, "%s of ", kt_check_of_words[check->of]);
	describe_thread(check, out);
	describe_snapshots(check, out);
}

static void describe_monotone(const struct kt_check *check, struct kt_buf *out)
{
	kt_buf_puts(out, kt_check_of_words[check->of]);
	if (check->of == KT_OF_ALLOCATED || check->of == KT_OF_DEALLOCATED) {
		kt_buf_puts(out, " of ");
		describe_thread(check, out);
	}
	kt_buf_puts(out, " never decreases");
}

static void describe_started_before(const struct kt_check *check, struct kt_buf *out)
{
	(void)check;
	kt_buf_puts(out, "the probe started before its first snapshot");
}

static void describe_failed_threads(const struct kt_check *check, struct kt_buf *out)
{
	(void)check;
	kt_buf_puts(out, "threads that could not be read");
}

#define BIT(key) KT_KEY_BIT(KT_CHECK_KEY_##key)

const struct kt_check_kind kt_check_kinds[] = {
	{ .name = "exit_code",
	  .allowed = KT_CHECK_KEYS_EXACT,
	  .needs_bound = true,
	  .max_value = 255,
	  .evaluate = kt_evaluate_exit_code,
	  .describe = describe_exit_code },
	{ .name = "fatal_kind",
	  .allowed = BIT(IS),
	  .required = BIT(IS),
	  .evaluate = kt_evaluate_fatal_kind,
	  .describe = describe_fatal_kind },
	{ .name = "metric_count",
	  .allowed = KT_CHECK_KEYS_EXACT,
	  .needs_bound = true,
	  .max_value = UINT64_MAX,
	  .evaluate = kt_evaluate_metric_count,
	  .describe = describe_metric_count },
	{ .name = "snapshot_count",
	  .allowed = KT_CHECK_KEYS_EXACT,
	  .needs_bound = true,
	  .max_value = KT_SCENARIO_MAX_SNAPSHOTS,
	  .evaluate = kt_evaluate_snapshot_count,
	  .describe = describe_snapshot_count },
	{ .name = "thread_count",
	  .allowed = KT_CHECK_KEYS_EXACT | BIT(SNAPSHOTS),
	  .needs_bound = true,
	  .max_value = KT_SCENARIO_MAX_PID,
	  .evaluate = kt_evaluate_thread_count,
	  .describe = describe_thread_count },
	{ .name = "thread_present",
	  .allowed = BIT(THREAD) | BIT(SNAPSHOTS),
	  .evaluate = kt_evaluate_thread_present,
	  .describe = describe_thread_present },
	{ .name = "counter",
	  .allowed = KT_CHECK_KEYS_BOUNDS | BIT(OF) | BIT(THREAD) | BIT(SNAPSHOTS) |
		     BIT(IF_PRESENT),
	  .required = BIT(OF),
	  .needs_bound = true,
	  .may_take_all = true,
	  .of_first = KT_OF_ALLOCATED,
	  .of_last = KT_OF_DEALLOCATED,
	  .max_value = UINT64_MAX,
	  .evaluate = kt_evaluate_counter,
	  .describe = describe_counter },
	{ .name = "monotone",
	  .allowed = BIT(OF) | BIT(THREAD),
	  .required = BIT(OF),
	  .of_first = KT_OF_ALLOCATED,
	  .of_last = KT_OF_ELAPSED,
	  .evaluate = kt_evaluate_monotone,
	  .describe = describe_monotone },
	{ .name = "started_before_first_snapshot",
	  .evaluate = kt_evaluate_started_before,
	  .describe = describe_started_before },
	{ .name = "failed_threads",
	  .allowed = BIT(MAX),
	  .max_value = UINT64_MAX,
	  .evaluate = kt_evaluate_failed_threads,
	  .describe = describe_failed_threads },
	{ 0 },
};
