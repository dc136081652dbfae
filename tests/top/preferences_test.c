/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of preferences: what is taken, what is told and left out, and that what is written reads back. */
#include "tests/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "top/preferences.h"

static char dir[64];
static char path[96];
static struct kt_preferences preferences;
static struct kt_buf warnings;

static void enter(void)
{
	strcpy(dir, "/tmp/kt-preferences-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/config.ini", dir);
	warnings = KT_BUF_INIT;
}

static void leave(void)
{
	kt_preferences_deinit(&preferences);
	kt_buf_deinit(&warnings);
	(void)unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void read_text(const char *text, size_t len)
{
	KT_OK(kt_file_replace(path, text, len, 0644));
	KT_OK(kt_preferences_read(path, &preferences, &warnings));
}

static void expect_warning(const char *text, unsigned line, const char *part)
{
	char place[128];

	(void)snprintf(place, sizeof(place), "%s:%u: ", path, line);
	read_text(text, strlen(text));
	ck_assert_msg(!strncmp(kt_buf_text(&warnings), place, strlen(place)), "%s",
		      kt_buf_text(&warnings));
	ck_assert_msg(strstr(kt_buf_text(&warnings), part), "%s", kt_buf_text(&warnings));
	/* One line. */
	ck_assert_ptr_eq(strchr(kt_buf_text(&warnings), '\n'),
			 kt_buf_text(&warnings) + warnings.len - 1);
}

START_TEST(everything_is_taken)
{
	static const char text[] = "# mine\n[ktstr-top]\nview = checks\ncolumns=tid,name\n"
				   "sort = -alloc\n; more\ntheme = mono\nunits = si\n"
				   "graph = ascii\nmouse = on\ninterval_ms = 250\n"
				   "history_mib = 8";

	read_text(text, strlen(text));
	ck_assert_str_eq(kt_buf_text(&warnings), "");
	ck_assert_str_eq(preferences.view, "checks");
	ck_assert_str_eq(preferences.columns, "tid,name");
	ck_assert_str_eq(preferences.sort, "-alloc");
	ck_assert_str_eq(preferences.theme, "mono");
	ck_assert_str_eq(preferences.units, "si");
	ck_assert_str_eq(preferences.graph, "ascii");
	ck_assert_int_eq(preferences.mouse, KT_SWITCH_ON);
	ck_assert_uint_eq(preferences.interval_ms, 250);
	ck_assert_uint_eq(preferences.history_mib, 8);
}
END_TEST

START_TEST(the_last_of_a_key_counts)
{
	static const char text[] = "[ktstr-top]\nview = checks\nview = guests\n";

	read_text(text, strlen(text));
	ck_assert_str_eq(preferences.view, "guests");
}
END_TEST

static const struct {
	const char *text;
	unsigned line;
	const char *part;
} bad[] = {
	{ "[ktstr-top]\nview = nowhere\n", 2, "nowhere" },
	{ "[ktstr-top]\n\n\ntheme = pink\n", 4, "pink" },
	{ "[ktstr-top]\ncolumns = tid,colour\n", 2, "colour" },
	{ "[ktstr-top]\nsort = colour\n", 2, "colour" },
	{ "[ktstr-top]\nunits = stones\n", 2, "stones" },
	{ "[ktstr-top]\ngraph = pie\n", 2, "pie" },
	{ "[ktstr-top]\nmouse = maybe\n", 2, "maybe" },
	{ "[ktstr-top]\ninterval_ms = 0\n", 2, "1 to 3600000" },
	{ "[ktstr-top]\ninterval_ms = 1e3\n", 2, "1 to 3600000" },
	{ "[ktstr-top]\nhistory_mib = 99999999999999999999\n", 2, "1 to 65536" },
	{ "[ktstr-top]\nfavourite = tid\n", 2, "unknown key" },
	{ "view = checks\n", 1, "[ktstr-top]" },
	{ "[other]\nview = checks\n", 2, "[ktstr-top]" },
	{ "[ktstr-top]\nrubbish\n", 2, "neither" },
	{ "[ktstr-top\n", 1, "neither" },
	{ "[ktstr-top]\n\033]0;x\a = 1\n", 2, "\xef\xbf\xbd" },
};

START_TEST(what_cannot_be_used_is_told)
{
	expect_warning(bad[_i].text, bad[_i].line, bad[_i].part);
	ck_assert_ptr_null(strchr(kt_buf_text(&warnings), '\033'));
	ck_assert_ptr_null(preferences.view);
	ck_assert_ptr_null(preferences.columns);
	ck_assert_uint_eq(preferences.interval_ms, 0);
}
END_TEST

START_TEST(a_line_that_is_too_long_is_told_and_the_next_is_taken)
{
	char text[2048];

	(void)snprintf(text, sizeof(text), "[ktstr-top]\ncolumns = %01000d\nview = guests\n", 0);
	expect_warning(text, 2, "too long");
	ck_assert_str_eq(preferences.view, "guests");
}
END_TEST

START_TEST(bytes_that_are_no_text)
{
	char bytes[512];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	read_text(bytes, sizeof(bytes));
	ck_assert_ptr_null(strchr(kt_buf_text(&warnings), '\033'));
	read_text("[ktstr-top]\0view = guests\n", 26);
	ck_assert_ptr_nonnull(strstr(kt_buf_text(&warnings), "NUL"));
}
END_TEST

START_TEST(warnings_have_a_limit)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	unsigned lines = 0;

	kt_buf_puts(&text, "[ktstr-top]\n");
	for (int i = 0; i < 1000; i++)
		kt_buf_puts(&text, "nothing = 1\n");
	read_text(kt_buf_text(&text), text.len);
	for (const char *at = kt_buf_text(&warnings); (at = strchr(at, '\n')); at++)
		lines++;
	ck_assert_uint_eq(lines, 20);
}
END_TEST

START_TEST(a_file_that_is_not_there)
{
	struct kt_error *err = kt_preferences_read(path, &preferences, &warnings);

	ck_assert_ptr_nonnull(err);
	ck_assert_int_eq(kt_error_errno(err), ENOENT);
	kt_error_destroy(err);
}
END_TEST

START_TEST(what_is_written_reads_back)
{
	char deeper[128];
	char view[] = "guests", columns[] = "tid,name,flow";
	struct kt_preferences written = {
		.view = view, .columns = columns, .mouse = KT_SWITCH_OFF, .history_mib = 64
	};
	kt_autobuf struct kt_buf content = KT_BUF_INIT;

	(void)snprintf(deeper, sizeof(deeper), "%s/a/b.ini", dir);
	kt_preferences_put(&written, &content);
	KT_OK(kt_preferences_write(deeper, kt_buf_text(&content)));
	KT_OK(kt_preferences_read(deeper, &preferences, &warnings));
	ck_assert_str_eq(kt_buf_text(&warnings), "");
	ck_assert_str_eq(preferences.view, view);
	ck_assert_str_eq(preferences.columns, columns);
	ck_assert_ptr_null(preferences.theme);
	ck_assert_int_eq(preferences.mouse, KT_SWITCH_OFF);
	ck_assert_uint_eq(preferences.interval_ms, 0);
	ck_assert_uint_eq(preferences.history_mib, 64);
	ck_assert_int_eq(unlink(deeper), 0);
	(void)snprintf(deeper, sizeof(deeper), "%s/a", dir);
	ck_assert_int_eq(rmdir(deeper), 0);
}
END_TEST

/* What stands in the file as an example must be right. */
START_TEST(the_examples_are_valid)
{
	struct kt_preferences none = { 0 };
	kt_autobuf struct kt_buf content = KT_BUF_INIT;

	kt_preferences_put(&none, &content);
	for (char *at = content.data; (at = strstr(at, "\n# ")); at++)
		if (strstr(at, " = ") && strstr(at, " = ") < strchr(at + 1, '\n'))
			at[1] = at[2] = ' ';
	/* A line that begins with blanks would go on with the one before. */
	for (char *at = content.data; (at = strstr(at, "\n  ")); at++)
		memcpy(at, "\n\n\n", 3);
	read_text(kt_buf_text(&content), content.len);
	ck_assert_str_eq(kt_buf_text(&warnings), "");
	ck_assert_ptr_nonnull(preferences.columns);
	ck_assert_ptr_nonnull(preferences.graph);
	ck_assert_uint_eq(preferences.history_mib, KT_HISTORY_MIB);
}
END_TEST

START_TEST(the_place)
{
	kt_autofree char *found = NULL;

	(void)setenv("XDG_CONFIG_HOME", "/x", 1);
	KT_OK(kt_preferences_locate(&found));
	ck_assert_str_eq(found, "/x/ktstr-top/config.ini");
	free(KT_TAKE(found));
	(void)setenv("XDG_CONFIG_HOME", "relative", 1);
	(void)setenv("HOME", "/mine", 1);
	KT_OK(kt_preferences_locate(&found));
	ck_assert_str_eq(found, "/mine/.config/ktstr-top/config.ini");
	(void)unsetenv("HOME");
	KT_FAILS(kt_preferences_locate(&found), KT_ERROR_ENVIRONMENT, "HOME");
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("preferences");
	TCase *tests = tcase_create("all");

	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_test(tests, everything_is_taken);
	tcase_add_test(tests, the_last_of_a_key_counts);
	tcase_add_loop_test(tests, what_cannot_be_used_is_told, 0,
			    (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tests, a_line_that_is_too_long_is_told_and_the_next_is_taken);
	tcase_add_test(tests, bytes_that_are_no_text);
	tcase_add_test(tests, warnings_have_a_limit);
	tcase_add_test(tests, a_file_that_is_not_there);
	tcase_add_test(tests, what_is_written_reads_back);
	tcase_add_test(tests, the_examples_are_valid);
	tcase_add_test(tests, the_place);
	suite_add_tcase(suite, tests);
	return suite;
}

KT_UNIT_MAIN
