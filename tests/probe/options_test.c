/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every option's range and every bad combination. */
#include "tests/unit.h"

#include <stdint.h>
#include <string.h>

#include "probe/options.h"
#include "probe/read/sweep.h"

enum {
	WORDS_MAX = 16
};

static struct kt_error *parse(const char *line, struct kt_probe_settings *ret)
{
	static char copy[256];
	char *argv[WORDS_MAX] = { (char *)"probe" };
	int argc = 1;

	strcpy(copy, line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	return kt_probe_settings_parse(argc, argv, ret);
}

START_TEST(defaults)
{
	struct kt_probe_settings settings;

	KT_OK(parse("--pid 7", &settings));
	ck_assert_int_eq(settings.pid, 7);
	ck_assert_uint_eq(settings.snapshot_count, 1);
	ck_assert_uint_eq(settings.interval_ms, 0);
	ck_assert_uint_eq(settings.abort_after_ms, 0);
	ck_assert(!settings.json);
	ck_assert_ptr_null(settings.sidecar);
	KT_OK(parse("--pid 7 --snapshots 1", &settings));
	KT_OK(parse("--help", &settings));
	ck_assert(settings.help);
	KT_OK(parse("-h", &settings));
	KT_OK(parse("-V", &settings));
	ck_assert(settings.version);
}
END_TEST

START_TEST(bounds)
{
	struct kt_probe_settings settings;

	KT_OK(parse("--pid=2147483647 --snapshots=100000 --interval-ms=3600000 "
		    "--abort-after-ms=3600000 --json --sidecar x",
		    &settings));
	ck_assert_int_eq(settings.pid, INT32_MAX);
	ck_assert_uint_eq(settings.snapshot_count, 100000);
	ck_assert_uint_eq(settings.interval_ms, 3600000);
	ck_assert_uint_eq(settings.abort_after_ms, 3600000);
	ck_assert(settings.json);
	ck_assert_str_eq(settings.sidecar, "x");
	KT_OK(parse("--pid 1 --snapshots 2 --interval-ms 1 --abort-after-ms 1", &settings));
}
END_TEST

START_TEST(what_to_read)
{
	struct kt_probe_settings settings;

	KT_OK(parse("--pid 1", &settings));
	ck_assert_uint_eq(settings.extras, 0);
	ck_assert(!settings.with_process && !settings.stream && !settings.no_cache);
	ck_assert_int_eq(settings.engine, KT_ENGINE_AUTO);
	ck_assert_ptr_null(settings.object);
	KT_OK(parse("--pid 1 --with cpu --engine readv --object libjemalloc.so.2 --no-cache",
		    &settings));
	ck_assert_uint_eq(settings.extras, KT_EXTRA_CPU);
	ck_assert(!settings.with_process && settings.no_cache);
	ck_assert_int_eq(settings.engine, KT_ENGINE_READV);
	ck_assert_str_eq(settings.object, "libjemalloc.so.2");
	KT_OK(parse("--pid 1 --engine bpf --layout x.layout", &settings));
	ck_assert_int_eq(settings.engine, KT_ENGINE_BPF);
	ck_assert_str_eq(settings.layout, "x.layout");
	KT_OK(parse("--pid 1 --engine ptrace", &settings));
	ck_assert_int_eq(settings.engine, KT_ENGINE_PTRACE);
	KT_OK(parse("--pid 1 --with process,tcache,sched,cpu --engine auto", &settings));
	ck_assert_uint_eq(settings.extras, KT_EXTRA_SCHED | KT_EXTRA_CPU | KT_EXTRA_TCACHE);
	ck_assert(settings.with_process);
}
END_TEST

START_TEST(streams)
{
	struct kt_probe_settings settings;

	KT_OK(parse("--pid 1 --stream", &settings));
	ck_assert(settings.stream);
	ck_assert(!kt_probe_settings_is_repeated(&settings));
	KT_OK(parse("--pid 1 --stream --snapshots 0 --interval-ms 50", &settings));
	ck_assert_uint_eq(settings.snapshot_count, 0);
	ck_assert(kt_probe_settings_is_repeated(&settings));
}
END_TEST

START_TEST(refusals)
{
	static const struct {
		const char *line;
		const char *part;
	} bad[] = {
		{ "", "--pid" },
		{ "--json", "--pid" },
		{ "--pid", "needs a value" },
		{ "--pid 0", "range" },
		{ "--pid=-1", "invalid value" },
		{ "--pid -1", "--pid" },
		{ "--pid x", "invalid value" },
		{ "--pid 2147483648", "range" },
		{ "--pid 99999999999999999999999", "invalid value" },
		{ "--pid 1 --snapshots 0", "range" },
		{ "--pid 1 --snapshots 100001 --interval-ms 1", "range" },
		{ "--pid 1 --snapshots 2 --interval-ms 0", "range" },
		{ "--pid 1 --snapshots 2 --interval-ms 3600001", "range" },
		{ "--pid 1 --abort-after-ms 0", "range" },
		{ "--pid 1 --abort-after-ms 3600001", "range" },
		{ "--pid 1 --bogus", "unknown option" },
		{ "--pi 1", "unknown option" },
		{ "--pid 1 --pid 1", "more than once" },
		{ "--pid 1 --json --json", "more than once" },
		{ "--pid 1 stray", "stray" },
		{ "--pid 1 --json=yes", "no value" },
		{ "--pid 1 --sidecar", "needs a value" },
		{ "--pid 1 --snapshots 17", "--snapshots 17" },
		{ "--pid 1 --snapshots 17", "--interval-ms is required" },
		{ "--pid 1 --interval-ms 5", "--snapshots > 1" },
		{ "--pid 1 --snapshots 1 --interval-ms 5", "only makes sense" },
		{ "--pid 1 --snapshots 0 --interval-ms 5", "needs --stream" },
		{ "--pid 1 --snapshots 0 --stream", "--interval-ms is required" },
		{ "--pid 1 --stream --interval-ms 5", "--snapshots > 1 or 0" },
		{ "--pid 1 --stream --json --snapshots 0 --interval-ms 5",
		  "--snapshots 0 and --json exclude each other" },
		{ "--pid 1 --stream --json --interval-ms 5",
		  "--interval-ms only makes sense with --snapshots > 1" },
		{ "--pid 1 --stream --sidecar x", "exclude each other" },
		{ "--pid 1 --engine", "needs a value" },
		{ "--pid 1 --engine fast", "'fast' for '--engine'" },
		{ "--pid 1 --with", "needs a value" },
		{ "--pid 1 --with=", "not empty" },
		{ "--pid 1 --with cpu,", "'cpu,' for '--with'" },
		{ "--pid 1 --with ,cpu", "'--with'" },
		{ "--pid 1 --with cpu,cpu", "each once" },
		{ "--pid 1 --with process,process", "each once" },
		{ "--pid 1 --with cp", "'cp' for '--with'" },
		{ "--pid 1 --with cpux", "'cpux' for '--with'" },
		{ "--pid 1 --object=", "not empty" },
		{ "--object x", "--pid" },
		{ "--layout x", "--pid" },
		{ "--object x --layout y --json", "go alone" },
		{ "--object x --layout y --snapshots 2 --interval-ms 1", "go alone" },
		{ "--object x --layout y --engine bpf", "go alone" },
		{ "--pid 1 --layout=", "not empty" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kt_probe_settings settings;
		KT_FAILS(parse(bad[i].line, &settings), KT_ERROR_USAGE, bad[i].part);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("probe-options");
	TCase *tests = tcase_create("probe-options");

	tcase_add_test(tests, defaults);
	tcase_add_test(tests, bounds);
	tcase_add_test(tests, what_to_read);
	tcase_add_test(tests, streams);
	tcase_add_test(tests, refusals);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
