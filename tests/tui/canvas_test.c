/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cells: what is written stays in its place, and nothing but printable text gets into them. */
#include <limits.h>
#include <string.h>

#include "base/text.h"
#include "tests/random.h"
#include "tests/unit.h"
#include "tui/terminal/canvas.h"
#include "tui/terminal/width.h"

#define REPLACED "\xef\xbf\xbd"
#define KANJI	 "\xe6\xbc\xa2" /* two columns */
#define ACUTE	 "\xcc\x81"	/* combines */

static struct kt_canvas make(unsigned columns, unsigned rows, bool is_ascii)
{
	struct kt_canvas canvas = { .is_ascii = is_ascii };

	KT_OK(kt_canvas_resize(&canvas, columns, rows));
	return canvas;
}

static void expect(const struct kt_canvas *canvas, const char *text)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;

	kt_canvas_dump(canvas, &out);
	ck_assert_str_eq(kt_buf_text(&out), text);
}

/* Check notes down each assertion that holds, which costs too much for millions of them. */
#define MUST(condition)                           \
	do {                                      \
		if (!(condition))                 \
			ck_abort_msg(#condition); \
	} while (0)

/* The columns of a cell's text, which must be what a terminal may be sent. */
static unsigned cell_width(const struct kt_canvas *canvas, const struct kt_cell *cell)
{
	size_t len = strnlen(cell->text, KT_CELL_BYTES);
	unsigned width = 0;

	MUST(len < KT_CELL_BYTES);
	MUST(cell->role < KT_ROLE_COUNT);
	for (size_t at = 0; at < len;) {
		size_t step = kt_text_utf8_length(cell->text + at, len - at);
		MUST(step > 0);
		uint32_t code = (uint8_t)cell->text[at] & (step == 1 ? 0x7f : 0xff >> (step + 1));
		for (size_t i = 1; i < step; i++)
			code = code << 6 | ((uint8_t)cell->text[at + i] & 0x3f);
		int columns = kt_width_of(code);
		MUST(columns >= 0 || !strcmp(cell->text, REPLACED));
		MUST(!canvas->is_ascii || (code >= 0x20 && code < 0x7f));
		/* One character, and then only such as combine. */
		MUST(at ? columns == 0 : columns != 0);
		width += columns < 0 ? 1 : (unsigned)columns;
		at += step;
	}
	return width;
}

static void check_cells(const struct kt_canvas *canvas)
{
	for (unsigned row = 0; row < canvas->rows; row++) {
		unsigned column = 0;
		while (column < canvas->columns) {
			const struct kt_cell *cell = kt_canvas_cell(canvas, row, column);
			unsigned width = cell_width(canvas, cell);
			MUST(width >= 1);
			MUST(width <= canvas->columns - column);
			if (width == 2)
				MUST(!cell[1].text[0]);
			column += width;
		}
	}
}

START_TEST(widths_are_those_of_terminals)
{
	static const struct {
		uint32_t code;
		int width;
	} cases[] = {
		{ 0, -1 },	  { 0x1b, -1 },	      { ' ', 1 },     { '~', 1 },
		{ 0x7f, -1 },	  { 0x9b, -1 },	      { 0xa0, 1 },    { 0xad, -1 },
		{ 0xe9, 1 },	  { 0x301, 0 },	      { 0x1100, 2 },  { 0x115f, 2 },
		{ 0x200b, -1 },	  { 0x200d, 0 },      { 0x202e, -1 }, { 0x2028, -1 },
		{ 0x2588, 1 },	  { 0x28ff, 1 },      { 0x3000, 2 },  { 0x303f, 1 },
		{ 0x6f22, 2 },	  { 0xac00, 2 },      { 0xd800, -1 }, { 0xe000, -1 },
		{ 0xfe0f, 0 },	  { 0xfeff, -1 },     { 0xff01, 2 },  { 0xff61, 1 },
		{ 0xfffe, -1 },	  { 0x1f600, 2 },     { 0x20000, 2 }, { 0xe0001, -1 },
		{ 0x10ffff, -1 }, { UINT32_MAX, -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(kt_width_of(cases[i].code) == cases[i].width, "U+%04X: %d",
			      cases[i].code, kt_width_of(cases[i].code));
}
END_TEST

START_TEST(texts_stay_in_their_place)
{
	kt_autocanvas struct kt_canvas canvas = make(10, 2, false);

	ck_assert_uint_eq(kt_canvas_put(&canvas, 0, 2, 4, KT_ROLE_BAD, "abcdef"), 4);
	ck_assert_uint_eq(kt_canvas_put(&canvas, 1, 8, 9, KT_ROLE_BAD, "xyz"), 2);
	ck_assert_uint_eq(kt_canvas_put(&canvas, 1, 3, UINT_MAX, KT_ROLE_BAD, "ok"), 2);
	ck_assert_uint_eq(kt_canvas_put(&canvas, 0, 0, 0, KT_ROLE_BAD, "no"), 0);
	ck_assert_uint_eq(kt_canvas_put(&canvas, 2, 0, 5, KT_ROLE_BAD, "no"), 0);
	ck_assert_uint_eq(kt_canvas_put(&canvas, 0, 10, 5, KT_ROLE_BAD, "no"), 0);
	ck_assert_uint_eq(kt_canvas_put(&canvas, UINT_MAX, UINT_MAX, UINT_MAX, 0, "no"), 0);
	expect(&canvas, "  abcd\n   ok   xy\n");
	ck_assert_uint_eq(kt_canvas_cell(&canvas, 0, 1)->role, KT_ROLE_NORMAL);
	ck_assert_uint_eq(kt_canvas_cell(&canvas, 0, 5)->role, KT_ROLE_BAD);
	ck_assert_uint_eq(kt_canvas_cell(&canvas, 0, 6)->role, KT_ROLE_NORMAL);
}
END_TEST

START_TEST(wide_characters_are_whole_or_absent)
{
	kt_autocanvas struct kt_canvas canvas = make(6, 1, false);

	ck_assert_uint_eq(kt_canvas_put(&canvas, 0, 0, 5, 0, KANJI KANJI KANJI), 4);
	expect(&canvas, KANJI KANJI "\n");
	ck_assert_uint_eq(kt_canvas_put(&canvas, 0, 5, 5, 0, KANJI), 0);
	check_cells(&canvas);
	/* Whoever loses one half loses both. */
	kt_canvas_put(&canvas, 0, 1, 1, 0, "x");
	expect(&canvas, " x" KANJI "\n");
	check_cells(&canvas);
	kt_canvas_put(&canvas, 0, 2, 1, 0, "y");
	expect(&canvas, " xy\n");
	kt_canvas_put(&canvas, 0, 0, 6, 0, KANJI KANJI KANJI);
	kt_canvas_put(&canvas, 0, 1, 2, 0, KANJI);
	expect(&canvas, " " KANJI " " KANJI "\n");
	check_cells(&canvas);
}
END_TEST

START_TEST(combining_characters_share_a_cell)
{
	kt_autocanvas struct kt_canvas canvas = make(4, 1, false);

	ck_assert_uint_eq(kt_canvas_put(&canvas, 0, 0, 1, 0, "e" ACUTE "x"), 1);
	ck_assert_uint_eq(kt_canvas_put(&canvas, 0, 2, 2, 0, KANJI ACUTE), 2);
	expect(&canvas, "e" ACUTE " " KANJI ACUTE "\n");
	/* Not into what stands before the text, which is somebody else's. */
	ck_assert_uint_eq(kt_canvas_put(&canvas, 0, 1, 1, 0, ACUTE), 0);
	expect(&canvas, "e" ACUTE " " KANJI ACUTE "\n");
	/* As many as there is room for. */
	kt_canvas_clear(&canvas);
	ck_assert_uint_eq(kt_canvas_put(&canvas, 0, 0, 2, 0, "a" ACUTE ACUTE ACUTE ACUTE "b"), 2);
	expect(&canvas, "a" ACUTE ACUTE ACUTE "b\n");
	check_cells(&canvas);
}
END_TEST

START_TEST(the_right_end_is_kept)
{
	kt_autocanvas struct kt_canvas canvas = make(10, 1, false);

	ck_assert_uint_eq(kt_canvas_put_right(&canvas, 0, 2, 4, 0, "7"), 1);
	expect(&canvas, "     7\n");
	ck_assert_uint_eq(kt_canvas_put_right(&canvas, 0, 2, 4, 0, "123456"), 4);
	expect(&canvas, "  3456\n");
	/* A wide one that does not fit leaves a blank on the left. */
	kt_canvas_clear(&canvas);
	ck_assert_uint_eq(kt_canvas_put_right(&canvas, 0, 0, 3, 0, KANJI KANJI), 2);
	expect(&canvas, " " KANJI "\n");
	/* More columns than there are: the right end is the canvas's. */
	kt_canvas_clear(&canvas);
	ck_assert_uint_eq(kt_canvas_put_right(&canvas, 0, 5, 20, 0, "ab"), 2);
	expect(&canvas, "        ab\n");
	kt_canvas_clear(&canvas);
	ck_assert_uint_eq(kt_canvas_put_right(&canvas, 0, 5, UINT_MAX, 0, "abcdefgh"), 5);
	expect(&canvas, "     defgh\n");
	ck_assert_uint_eq(kt_canvas_put_right(&canvas, 0, 10, 3, 0, "ab"), 0);
	ck_assert_uint_eq(kt_canvas_put_right(&canvas, 1, 0, 3, 0, "ab"), 0);
	expect(&canvas, "     defgh\n");
}
END_TEST

START_TEST(no_byte_is_a_control_character)
{
	for (int is_ascii = 0; is_ascii < 2; is_ascii++) {
		for (int byte = 1; byte < 256; byte++) {
			kt_autocanvas struct kt_canvas canvas = make(4, 1, is_ascii);
			const char text[] = { 'a', (char)byte, 'b', 0 };
			bool is_text = byte >= 0x20 && byte < 0x7f;
			ck_assert_uint_eq(kt_canvas_put(&canvas, 0, 0, 4, 0, text), 3);
			check_cells(&canvas);
			const char *middle = kt_canvas_cell(&canvas, 0, 1)->text;
			if (is_text)
				ck_assert(middle[0] == (char)byte && !middle[1]);
			else
				ck_assert_str_eq(middle, is_ascii ? "?" : REPLACED);
			ck_assert_str_eq(kt_canvas_cell(&canvas, 0, 2)->text, "b");
		}
	}
}
END_TEST

START_TEST(no_code_point_breaks_a_row)
{
	kt_autocanvas struct kt_canvas canvas = make(4, 1, false);

	for (uint32_t code = 0x80; code < 0x110000; code++) {
		char text[] = { 0, 0, 0, 0, 'z', 0 };
		char *at = text;
		if (code >= 0x10000) {
			*at++ = (char)(0xf0 | code >> 18);
			*at++ = (char)(0x80 | (code >> 12 & 0x3f));
		} else if (code >= 0x800) {
			*at++ = (char)(0xe0 | code >> 12);
		}
		*at++ = (char)(code >= 0x800 ? 0x80 | (code >> 6 & 0x3f) : 0xc0 | code >> 6);
		*at++ = (char)(0x80 | (code & 0x3f));
		*at++ = 'z';
		*at = '\0';
		kt_canvas_clear(&canvas);
		MUST(kt_canvas_put(&canvas, 0, 0, 4, 0, text) == kt_canvas_width(&canvas, text));
		check_cells(&canvas);
	}
}
END_TEST

/* Texts of bytes that are likely to be parts of something. */
static void random_text(uint64_t *state, char *text, size_t size)
{
	static const char *const parts[] = {
		KANJI, ACUTE, "\x1b[2J",  "\xe6\xbc", "\xf0\x9f\x98\x80",
		"a",   " ",   "\xc2\x9b", "\xff",     "\xed\xa0\x80"
	};
	size_t len = 0;

	text[0] = '\0';
	while (kt_random_next(state) % 12) {
		uint64_t number = kt_random_next(state);
		char byte[2] = { (char)(number >> 8 & 0xff), 0 };
		const char *part =
			number & 1 ? byte : parts[number / 2 % (sizeof(parts) / sizeof(parts[0]))];
		if (len + strlen(part) >= size)
			return;
		strcpy(text + len, part);
		len += strlen(part);
	}
}

START_TEST(random_texts_keep_the_cells_in_order)
{
	uint64_t state = KT_RANDOM_SEED;
	kt_autocanvas struct kt_canvas canvas = KT_CANVAS_INIT;

	for (unsigned round = 0; round < 20000; round++) {
		char text[64];
		if (round % 100 == 0) {
			canvas.is_ascii = kt_random_next(&state) % 4 == 0;
			KT_OK(kt_canvas_resize(&canvas, 1 + kt_random_next(&state) % 12,
					       1 + kt_random_next(&state) % 3));
		}
		random_text(&state, text, sizeof(text));
		unsigned row = kt_random_next(&state) % 4;
		unsigned column = kt_random_next(&state) % 14;
		unsigned width = kt_random_next(&state) % 14;
		enum kt_role role = kt_random_next(&state) % KT_ROLE_COUNT;
		unsigned written =
			round & 1 ? kt_canvas_put(&canvas, row, column, width, role, text)
				  : kt_canvas_put_right(&canvas, row, column, width, role, text);
		MUST(written <= width);
		kt_canvas_paint(&canvas, row, column, width, role);
		check_cells(&canvas);
	}
}
END_TEST

START_TEST(ascii_is_ascii)
{
	kt_autocanvas struct kt_canvas canvas = make(12, 1, true);

	ck_assert_uint_eq(kt_canvas_put(&canvas, 0, 0, 12, 0, "a\xc3\xa9" ACUTE KANJI "b\x1b"), 5);
	expect(&canvas, "a??b?\n");
}
END_TEST

START_TEST(sizes_have_limits)
{
	static const unsigned sizes[][4] = {
		{ 0, 0, 0, 0 },
		{ 1, 1, 1, 1 },
		{ 1, 500, 1, 500 },
		{ 1000, 1, 1000, 1 },
		{ 1000, 500, 1000, 500 },
		{ 4000, 3000, 1000, 500 },
		{ UINT_MAX, UINT_MAX, 1000, 500 },
	};
	kt_autocanvas struct kt_canvas canvas = KT_CANVAS_INIT;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		KT_OK(kt_canvas_resize(&canvas, sizes[i][0], sizes[i][1]));
		ck_assert_uint_eq(canvas.columns, sizes[i][2]);
		ck_assert_uint_eq(canvas.rows, sizes[i][3]);
		unsigned last_row = canvas.rows - 1;
		unsigned last_column = canvas.columns - 1;
		kt_canvas_put(&canvas, last_row, last_column, 9, KT_ROLE_BAD, KANJI);
		kt_canvas_put(&canvas, last_row, last_column, 9, KT_ROLE_BAD, "abc");
		kt_canvas_paint(&canvas, last_row, last_column, 9, KT_ROLE_GOOD);
		check_cells(&canvas);
		if (canvas.rows)
			ck_assert_str_eq(kt_canvas_cell(&canvas, last_row, last_column)->text, "a");
	}
}
END_TEST

START_TEST(long_texts_are_cut)
{
	kt_autocanvas struct kt_canvas canvas = make(1000, 1, false);
	char text[10000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_uint_eq(kt_canvas_printf(&canvas, 0, 0, 1000, 0, "%s", text), 1000);
	ck_assert_uint_eq(kt_canvas_put_right(&canvas, 0, 0, 1000, 0, text), 1000);
	check_cells(&canvas);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("canvas");
	TCase *texts = tcase_create("texts");
	TCase *hostile = tcase_create("hostile");

	tcase_add_test(texts, widths_are_those_of_terminals);
	tcase_add_test(texts, texts_stay_in_their_place);
	tcase_add_test(texts, wide_characters_are_whole_or_absent);
	tcase_add_test(texts, combining_characters_share_a_cell);
	tcase_add_test(texts, the_right_end_is_kept);
	tcase_add_test(texts, ascii_is_ascii);
	tcase_add_test(texts, sizes_have_limits);
	tcase_add_test(texts, long_texts_are_cut);
	suite_add_tcase(suite, texts);
	tcase_add_test(hostile, no_byte_is_a_control_character);
	tcase_add_test(hostile, no_code_point_breaks_a_row);
	tcase_add_test(hostile, random_texts_keep_the_cells_in_order);
	suite_add_tcase(suite, hostile);
	return suite;
}

KT_UNIT_MAIN
