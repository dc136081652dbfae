/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks: every theme has all of them, and those that must be told apart differ. */
#include <string.h>

#include "tests/unit.h"
#include "tui/terminal/theme.h"

static bool is_alike(const struct kt_look *one, const struct kt_look *other, bool has_color)
{
	return one->attributes == other->attributes &&
	       (!has_color ||
		(one->foreground == other->foreground && one->background == other->background));
}

START_TEST(themes_have_names)
{
	ck_assert_str_eq(kt_themes[0].name, "default");
	ck_assert_ptr_eq(kt_theme_find("default"), &kt_themes[0]);
	ck_assert_ptr_nonnull(kt_theme_find("light"));
	ck_assert_ptr_nonnull(kt_theme_find("high-contrast"));
	ck_assert_ptr_nonnull(kt_theme_find("mono"));
	ck_assert_ptr_null(kt_theme_find(""));
	ck_assert_ptr_null(kt_theme_find("Default"));
	for (const struct kt_theme *theme = kt_themes; theme->name; theme++)
		ck_assert_ptr_eq(kt_theme_find(theme->name), theme);
}
END_TEST

START_TEST(themes_are_complete)
{
	for (const struct kt_theme *theme = kt_themes; theme->name; theme++) {
		for (int role = 0; role < KT_ROLE_COUNT; role++) {
			const struct kt_look *look = &theme->looks[role];
			/* A look that was left out is all zero: black on black. */
			ck_assert_msg(look->foreground || look->background, "%s, role %d",
				      theme->name, role);
			ck_assert_int_ge(look->foreground, -1);
			ck_assert_int_le(look->foreground, 7);
			ck_assert_int_ge(look->background, -1);
			ck_assert_int_le(look->background, 7);
			ck_assert(look->foreground < 0 || look->foreground != look->background);
		}
	}
}
END_TEST

START_TEST(mono_has_no_color)
{
	const struct kt_theme *mono = kt_theme_find("mono");

	ck_assert(mono->is_mono);
	for (int role = 0; role < KT_ROLE_COUNT; role++) {
		ck_assert_int_eq(mono->looks[role].foreground, -1);
		ck_assert_int_eq(mono->looks[role].background, -1);
	}
	for (const struct kt_theme *theme = kt_themes; theme->name; theme++)
		ck_assert(theme->is_mono == (theme == mono));
}
END_TEST

/* Words say what passes and fails; these say where one is and what stands out. */
START_TEST(what_must_differ_differs)
{
	static const enum kt_role pairs[][2] = {
		{ KT_ROLE_NORMAL, KT_ROLE_SELECTED }, { KT_ROLE_NORMAL, KT_ROLE_BAD },
		{ KT_ROLE_NORMAL, KT_ROLE_BANNER },   { KT_ROLE_NORMAL, KT_ROLE_MATCH },
		{ KT_ROLE_HEADING, KT_ROLE_SORTED },  { KT_ROLE_GOOD, KT_ROLE_BAD },
		{ KT_ROLE_SELECTED, KT_ROLE_MATCH },  { KT_ROLE_SELECTED, KT_ROLE_BANNER },
		{ KT_ROLE_NORMAL, KT_ROLE_HEADING },  { KT_ROLE_WARNING, KT_ROLE_BAD },
	};

	for (const struct kt_theme *theme = kt_themes; theme->name; theme++)
		for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
			ck_assert_msg(!is_alike(&theme->looks[pairs[i][0]],
						&theme->looks[pairs[i][1]], true),
				      "%s: roles %d and %d", theme->name, pairs[i][0], pairs[i][1]);
}
END_TEST

/* Where one is must be seen with NO_COLOR too, in every theme. */
START_TEST(places_differ_without_color)
{
	static const enum kt_role places[] = { KT_ROLE_SELECTED, KT_ROLE_BANNER, KT_ROLE_MATCH,
					       KT_ROLE_HEADING, KT_ROLE_SORTED };
	size_t count = sizeof(places) / sizeof(places[0]);

	for (const struct kt_theme *theme = kt_themes; theme->name; theme++) {
		for (size_t i = 0; i < count; i++) {
			const struct kt_look *look = &theme->looks[places[i]];
			ck_assert(!is_alike(look, &theme->looks[KT_ROLE_NORMAL], false));
			for (size_t k = 0; k < i; k++)
				ck_assert(!is_alike(look, &theme->looks[places[k]], false));
		}
		ck_assert(theme->looks[KT_ROLE_BANNER].attributes & KT_ATTRIBUTE_REVERSE);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("theme");
	TCase *looks = tcase_create("looks");

	tcase_add_test(looks, themes_have_names);
	tcase_add_test(looks, themes_are_complete);
	tcase_add_test(looks, mono_has_no_color);
	tcase_add_test(looks, what_must_differ_differs);
	tcase_add_test(looks, places_differ_without_color);
	suite_add_tcase(suite, looks);
	return suite;
}

KT_UNIT_MAIN
