/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tests/unit.h"
#include "tui/theme.h"

START_TEST(find)
{
	ck_assert_ptr_eq(kt_theme_find("default"), &kt_themes[0]);
	ck_assert_ptr_nonnull(kt_theme_find("light"));
	ck_assert_ptr_nonnull(kt_theme_find("high-contrast"));
	ck_assert(kt_theme_find("mono")->is_mono);
	ck_assert_ptr_null(kt_theme_find("Mono"));
	ck_assert_ptr_null(kt_theme_find(""));
}
END_TEST

START_TEST(eight_colors)
{
	for (const struct kt_theme *theme = kt_themes; theme->name; theme++) {
		for (unsigned role = 0; role < KT_ROLE_COUNT; role++) {
			const struct kt_look *look = &theme->looks[role];
			ck_assert_int_ge(look->foreground, -1);
			ck_assert_int_le(look->foreground, 7);
			ck_assert_int_ge(look->background, -1);
			ck_assert_int_le(look->background, 7);
			if (theme->is_mono) {
				ck_assert_int_eq(look->foreground, -1);
				ck_assert_int_eq(look->background, -1);
			}
			/* Text of its background's colour is no text. */
			ck_assert(look->foreground < 0 || look->foreground != look->background);
		}
	}
}
END_TEST

/* Pairs of which a frame may show one where the other could be: without any colour. */
START_TEST(attributes_tell_apart)
{
	static const enum kt_role pairs[][2] = {
		{ KT_ROLE_NORMAL, KT_ROLE_SELECTED }, { KT_ROLE_NORMAL, KT_ROLE_BANNER },
		{ KT_ROLE_NORMAL, KT_ROLE_HEADING },  { KT_ROLE_NORMAL, KT_ROLE_TITLE },
		{ KT_ROLE_NORMAL, KT_ROLE_MATCH },    { KT_ROLE_NORMAL, KT_ROLE_BAD },
		{ KT_ROLE_NORMAL, KT_ROLE_WARNING },  { KT_ROLE_HEADING, KT_ROLE_SORTED },
		{ KT_ROLE_SELECTED, KT_ROLE_MATCH },  { KT_ROLE_NORMAL, KT_ROLE_KEY },
		{ KT_ROLE_SELECTED, KT_ROLE_BANNER },
	};

	for (const struct kt_theme *theme = kt_themes; theme->name; theme++) {
		for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
			const struct kt_look *one = &theme->looks[pairs[i][0]];
			const struct kt_look *other = &theme->looks[pairs[i][1]];
			bool differ = one->attributes != other->attributes ||
				      (!theme->is_mono && one->background != other->background);
			ck_assert_msg(differ, "%s: roles %d and %d look alike", theme->name,
				      pairs[i][0], pairs[i][1]);
		}
		ck_assert(theme->looks[KT_ROLE_BANNER].attributes & KT_ATTRIBUTE_REVERSE);
	}
}
END_TEST

/* With colours, what went well and what did not differ in them too. */
START_TEST(colors_tell_apart)
{
	static const enum kt_role roles[] = { KT_ROLE_GOOD, KT_ROLE_ACTIVE, KT_ROLE_WARNING,
					      KT_ROLE_BAD, KT_ROLE_UNKNOWN };

	for (const struct kt_theme *theme = kt_themes; theme->name; theme++)
		for (size_t i = 0; i < 5 && !theme->is_mono; i++)
			for (size_t k = i + 1; k < 5; k++)
				ck_assert_msg(memcmp(&theme->looks[roles[i]],
						     &theme->looks[roles[k]],
						     sizeof(struct kt_look)) != 0,
					      "%s: roles %d and %d look alike", theme->name,
					      roles[i], roles[k]);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("theme");
	TCase *tc = tcase_create("theme");

	tcase_add_test(tc, find);
	tcase_add_test(tc, eight_colors);
	tcase_add_test(tc, attributes_tell_apart);
	tcase_add_test(tc, colors_tell_apart);
	suite_add_tcase(s, tc);
	return s;
}

KT_UNIT_MAIN
