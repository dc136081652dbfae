/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <string.h>

#include "tui/views/columns.h"

enum {
	MAX_WIDTH = 600,
};

static struct kt_column_choice parse(const char *words)
{
	struct kt_column_choice choice = { 0 };

	KT_OK(kt_columns_parse(words, &choice));
	return choice;
}

static void check_words(const char *words, const char *expected)
{
	struct kt_column_choice choice = parse(words);
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_columns_words(&choice, &text);
	ck_assert_str_eq(kt_buf_text(&text), expected);
}

START_TEST(words_choose_columns_in_their_order)
{
	check_words("tid,name", "tid,name");
	check_words(" name , tid ", "name,tid");
	check_words("ALLOC/s flow/S", "alloc-rate,flow-rate");
	ck_assert_uint_eq(parse("").count, parse(NULL).count);
	ck_assert_uint_eq(parse(",, ,").count, parse(NULL).count);
	ck_assert_uint_eq(parse("graph").count, 1);
}
END_TEST

START_TEST(what_is_no_column_is_refused_with_the_list)
{
	struct kt_column_choice choice = parse("tid");

	KT_FAILS(kt_columns_parse("tid,usage", &choice), KT_ERROR_USAGE,
		 "there is no column 'usage'; the columns are guest,tid,name,alloc,freed,");
	KT_FAILS(kt_columns_parse("tid,name,tid", &choice), KT_ERROR_USAGE,
		 "twice the column 'tid'");
	ck_assert_uint_eq(choice.count, 1);
}
END_TEST

START_TEST(headings_say_flow_and_never_usage)
{
	size_t flow_count = 0;

	for (const struct kt_column *column = kt_columns; column->word; column++) {
		ck_assert_ptr_null(strstr(column->heading, "US"));
		flow_count += strstr(column->heading, "FLOW") != NULL;
		ck_assert_uint_gt(strlen(column->help), 10);
		/* With the sign of the order behind it. */
		if (column->value)
			ck_assert_uint_ge(column->width, strlen(column->heading) + 1);
	}
	ck_assert_uint_eq(flow_count, 2);
}
END_TEST

static void check_layout(const struct kt_column_choice *choice, enum kt_unit_style style,
			 bool has_guests, unsigned width)
{
	struct kt_units units = { .style = style };
	struct kt_column_needs needs = { .has_guests = has_guests, .has_extras = !has_guests };
	struct kt_column_layout layout;
	unsigned end = 0;

	kt_columns_layout(choice, &units, &needs, width, &layout);
	ck_assert_uint_ge(layout.count, 1);
	for (size_t i = 0; i < layout.count; i++) {
		ck_assert_uint_eq(layout.offsets[i], i ? end + 1 : 0);
		end = layout.offsets[i] + layout.widths[i];
		if (layout.count > 1)
			ck_assert_uint_ge(layout.widths[i], layout.columns[i]->width);
		if (style == KT_UNITS_BYTES && layout.count > 1)
			ck_assert_uint_ge(layout.widths[i], layout.columns[i]->bytes_width);
	}
	ck_assert_uint_le(end, width);
}

START_TEST(columns_fit_into_any_width)
{
	static const char *const choices[] = { "", "tid", "name", "guest,flow,graph",
					       "state,flow-rate" };

	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		struct kt_column_choice choice = parse(choices[i]);

		for (unsigned width = 0; width < MAX_WIDTH; width++)
			for (int style = 0; style < KT_UNIT_STYLE_COUNT; style++) {
				check_layout(&choice, style, true, width);
				check_layout(&choice, style, false, width);
			}
	}
}
END_TEST

static bool is_shown(const struct kt_column_layout *layout, const char *word)
{
	for (size_t i = 0; i < layout->count; i++)
		if (!strcmp(layout->columns[i]->word, word))
			return true;
	return false;
}

START_TEST(what_matters_least_goes_first)
{
	struct kt_column_choice choice = parse("");
	struct kt_column_needs all = { .has_guests = true, .has_extras = true };
	struct kt_column_needs few = { 0 };
	struct kt_units units = { 0 };
	struct kt_column_layout layout;

	kt_columns_layout(&choice, &units, &all, 300, &layout);
	ck_assert_uint_eq(layout.count, choice.count);
	kt_columns_layout(&choice, &units, &few, 78, &layout);
	ck_assert(is_shown(&layout, "flow"));
	ck_assert(is_shown(&layout, "state"));
	ck_assert(!is_shown(&layout, "switch"));
	ck_assert(!is_shown(&layout, "guest"));
	kt_columns_layout(&choice, &units, &few, 18, &layout);
	ck_assert_uint_eq(layout.count, 2);
	ck_assert(is_shown(&layout, "tid") && is_shown(&layout, "name"));
	kt_columns_layout(&choice, &units, &few, 8, &layout);
	ck_assert_uint_eq(layout.count, 1);
	ck_assert(is_shown(&layout, "name"));

	/* What no probe told is left out, but for who asks for it. */
	kt_columns_layout(&choice, &units, &few, 300, &layout);
	ck_assert(!is_shown(&layout, "cpu"));
	choice = parse("cpu,tid");
	kt_columns_layout(&choice, &units, &few, 300, &layout);
	ck_assert(is_shown(&layout, "cpu"));
}
END_TEST

static struct kt_column_value number(int64_t value)
{
	return (struct kt_column_value){
		.is_known = true,
		.is_negative = value < 0,
		.magnitude = value < 0 ? (uint64_t)-value : (uint64_t)value,
	};
}

START_TEST(values_compare_with_their_sign_and_unknown_ones_come_last)
{
	static const int64_t values[] = { INT64_MIN + 1, -5, -4, 0, 3, INT64_MAX };
	struct kt_column_value unknown = { 0 };
	struct kt_column_value most = { .is_known = true, .magnitude = UINT64_MAX };

	for (int i = 0; i < 6; i++)
		for (int j = 0; j < 6; j++) {
			struct kt_column_value left = number(values[i]);
			struct kt_column_value right = number(values[j]);
			int order = kt_column_compare(&left, &right, false);

			ck_assert_int_eq(order < 0, i < j);
			ck_assert_int_eq(order > 0, i > j);
			ck_assert_int_eq(kt_column_compare(&left, &right, true), -order);
			ck_assert_int_lt(kt_column_compare(&left, &unknown, false), 0);
			ck_assert_int_lt(kt_column_compare(&left, &unknown, true), 0);
			ck_assert_int_gt(kt_column_compare(&unknown, &left, true), 0);
			ck_assert_int_lt(kt_column_compare(&left, &most, false), 0);
		}
	ck_assert_int_eq(kt_column_compare(&unknown, &unknown, false), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("columns");
	TCase *tcase = tcase_create("all");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, words_choose_columns_in_their_order);
	tcase_add_test(tcase, what_is_no_column_is_refused_with_the_list);
	tcase_add_test(tcase, headings_say_flow_and_never_usage);
	tcase_add_test(tcase, columns_fit_into_any_width);
	tcase_add_test(tcase, what_matters_least_goes_first);
	tcase_add_test(tcase, values_compare_with_their_sign_and_unknown_ones_come_last);
	return suite;
}

KT_UNIT_MAIN
