/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/glyphs.h"

#include <string.h>

#include "tests/unit.h"

#define GAP                     \
	(struct kt_graph_value) \
	{                       \
		0, false        \
	}
#define AT(number)              \
	(struct kt_graph_value) \
	{                       \
		(number), true  \
	}

static void line(enum kt_graph_style style, const struct kt_graph_value *values, size_t count,
		 uint64_t max, unsigned columns, const char *expected)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;
	struct kt_glyphs glyphs = kt_glyphs_make(style == KT_GRAPH_ASCII, style);

	kt_graph_line(&glyphs, values, count, max, columns, &out);
	ck_assert_str_eq(kt_buf_text(&out), expected);
}

static void row(enum kt_graph_style style, const struct kt_graph_value *values, size_t count,
		unsigned rows, unsigned row, const char *expected)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;
	struct kt_glyphs glyphs = kt_glyphs_make(style == KT_GRAPH_ASCII, style);

	kt_graph_row(&glyphs, values, count, 0, 4, rows, row, &out);
	ck_assert_str_eq(kt_buf_text(&out), expected);
}

START_TEST(one_value_a_cell)
{
	struct kt_graph_value values[] = { GAP,	  AT(0), AT(1), AT(2), AT(3), AT(4),
					   AT(5), AT(6), AT(7), AT(8), AT(9) };

	line(KT_GRAPH_BLOCK, values, 11, 8, 11, " \u00b7▁▂▃▄▅▆▇██");
	line(KT_GRAPH_ASCII, values, 11, 8, 11, " _.,:-=+*##");
	/* Newest on the right, and blanks where there is nothing yet. */
	line(KT_GRAPH_ASCII, values, 11, 8, 3, "*##");
	line(KT_GRAPH_ASCII, values, 2, 8, 4, "   _");
	line(KT_GRAPH_ASCII, NULL, 0, 0, 3, "   ");
	line(KT_GRAPH_ASCII, values, 11, 8, 0, "");
}
END_TEST

START_TEST(what_is_little_is_not_nothing)
{
	struct kt_graph_value values[] = { AT(1), AT(UINT64_MAX), AT(0), AT(UINT64_MAX / 2) };
	struct kt_graph_value zeros[] = { AT(0), GAP, AT(0) };

	line(KT_GRAPH_ASCII, values, 4, 0, 4, ".#_-");
	line(KT_GRAPH_ASCII, zeros, 3, 0, 3, "_ _");
	/* The scale is that of what is shown: a peak that left does not flatten the rest. */
	line(KT_GRAPH_ASCII, (struct kt_graph_value[]){ AT(1000), AT(1), AT(1) }, 3, 0, 2, "##");
}
END_TEST

START_TEST(two_values_a_cell)
{
	struct kt_graph_value values[] = { GAP, AT(0), AT(1), AT(2), AT(3), AT(3), AT(3) };

	/* A known 0 is one dot, the rest has two to four: U+2880 is the right one alone. */
	line(KT_GRAPH_BRAILLE, values, 2, 3, 1, "\u2880");
	line(KT_GRAPH_BRAILLE, values + 1, 2, 3, 1, "\u28e0");
	line(KT_GRAPH_BRAILLE, values + 3, 2, 3, 1, "\u28fe");
	line(KT_GRAPH_BRAILLE, values + 4, 2, 3, 1, "\u28ff");
	/* An odd number: the newest has the right half. */
	line(KT_GRAPH_BRAILLE, values + 4, 3, 3, 2, "\u28b8\u28ff");
	line(KT_GRAPH_BRAILLE, values, 1, 3, 2, "  ");
}
END_TEST

START_TEST(rows)
{
	struct kt_graph_value values[] = { GAP, AT(0), AT(8), AT(16) };

	row(KT_GRAPH_ASCII, values, 4, 2, 0, "   #");
	row(KT_GRAPH_ASCII, values, 4, 2, 1, " _##");
	row(KT_GRAPH_BLOCK, values, 4, 2, 0, "   █");
	row(KT_GRAPH_BLOCK, values, 4, 2, 1, " \u00b7██");
	row(KT_GRAPH_ASCII, (struct kt_graph_value[]){ AT(24), AT(9), AT(1) }, 3, 3, 0, " #  ");
	row(KT_GRAPH_ASCII, (struct kt_graph_value[]){ AT(24), AT(9), AT(1) }, 3, 3, 1, " #. ");
	row(KT_GRAPH_ASCII, (struct kt_graph_value[]){ AT(24), AT(9), AT(1) }, 3, 3, 2, " ##.");
	row(KT_GRAPH_BRAILLE, (struct kt_graph_value[]){ AT(0), AT(7) }, 2, 2, 0, "   \u28b8");
	row(KT_GRAPH_BRAILLE, (struct kt_graph_value[]){ AT(0), AT(7) }, 2, 2, 1, "   \u28f8");
}
END_TEST

START_TEST(every_glyph_is_there)
{
	for (int ascii = 0; ascii < 2; ascii++) {
		struct kt_glyphs glyphs = kt_glyphs_make(ascii, KT_GRAPH_BRAILLE);
		const char *const *all = &glyphs.pass;
		size_t count = (const char *const *)(&glyphs.vertical + 1) - all;

		ck_assert_uint_eq(count, 16);
		ck_assert_int_eq(glyphs.graph, ascii ? KT_GRAPH_ASCII : KT_GRAPH_BRAILLE);
		for (size_t i = 0; i < count; i++) {
			ck_assert_ptr_nonnull(all[i]);
			if (ascii) {
				ck_assert_uint_eq(strlen(all[i]), 1);
				ck_assert(all[i][0] > ' ' && all[i][0] < 127);
			}
		}
		/* The verdicts differ without colour. */
		for (size_t i = 0; i < 6; i++) {
			for (size_t j = 0; j < i; j++)
				ck_assert_str_ne(all[i], all[j]);
		}
	}
}
END_TEST

START_TEST(styles)
{
	enum kt_graph_style style = KT_GRAPH_BLOCK;

	for (unsigned i = 0; i < KT_GRAPH_STYLE_COUNT; i++) {
		ck_assert(kt_graph_style_find(kt_graph_style_word((enum kt_graph_style)i), &style));
		ck_assert_uint_eq(style, i);
	}
	ck_assert(!kt_graph_style_find("dots", &style));
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("glyphs");
	TCase *tcase = tcase_create("glyphs");

	tcase_add_test(tcase, one_value_a_cell);
	tcase_add_test(tcase, what_is_little_is_not_nothing);
	tcase_add_test(tcase, two_values_a_cell);
	tcase_add_test(tcase, rows);
	tcase_add_test(tcase, every_glyph_is_there);
	tcase_add_test(tcase, styles);
	suite_add_tcase(suite, tcase);
	return suite;
}

KT_UNIT_MAIN
