/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/columns.h"

#include <string.h>
#include <strings.h>

static const char separators[] = ", ";

const struct kt_column *kt_column_find(const char *word, size_t len)
{
	for (const struct kt_column *column = kt_columns; column->word; column++) {
		bool is_word = strlen(column->word) == len && !strncasecmp(column->word, word, len);
		bool is_heading = strlen(column->heading) == len &&
				  !strncasecmp(column->heading, word, len);

		if (is_word || is_heading)
			return column;
	}
	return NULL;
}

static bool has_column(const struct kt_column_choice *choice, const struct kt_column *column)
{
	for (size_t i = 0; i < choice->count; i++)
		if (choice->columns[i] == column)
			return true;
	return false;
}

static void choose_all(struct kt_column_choice *ret)
{
	ret->count = 0;
	ret->is_default = true;
	for (const struct kt_column *column = kt_columns; column->word; column++)
		ret->columns[ret->count++] = column;
}

static struct kt_error *refuse(const char *why, const char *word, size_t len)
{
	struct kt_column_choice all;
	kt_autobuf struct kt_buf words = KT_BUF_INIT;

	choose_all(&all);
	kt_columns_words(&all, &words);
	return kt_error_create(KT_ERROR_USAGE, 0, "%s '%.*s'; the columns are %s", why,
			       (int)(len > 64 ? 64 : len), word, kt_buf_text(&words));
}

struct kt_error *kt_columns_parse(const char *words, struct kt_column_choice *ret)
{
	struct kt_column_choice choice = { 0 };

	if (!words)
		words = "";
	for (words += strspn(words, separators); *words; words += strspn(words, separators)) {
		size_t len = strcspn(words, separators);
		const struct kt_column *column = kt_column_find(words, len);

		if (!column)
			return refuse("there is no column", words, len);
		if (has_column(&choice, column))
			return refuse("twice the column", words, len);
		choice.columns[choice.count++] = column;
		words += len;
	}
	if (!choice.count)
		choose_all(&choice);
	*ret = choice;
	return NULL;
}

void kt_columns_words(const struct kt_column_choice *choice, struct kt_buf *out)
{
	for (size_t i = 0; i < choice->count; i++)
		kt_buf_printf(out, "%s%s", i ? "," : "", choice->columns[i]->word);
}

static unsigned width_of(const struct kt_column *column, const struct kt_units *units)
{
	return units->style == KT_UNITS_BYTES && column->bytes_width ? column->bytes_width
								     : column->width;
}

static unsigned total_width(const struct kt_column_layout *layout)
{
	unsigned total = layout->count ? (unsigned)layout->count - 1 : 0;

	for (size_t i = 0; i < layout->count; i++)
		total += layout->widths[i];
	return total;
}

static void leave_out(struct kt_column_layout *layout, size_t at)
{
	layout->count--;
	for (size_t i = at; i < layout->count; i++) {
		layout->columns[i] = layout->columns[i + 1];
		layout->widths[i] = layout->widths[i + 1];
	}
}

/* The one that is missed least. */
static size_t least_important(const struct kt_column_layout *layout)
{
	size_t least = 0;

	for (size_t i = 1; i < layout->count; i++)
		if (layout->columns[i]->priority >= layout->columns[least]->priority)
			least = i;
	return least;
}

static void widen(struct kt_column_layout *layout, unsigned left)
{
	for (size_t i = 0; i < layout->count && left; i++) {
		unsigned most = layout->columns[i]->most_width;
		unsigned more = most > layout->widths[i] ? most - layout->widths[i] : 0;

		if (more > left)
			more = left;
		layout->widths[i] += more;
		left -= more;
	}
}

static bool is_needed(const struct kt_column_choice *choice, const struct kt_column *column,
		      const struct kt_column_needs *needs)
{
	if (!strcmp(column->word, "guest"))
		return needs->has_guests;
	return !column->is_extra || needs->has_extras || !choice->is_default;
}

void kt_columns_layout(const struct kt_column_choice *choice, const struct kt_units *units,
		       const struct kt_column_needs *needs, unsigned width,
		       struct kt_column_layout *ret)
{
	ret->count = 0;
	for (size_t i = 0; i < choice->count; i++) {
		const struct kt_column *column = choice->columns[i];

		if (!is_needed(choice, column, needs))
			continue;
		ret->widths[ret->count] = width_of(column, units);
		ret->columns[ret->count++] = column;
	}
	if (!ret->count) {
		ret->widths[0] = width_of(choice->columns[0], units);
		ret->columns[ret->count++] = choice->columns[0];
	}
	while (ret->count > 1 && total_width(ret) > width)
		leave_out(ret, least_important(ret));
	if (ret->count == 1 && ret->widths[0] > width)
		ret->widths[0] = width;
	if (total_width(ret) < width)
		widen(ret, width - total_width(ret));
	for (size_t i = 0, offset = 0; i < ret->count; i++) {
		ret->offsets[i] = (unsigned)offset;
		offset += ret->widths[i] + 1;
	}
}

int kt_column_compare(const struct kt_column_value *left, const struct kt_column_value *right,
		      bool is_descending)
{
	int order;

	if (left->is_known != right->is_known)
		return left->is_known ? -1 : 1;
	if (!left->is_known)
		return 0;
	if (left->text && right->text) {
		order = strcmp(left->text, right->text);
	} else if (left->is_negative != right->is_negative) {
		order = left->is_negative ? -1 : 1;
	} else {
		order = left->magnitude < right->magnitude ? -1
							   : left->magnitude > right->magnitude;
		if (left->is_negative)
			order = -order;
	}
	return is_descending ? -order : order;
}
