/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <string.h>

#include "base/options.h"

static const struct kt_option table[] = {
	{ .id = 1,
	  .name = "pid",
	  .kind = KT_OPTION_NUMBER,
	  .value_name = "PID",
	  .min = 1,
	  .max = INT32_MAX,
	  .help = "Target process" },
	{ .id = 2, .name = "json", .letter = 'j', .help = "JSON on stdout" },
	{ .id = 3,
	  .name = "file",
	  .letter = 'f',
	  .kind = KT_OPTION_TEXT,
	  .repeatable = true,
	  .value_name = "FILE",
	  .help = "A file" },
	{ 0 },
};

static struct kt_error *collect(void *ctx, const struct kt_option_value *value)
{
	struct kt_buf *out = ctx;

	kt_buf_printf(out, "%s=%s/%d ", value->option ? value->option->name : "",
		      value->text ? value->text : "", (int)value->number);
	return NULL;
}

static struct kt_error *parse(struct kt_buf *out, const char *line)
{
	char copy[256];
	char *argv[16] = { (char *)"prog" };
	int argc = 1;

	kt_buf_reset(out);
	strcpy(copy, line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	return kt_options_parse(table, argc, argv, collect, out);
}

START_TEST(forms)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;

	KT_OK(parse(&out, "--pid 12 --json a -f x -fy --file=z -- --pid"));
	ck_assert_str_eq(kt_buf_text(&out), "pid=12/12 json=/0 =a/0 file=x/0 file=y/0 file=z/0 "
					    "=--pid/0 ");
}
END_TEST

START_TEST(refusals)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;

	KT_FAILS(parse(&out, "--pi 1"), KT_ERROR_USAGE, "unknown option '--pi'");
	KT_FAILS(parse(&out, "--pid -1"), KT_ERROR_USAGE, "needs a value");
	KT_FAILS(parse(&out, "--pid"), KT_ERROR_USAGE, "needs a value");
	KT_FAILS(parse(&out, "--pid=-1"), KT_ERROR_USAGE, "not in the range 1 to 2147483647");
	KT_FAILS(parse(&out, "--pid=2147483648"), KT_ERROR_USAGE, "not in the range");
	KT_FAILS(parse(&out, "--pid=0"), KT_ERROR_USAGE, "not in the range");
	KT_FAILS(parse(&out, "--pid=1 --pid=1"), KT_ERROR_USAGE, "more than once");
	KT_FAILS(parse(&out, "--json=yes"), KT_ERROR_USAGE, "takes no value");
	KT_FAILS(parse(&out, "-x"), KT_ERROR_USAGE, "unknown option '-x'");
	KT_FAILS(parse(&out, "--file="), KT_ERROR_USAGE, "not empty");
}
END_TEST

START_TEST(help_and_man)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;

	kt_options_help(table, &out);
	ck_assert(strstr(kt_buf_text(&out), "-j, --json"));
	kt_buf_reset(&out);
	kt_options_scdoc(table, &out);
	ck_assert(strstr(kt_buf_text(&out), "*-f*, *--file* _FILE_\n\tA file.\n"));
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("options");
	TCase *tests = tcase_create("options");

	tcase_add_test(tests, forms);
	tcase_add_test(tests, refusals);
	tcase_add_test(tests, help_and_man);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
