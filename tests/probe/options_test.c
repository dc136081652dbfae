/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every option's range and every bad combination. */
#include "tests/unit.h"

#include <stdint.h>
#include <string.h>

#include "probe/options.h"

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
	tcase_add_test(tests, refusals);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
