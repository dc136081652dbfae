/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/order.h"

#include <stdlib.h>
#include <string.h>

#include "tui/list.h"

void kt_order_deinit(struct kt_order *order)
{
	free(order->places);
	kt_buf_deinit(&order->filter);
	*order = (struct kt_order){ 0 };
}

bool kt_order_is_current(struct kt_order *order, const struct kt_look_at *look)
{
	const struct kt_run *run = look->input->run;
	bool is_current = order->run == run && order->event_count == run->event_count &&
			  order->moment_ns == look->moment_ns &&
			  order->was_frozen == look->is_order_frozen &&
			  strcmp(kt_buf_text(&order->filter), look->filter) == 0;

	order->run = run;
	order->event_count = run->event_count;
	order->moment_ns = look->moment_ns;
	order->was_frozen = look->is_order_frozen;
	kt_buf_reset(&order->filter);
	kt_buf_puts(&order->filter, look->filter);
	return is_current;
}

static int by_identity(const void *left, const void *right)
{
	const struct kt_row_head *a = left;
	const struct kt_row_head *b = right;

	return (a->identity > b->identity) - (a->identity < b->identity);
}

static int by_rank(const void *left, const void *right)
{
	const struct kt_row_head *a = left;
	const struct kt_row_head *b = right;

	if (a->rank != b->rank)
		return a->rank > b->rank ? 1 : -1;
	return by_identity(left, right);
}

static struct kt_row_head *head_of(void *rows, size_t row, size_t row_size)
{
	return (struct kt_row_head *)((char *)rows + row * row_size);
}

static void rank_as_before(const struct kt_order *order, void *rows, size_t count, size_t row_size)
{
	for (size_t i = 0; i < count; i++) {
		struct kt_row_head *head = head_of(rows, i, row_size);
		const struct kt_row_head *place = NULL;

		if (order->count)
			place = bsearch(head, order->places, order->count, sizeof(*place),
					by_identity);
		head->rank = place ? place->rank : UINT64_MAX;
	}
}

struct kt_error *kt_order_reserve(void **rows, size_t *cap, size_t count, size_t row_size)
{
	size_t more = *cap ? *cap : 16;
	void *grown;

	if (count <= *cap)
		return NULL;
	while (more < count)
		more *= 2;
	grown = reallocarray(*rows, more, row_size);
	if (!grown)
		return kt_error_no_memory();
	*rows = grown;
	*cap = more;
	return NULL;
}

struct kt_error *kt_order_sort(struct kt_order *order, bool is_frozen, void *rows, size_t count,
			       size_t row_size)
{
	void *places = order->places;

	if (is_frozen)
		rank_as_before(order, rows, count, row_size);
	if (count)
		qsort(rows, count, row_size, by_rank);
	KT_TRY(kt_order_reserve(&places, &order->cap, count, sizeof(*order->places)));
	order->places = places;
	for (size_t i = 0; i < count; i++)
		order->places[i] = (struct kt_row_head){
			.identity = head_of(rows, i, row_size)->identity,
			.rank = i,
		};
	order->count = count;
	if (count)
		qsort(order->places, count, sizeof(*order->places), by_identity);
	return NULL;
}

bool kt_filter_takes(const struct kt_look_at *look, const struct kt_buf *text)
{
	return kt_list_contains(kt_buf_text(text), look->filter);
}
