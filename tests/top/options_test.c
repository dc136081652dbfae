/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The option table: the words it tells shells are those there are, and every option has its place. */
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

#include "top/command_line.h"
#include "top/options.h"
#include "tui/dashboard.h"
#include "tui/views/columns.h"

static const struct kt_option *find(int id)
{
	const struct kt_option *option = kt_top_options;

	while (option->id && option->id != id)
		option++;
	ck_assert_int_eq(option->id, id);
	return option;
}

static bool has_word(const struct kt_option *option, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = option->words; (at = strstr(at, word)); at++)
		if ((at == option->words || at[-1] == ' ' || at[-1] == ',') &&
		    (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

static size_t count_words(const struct kt_option *option)
{
	size_t count = 1;

	for (const char *at = option->words; (at = strchr(at, ' ')); at++)
		count++;
	return count;
}

START_TEST(themes)
{
	size_t count = 0;

	for (; kt_themes[count].name; count++)
		ck_assert_msg(has_word(find(KT_TOP_THEME), kt_themes[count].name), "%s",
			      kt_themes[count].name);
	ck_assert_uint_eq(count_words(find(KT_TOP_THEME)), count);
}
END_TEST

START_TEST(columns)
{
	size_t count = 0;

	for (; kt_columns[count].word; count++)
		ck_assert_msg(has_word(find(KT_TOP_COLUMNS), kt_columns[count].word), "%s",
			      kt_columns[count].word);
	ck_assert_uint_eq(count_words(find(KT_TOP_COLUMNS)), count);
	ck_assert_uint_eq(count_words(find(KT_TOP_SORT)), count);
}
END_TEST

static const struct {
	int id;
	size_t member;
} words[] = {
	{ KT_TOP_VIEW, offsetof(struct kt_dashboard_options, view) },
	{ KT_TOP_UNITS, offsetof(struct kt_dashboard_options, units) },
	{ KT_TOP_GRAPH, offsetof(struct kt_dashboard_options, graph) },
};

/* The dashboard takes every word of the table. */
START_TEST(words_of_the_dashboard)
{
	char text[64];

	ck_assert_uint_lt(strlen(find(words[_i].id)->words), sizeof(text));
	strcpy(text, find(words[_i].id)->words);
	for (char *at = strtok(text, " "); at; at = strtok(NULL, " ")) {
		struct kt_dashboard_options options = { 0 };
		struct kt_dashboard *dashboard;

		*(const char **)((char *)&options + words[_i].member) = at;
		KT_OK(kt_dashboard_create(&options, &dashboard));
		kt_dashboard_destroy(dashboard);
	}
}
END_TEST

static const char *const values[] = {
	[KT_TOP_JOBS] = "3",	       [KT_TOP_SPEED] = "0.5",
	[KT_TOP_AT] = "1:02.5",	       [KT_TOP_SIZE] = "20x4",
	[KT_TOP_KEYS] = "q<lt>",       [KT_TOP_SORT] = "tid",
	[KT_TOP_CPU] = "max",	       [KT_TOP_RECORD] = "f",
	[KT_TOP_REPLAY] = "f",	       [KT_TOP_KERNEL] = "f",
	[KT_TOP_CONFIG] = "f",	       [KT_TOP_WITH] = "cpu,sched",
	[KT_TOP_FAULT] = "kill@ready", [KT_TOP_VERSION] = NULL,
	[KT_TOP_COLUMNS] = "tid",      [KT_TOP_PID] = "1",
};

/* With --help everything goes together, but values are looked at. */
START_TEST(every_option_has_a_place)
{
	for (const struct kt_option *option = kt_top_options; option->id; option++) {
		char spelled[128], value[64] = "1";
		const char *argv[] = { "ktstr-top", "--help", spelled, NULL };
		struct kt_command_line line;

		if (option->id == KT_TOP_HELP)
			continue;
		ck_assert_int_lt(option->id, 64);
		if (values[option->id])
			strcpy(value, values[option->id]);
		else if (option->words)
			(void)snprintf(value, sizeof(value), "%.*s",
				       (int)strcspn(option->words, " "), option->words);
		(void)snprintf(spelled, sizeof(spelled), "--%s%s%s", option->name,
			       option->value_name ? "=" : "", option->value_name ? value : "");
		KT_OK(kt_command_line_parse(3, (char *const *)argv, &line));
		ck_assert_msg(kt_command_line_has(&line, option->id), "%s", spelled);
		kt_command_line_deinit(&line);
	}
}
END_TEST

static void expect_command(int argc, const char *const *argv, const char *expected)
{
	kt_autobuf struct kt_buf command = KT_BUF_INIT;
	struct kt_command_line line;

	KT_OK(kt_command_line_parse(argc, (char *const *)argv, &line));
	KT_OK(kt_command_line_batch(&line, &command));
	ck_assert_str_eq(kt_buf_text(&command), expected);
	kt_command_line_deinit(&line);
}

START_TEST(the_command_that_does_the_same)
{
	const char *process[] = { "ktstr-top",	   "--pid=12", "--theme", "mono",
				  "--interval-ms", "5",	       "--ascii", "--record=it's" };
	const char *guests[] = { "ktstr-top", "-j2", "--view=checks", "a b.json", "demo" };
	const char *kernels[] = { "ktstr-top", "-ka", "--kernel", "b", "--kernel=c", "x.json" };
	const char *replay[] = { "ktstr-top", "-R", "x.ktr", "--at", "5" };

	expect_command(8, process,
		       "ktstr-top --batch --pid 12 --interval-ms 5 --record 'it'\\''s'");
	expect_command(5, guests, "ktstr-top --batch --check --jobs 2 'a b.json' demo");
	expect_command(6, kernels,
		       "ktstr-top --batch --check --kernel a --kernel b --kernel c x.json");
	expect_command(5, replay, "ktstr-top --batch --check --replay x.ktr");
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("options");
	TCase *tests = tcase_create("all");

	tcase_add_test(tests, themes);
	tcase_add_test(tests, columns);
	tcase_add_loop_test(tests, words_of_the_dashboard, 0,
			    (int)(sizeof(words) / sizeof(words[0])));
	tcase_add_test(tests, every_option_has_a_place);
	tcase_add_test(tests, the_command_that_does_the_same);
	suite_add_tcase(suite, tests);
	return suite;
}

KT_UNIT_MAIN
