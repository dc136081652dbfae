/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/list.h"

#include <string.h>

struct kt_error *kt_list_init(struct kt_list *list, const struct kt_view *view)
{
	*list = (struct kt_list){ .height = 1 };
	KT_TRY(view->create(&list->rows));
	list->view = view;
	return NULL;
}

void kt_list_deinit(struct kt_list *list)
{
	if (list->view)
		list->view->destroy(list->rows);
	kt_buf_deinit(&list->filter);
	kt_buf_deinit(&list->search);
	*list = (struct kt_list){ 0 };
}

bool kt_list_contains(const char *text, const char *part)
{
	return strcasestr(text, part);
}

/* Puts the window where the cursor can be seen, and does not leave it half empty. */
static void scroll(struct kt_list *list, size_t count)
{
	size_t last_top = count > list->height ? count - list->height : 0;

	if (list->cursor < list->top)
		list->top = list->cursor;
	if (list->cursor >= list->top + list->height)
		list->top = list->cursor - list->height + 1;
	if (list->top > last_top)
		list->top = last_top;
}

/* The place of the row with the identity, looked for at its last place first. */
static bool find_identity(const struct kt_list *list, size_t count, size_t *ret)
{
	if (list->cursor < count &&
	    list->view->identity(list->rows, list->cursor) == list->identity) {
		*ret = list->cursor;
		return true;
	}
	for (size_t i = 0; i < count; i++)
		if (list->view->identity(list->rows, i) == list->identity) {
			*ret = i;
			return true;
		}
	return false;
}

static void put_cursor(struct kt_list *list)
{
	size_t count = list->view->count(list->rows);

	if (!list->identity) {
		list->cursor = 0;
	} else if (count && !find_identity(list, count, &list->cursor)) {
		if (list->cursor >= count)
			list->cursor = count - 1;
		list->identity = list->view->identity(list->rows, list->cursor);
	}
	if (!count)
		list->cursor = 0; /* the identity is kept: the row may come back */
	scroll(list, count);
}

struct kt_error *kt_list_update(struct kt_list *list, struct kt_look_at *look)
{
	look->filter = kt_buf_text(&list->filter);
	look->search = kt_buf_text(&list->search);
	look->is_order_frozen = list->frozen_ns != 0;
	KT_TRY(list->view->update(list->rows, look));
	put_cursor(list);
	return NULL;
}

void kt_list_set_height(struct kt_list *list, unsigned height)
{
	list->height = height ? height : 1;
	scroll(list, list->view->count(list->rows));
}

bool kt_list_select(struct kt_list *list, size_t place)
{
	size_t count = list->view->count(list->rows);

	if (place >= count)
		return false;
	bool was_there = list->identity && list->cursor == place;
	list->cursor = place;
	list->identity = list->view->identity(list->rows, place);
	list->frozen_ns = KT_LIST_FREEZE_NS;
	scroll(list, count);
	return was_there;
}

/* @place, moved by @lines, within @count. */
static size_t moved(size_t place, long lines, size_t count)
{
	size_t distance = lines < 0 ? (size_t)-lines : (size_t)lines;

	if (!count)
		return 0;
	if (lines < 0)
		return distance > place ? 0 : place - distance;
	return distance > count - 1 - place ? count - 1 : place + distance;
}

static unsigned last_page_scroll(const struct kt_list *list)
{
	return list->page_lines > list->height ? list->page_lines - list->height : 0;
}

void kt_list_move(struct kt_list *list, long lines)
{
	if (list->page) {
		unsigned last = last_page_scroll(list);

		if (list->page_scroll > last)
			list->page_scroll = last;
		list->page_scroll = (unsigned)moved(list->page_scroll, lines, (size_t)last + 1);
		return;
	}
	size_t count = list->view->count(list->rows);
	if (count)
		(void)kt_list_select(list, moved(list->cursor, lines, count));
}

void kt_list_move_screens(struct kt_list *list, int screens)
{
	kt_list_move(list, (long)screens * (list->height > 1 ? (long)list->height - 1 : 1));
}

void kt_list_first(struct kt_list *list)
{
	if (list->page) {
		list->page_scroll = 0;
		return;
	}
	list->identity = 0;
	list->frozen_ns = 0;
	put_cursor(list);
}

void kt_list_last(struct kt_list *list)
{
	if (list->page)
		list->page_scroll = last_page_scroll(list);
	else
		(void)kt_list_select(list, list->view->count(list->rows) - 1);
}

bool kt_list_open(struct kt_list *list)
{
	if (list->page || !list->view->count(list->rows))
		return false;
	list->page = list->view->identity(list->rows, list->cursor);
	list->identity = list->page;
	list->page_scroll = 0;
	list->page_lines = 0;
	return true;
}

static bool row_contains(const struct kt_list *list, size_t row, struct kt_buf *text)
{
	kt_buf_reset(text);
	list->view->text(list->rows, row, text);
	return kt_list_contains(kt_buf_text(text), kt_buf_text(&list->search));
}

bool kt_list_find(struct kt_list *list, int direction, unsigned from)
{
	size_t count = list->view->count(list->rows);
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (!list->search.len)
		return false;
	for (size_t i = from; i < count + from; i++) {
		size_t row = (list->cursor + (direction > 0 ? i : count - i % count)) % count;

		if (row_contains(list, row, &text)) {
			(void)kt_list_select(list, row);
			return true;
		}
	}
	return false;
}

bool kt_list_tick(struct kt_list *list, uint64_t elapsed_ns)
{
	if (!list->frozen_ns)
		return false;
	list->frozen_ns = elapsed_ns < list->frozen_ns ? list->frozen_ns - elapsed_ns : 0;
	return !list->frozen_ns;
}
