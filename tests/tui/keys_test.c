/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <string.h>

#include "tui/keys.h"
#include "tui/terminal/screen.h"

enum {
	KEYS_PER_BINDING = sizeof(kt_key_table[0].keys) / sizeof(kt_key_table[0].keys[0]),
};

static size_t key_count(const struct kt_key_binding *binding)
{
	size_t count = 0;

	while (count < KEYS_PER_BINDING && binding->keys[count])
		count++;
	return count;
}

START_TEST(every_action_has_one_binding_with_help)
{
	for (int action = KT_ACTION_NONE + 1; action < KT_ACTION_COUNT; action++) {
		unsigned count = 0;

		for (const struct kt_key_binding *binding = kt_key_table; binding->action;
		     binding++) {
			if ((int)binding->action != action)
				continue;
			count++;
			ck_assert_ptr_nonnull(binding->help);
			ck_assert_uint_gt(strlen(binding->help), 3);
			ck_assert_int_ne(binding->help[strlen(binding->help) - 1], '.');
			if (binding->footer)
				ck_assert_uint_le(strlen(binding->footer), 10);
		}
		ck_assert_msg(count == 1, "action %d has %u bindings", action, count);
	}
}
END_TEST

START_TEST(every_action_has_a_plain_character)
{
	for (const struct kt_key_binding *binding = kt_key_table; binding->action; binding++) {
		bool has_plain = false;

		for (size_t i = 0; i < key_count(binding); i++)
			has_plain |= binding->keys[i] >= ' ' && binding->keys[i] < 0x7f;
		ck_assert_msg(has_plain, "no plain character does: %s", binding->help);
	}
}
END_TEST

START_TEST(no_key_means_two_things)
{
	for (const struct kt_key_binding *one = kt_key_table; one->action; one++)
		for (size_t i = 0; i < key_count(one); i++)
			ck_assert_int_eq(kt_key_action(one->keys[i]), one->action);
	ck_assert_int_eq(kt_key_action(0), KT_ACTION_NONE);
	ck_assert_int_eq(kt_key_action(KT_KEY_NONE), KT_ACTION_NONE);
	ck_assert_int_eq(kt_key_action(0x1f600), KT_ACTION_NONE);
}
END_TEST

START_TEST(the_way_out_comes_first)
{
	ck_assert_int_eq(kt_key_table[0].action, KT_ACTION_QUIT);
	ck_assert_int_eq(kt_key_table[1].action, KT_ACTION_HELP_VIEW);
	ck_assert_ptr_nonnull(kt_key_table[0].footer);
	ck_assert_ptr_nonnull(kt_key_table[1].footer);
}
END_TEST

static void check_name(uint32_t key, const char *expected)
{
	kt_autobuf struct kt_buf name = KT_BUF_INIT;

	kt_key_name(key, &name);
	ck_assert_str_eq(kt_buf_text(&name), expected);
}

START_TEST(names_are_as_people_read_them)
{
	check_name('q', "q");
	check_name(' ', "Space");
	check_name('<', "<");
	check_name(12, "Ctrl-L");
	check_name(KT_KEY_UP, "Up");
	check_name(KT_KEY_ENTER, "Enter");
	check_name(0x20ac, "\xe2\x82\xac");
	check_name(0x1f600, "\xf0\x9f\x98\x80");
	check_name(KT_KEY_NONE, "none");
	check_name(0xd800, "none");
	check_name(0x85, "none");
}
END_TEST

static void check_parse(const char *text, size_t len, uint32_t expected)
{
	uint32_t key = 0;

	ck_assert_msg(kt_key_parse(text, &key) == len, "'%s'", text);
	ck_assert_uint_eq(key, expected);
}

START_TEST(what_one_types_is_read)
{
	check_parse("q", 1, 'q');
	check_parse("qq", 1, 'q');
	check_parse(" ", 1, ' ');
	check_parse("<Up>j", 4, KT_KEY_UP);
	check_parse("<up>", 4, KT_KEY_UP);
	check_parse("<C-l>", 5, 12);
	check_parse("<c-Z>", 5, 26);
	check_parse("<Enter>", 7, KT_KEY_ENTER);
	check_parse("<lt>", 4, '<');
	check_parse(">", 1, '>');
	check_parse("\xe2\x82\xac", 3, 0x20ac);
}
END_TEST

START_TEST(what_is_no_key_is_refused)
{
	static const char *const texts[] = {
		"",	"<",	    "<>",     "<Upp>",
		"<C->", "<C-1>",    "<C-ll>", "\x01",
		"\xff", "\xe2\x82", "\x7f",   "<a very long name that ends much too late>"
	};
	uint32_t key = 77;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_uint_eq(kt_key_parse(texts[i], &key), 0);
	ck_assert_uint_eq(key, 77);
}
END_TEST

/* How --keys has a key that is called so. */
static void typed_name(uint32_t key, struct kt_buf *out)
{
	static const char *const other_words[][2] = { { "PgUp", "PageUp" },
						      { "PgDn", "PageDown" },
						      { "Shift-Tab", "S-Tab" },
						      { "<", "lt" } };
	kt_autobuf struct kt_buf name = KT_BUF_INIT;
	const char *word;

	kt_key_name(key, &name);
	word = kt_buf_text(&name);
	for (size_t i = 0; i < sizeof(other_words) / sizeof(other_words[0]); i++)
		if (!strcmp(word, other_words[i][0]))
			word = other_words[i][1];
	if (!strncmp(word, "Ctrl-", 5))
		kt_buf_printf(out, "<C-%s>", word + 5);
	else
		kt_buf_printf(out, word[1] || word[0] == '<' ? "<%s>" : "%s", word);
}

START_TEST(every_bound_key_can_be_typed_in_keys)
{
	for (const struct kt_key_binding *binding = kt_key_table; binding->action; binding++)
		for (size_t i = 0; i < key_count(binding); i++) {
			kt_autobuf struct kt_buf text = KT_BUF_INIT;
			uint32_t key = 0;

			typed_name(binding->keys[i], &text);
			ck_assert_msg(kt_key_parse(kt_buf_text(&text), &key) == text.len, "%s",
				      kt_buf_text(&text));
			ck_assert_uint_eq(key, binding->keys[i]);
		}
}
END_TEST

START_TEST(the_manual_lists_every_binding)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	unsigned entries = 0;
	unsigned bindings = 0;

	kt_keys_scdoc(&text);
	KT_OK(kt_buf_error(&text));
	for (const struct kt_key_binding *binding = kt_key_table; binding->action; binding++)
		bindings++;
	for (const char *at = kt_buf_text(&text); (at = strstr(at, "\n\t")); at++)
		entries++;
	ck_assert_uint_eq(entries, bindings);
	ck_assert_ptr_nonnull(strstr(kt_buf_text(&text), "*q*\n\tQuit.\n\n"));
	ck_assert_ptr_nonnull(strstr(kt_buf_text(&text), "*Space*, *z*\n\t"));
	ck_assert_ptr_nonnull(strstr(kt_buf_text(&text), "*f*, *\\\\*\n\t"));
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("keys");
	TCase *tcase = tcase_create("all");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, every_action_has_one_binding_with_help);
	tcase_add_test(tcase, every_action_has_a_plain_character);
	tcase_add_test(tcase, no_key_means_two_things);
	tcase_add_test(tcase, the_way_out_comes_first);
	tcase_add_test(tcase, names_are_as_people_read_them);
	tcase_add_test(tcase, what_one_types_is_read);
	tcase_add_test(tcase, what_is_no_key_is_refused);
	tcase_add_test(tcase, every_bound_key_can_be_typed_in_keys);
	tcase_add_test(tcase, the_manual_lists_every_binding);
	return suite;
}

KT_UNIT_MAIN
