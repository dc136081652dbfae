/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <locale.h>
#include <stdbool.h>
#include <string.h>

#include "tests/random.h"
#include "tests/unit.h"
#include "tui/canvas.h"
#include "tui/width.h"

static void make(struct kt_canvas *canvas, unsigned columns, unsigned rows)
{
	*canvas = KT_CANVAS_INIT;
	KT_OK(kt_canvas_resize(canvas, columns, rows));
}

static void check_dump(const struct kt_canvas *canvas, const char *expected)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;

	kt_canvas_dump(canvas, &out);
	ck_assert_str_eq(kt_buf_text(&out), expected);
}

START_TEST(widths)
{
	static const struct {
		uint32_t code;
		int width;
	} cases[] = {
		{ 'a', 1 },	{ 0x1b, -1 },	{ 0, -1 },	  { 0x7f, -1 },	    { 0x9b, -1 },
		{ 0xe9, 1 },	{ 0x301, 0 },	{ 0x4e2d, 2 },	  { 0xac00, 2 },    { 0xff21, 2 },
		{ 0x1f600, 2 }, { 0x2588, 1 },	{ 0x28ff, 1 },	  { 0x202e, -1 },   { 0x200b, -1 },
		{ 0xd800, -1 }, { 0xfeff, -1 }, { 0x110000, -1 }, { 0x2502, 1 },    { 0xfffd, 1 },
		{ 0x200d, 0 },	{ 0xfe0f, 0 },	{ 0xe000, -1 },	  { 0x10ffff, -1 }, { 0x20000, 2 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(kt_width_of(cases[i].code) == cases[i].width, "U+%04X has width %d",
			      cases[i].code, kt_width_of(cases[i].code));
	/* No locale has a say. */
	ck_assert_ptr_nonnull(setlocale(LC_ALL, "C"));
	ck_assert_int_eq(kt_width_of(0x4e2d), 2);
}
END_TEST

START_TEST(puts_inside_only)
{
	kt_autocanvas struct kt_canvas canvas = KT_CANVAS_INIT;

	make(&canvas, 8, 2);
	ck_assert_uint_eq(kt_canvas_put(&canvas, 0, 2, 3, KT_ROLE_GOOD, "abcdef"), 3);
	ck_assert_uint_eq(kt_canvas_put(&canvas, 1, 6, 100, KT_ROLE_GOOD, "xyz"), 2);
	ck_assert_uint_eq(kt_canvas_put(&canvas, 2, 0, 9, KT_ROLE_GOOD, "no"), 0);
	ck_assert_uint_eq(kt_canvas_put(&canvas, 0, 8, 9, KT_ROLE_GOOD, "no"), 0);
	check_dump(&canvas, "  abc\n      xy\n");
	ck_assert_uint_eq(kt_canvas_cell(&canvas, 0, 2)->role, KT_ROLE_GOOD);
	ck_assert_uint_eq(kt_canvas_cell(&canvas, 0, 5)->role, KT_ROLE_NORMAL);
	kt_canvas_paint(&canvas, 0, 5, 100, KT_ROLE_SELECTED);
	ck_assert_uint_eq(kt_canvas_cell(&canvas, 0, 7)->role, KT_ROLE_SELECTED);
	kt_canvas_clear(&canvas);
	check_dump(&canvas, "\n\n");
}
END_TEST

START_TEST(right_end)
{
	kt_autocanvas struct kt_canvas canvas = KT_CANVAS_INIT;

	make(&canvas, 10, 4);
	ck_assert_uint_eq(kt_canvas_put_right(&canvas, 0, 1, 6, KT_ROLE_NORMAL, "42"), 2);
	ck_assert_uint_eq(kt_canvas_put_right(&canvas, 1, 1, 4, KT_ROLE_NORMAL, "123456"), 4);
	ck_assert_uint_eq(kt_canvas_printf(&canvas, 2, 0, 9, KT_ROLE_NORMAL, "%d/%s", 7, "x"), 3);
	/* Half of the wide one does not fit: a blank stays. */
	ck_assert_uint_eq(kt_canvas_put_right(&canvas, 3, 0, 2, KT_ROLE_NORMAL, "\u4e2dz"), 1);
	check_dump(&canvas, "     42\n 3456\n7/x\n z\n");
}
END_TEST

START_TEST(wide_and_combining)
{
	kt_autocanvas struct kt_canvas canvas = KT_CANVAS_INIT;

	make(&canvas, 6, 4);
	ck_assert_uint_eq(kt_canvas_put(&canvas, 0, 0, 3, KT_ROLE_NORMAL, "\u4e2d\u56fd"), 2);
	ck_assert_str_eq(kt_canvas_cell(&canvas, 0, 1)->text, "");
	/* Writing over half of it makes the other half blank. */
	(void)kt_canvas_put(&canvas, 1, 0, 6, KT_ROLE_NORMAL, "\u4e2d\u56fd");
	(void)kt_canvas_put(&canvas, 1, 1, 1, KT_ROLE_NORMAL, "x");
	(void)kt_canvas_put(&canvas, 1, 2, 1, KT_ROLE_NORMAL, "y");
	ck_assert_uint_eq(kt_canvas_put(&canvas, 2, 0, 6, KT_ROLE_NORMAL, "e\u0301f"), 2);
	/* What combines with nothing, or has no room, is left out. */
	ck_assert_uint_eq(kt_canvas_put(&canvas, 3, 0, 6, KT_ROLE_NORMAL,
					"\u0301a\u0301\u0301\u0301\u0301\u0301"),
			  1);
	ck_assert_uint_lt(strlen(kt_canvas_cell(&canvas, 3, 0)->text), KT_CELL_BYTES);
	check_dump(&canvas, "\u4e2d\n xy\ne\u0301f\na\u0301\u0301\u0301\n");
	ck_assert_uint_eq(kt_canvas_width(&canvas, "e\u0301\u4e2d"), 3);
}
END_TEST

START_TEST(hostile_bytes)
{
	kt_autocanvas struct kt_canvas canvas = KT_CANVAS_INIT;

	make(&canvas, 20, 1);
	(void)kt_canvas_put(&canvas, 0, 0, 20, KT_ROLE_NORMAL,
			    "\033[2J\xff\xc3(\u202e.\xed\xa0\x80");
	check_dump(&canvas, "\ufffd[2J\ufffd\ufffd(\ufffd.\ufffd\ufffd\ufffd\n");
	kt_canvas_clear(&canvas);
	canvas.is_ascii = true;
	(void)kt_canvas_put(&canvas, 0, 0, 20, KT_ROLE_NORMAL, "\033a\u00e9e\u0301\u4e2d|\xff~");
	check_dump(&canvas, "?a?e?|?~\n");
	ck_assert_uint_eq(kt_canvas_width(&canvas, "e\u0301\u4e2d"), 2);
}
END_TEST

/* Of a cell: its text ends, has the width of its place, and no control. */
static bool is_sound(const struct kt_canvas *canvas, const struct kt_cell *cell, bool is_first,
		     bool is_last)
{
	if (!memchr(cell->text, 0, KT_CELL_BYTES) || cell->role >= KT_ROLE_COUNT)
		return false;
	for (const char *at = cell->text; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return false;
	if (!cell->text[0])
		return !is_first && kt_canvas_width(canvas, cell[-1].text) == 2;
	bool is_wide = !is_last && !cell[1].text[0];
	return kt_canvas_width(canvas, cell->text) == (is_wide ? 2 : 1);
}

static bool are_cells_sound(const struct kt_canvas *canvas)
{
	for (unsigned row = 0; row < canvas->rows; row++)
		for (unsigned column = 0; column < canvas->columns; column++)
			if (!is_sound(canvas, kt_canvas_cell(canvas, row, column), !column,
				      column + 1 == canvas->columns))
				return false;
	return true;
}

START_TEST(random_writes)
{
	static const char *const pieces[] = { "\u4e2d", "a",	    "\u0301",	  "\xff", "\033",
					      "\u2588", "\xe4\xb8", "\U0001f600", " " };
	kt_autocanvas struct kt_canvas canvas = KT_CANVAS_INIT;
	uint64_t state = KT_RANDOM_SEED;

	make(&canvas, 13, 3);
	for (unsigned i = 0; i < 20000; i++) {
		char text[128] = "";
		for (unsigned n = (unsigned)(kt_random_next(&state) % 12); n; n--)
			strcat(text, pieces[(kt_random_next(&state) % 9)]);
		unsigned row = (unsigned)(kt_random_next(&state) % 4);
		unsigned column = (unsigned)(kt_random_next(&state) % 15);
		unsigned width = (unsigned)(kt_random_next(&state) % 15);
		unsigned used = kt_canvas_put(&canvas, row, column, width, KT_ROLE_BAD, text);
		ck_assert_uint_le(used, width);
		if (width < 13 && column < 13)
			(void)kt_canvas_put_right(&canvas, row, column, width, KT_ROLE_DIM, text);
		ck_assert_msg(are_cells_sound(&canvas), "after step %u", i);
	}
}
END_TEST

START_TEST(sizes)
{
	kt_autocanvas struct kt_canvas canvas = KT_CANVAS_INIT;

	make(&canvas, 100000, 100000);
	ck_assert_uint_eq(canvas.columns, KT_CANVAS_MAX_COLUMNS);
	ck_assert_uint_eq(canvas.rows, KT_CANVAS_MAX_ROWS);
	KT_OK(kt_canvas_resize(&canvas, 0, 0));
	ck_assert_uint_eq(kt_canvas_put(&canvas, 0, 0, 5, KT_ROLE_NORMAL, "x"), 0);
	check_dump(&canvas, "");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("canvas");
	TCase *tc = tcase_create("canvas");

	tcase_add_test(tc, widths);
	tcase_add_test(tc, puts_inside_only);
	tcase_add_test(tc, right_end);
	tcase_add_test(tc, wide_and_combining);
	tcase_add_test(tc, hostile_bytes);
	tcase_add_test(tc, random_writes);
	tcase_add_test(tc, sizes);
	suite_add_tcase(s, tc);
	return s;
}

KT_UNIT_MAIN
