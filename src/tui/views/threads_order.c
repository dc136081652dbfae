/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "base/cleanup.h"
#include "tui/list.h"
#include "tui/views/threads_state.h"

/* A row, and what it is compared by, looked up once. */
struct sort_key {
	struct kt_column_value value;
	struct kt_thread_row *row;
};

struct sort_order {
	bool is_descending;
	bool is_frozen; /* by the place that rows had */
};

/* Any two rows differ in these. */
static int compare_threads(const struct kt_thread_row *one, const struct kt_thread_row *other)
{
	if (one->group != other->group)
		return one->group < other->group ? -1 : 1;
	if (one->tid != other->tid)
		return one->tid < other->tid ? -1 : 1;
	if (one->start_time_jiffies != other->start_time_jiffies)
		return one->start_time_jiffies < other->start_time_jiffies ? -1 : 1;
	return one->identity < other->identity ? -1 : one->identity > other->identity;
}

static int compare_keys(const void *left, const void *right, void *ctx)
{
	const struct sort_key *one = left;
	const struct sort_key *other = right;
	const struct sort_order *order = ctx;
	int result = 0;

	if (order->is_frozen)
		result = one->row->rank < other->row->rank ? -1 : one->row->rank > other->row->rank;
	else
		result = kt_column_compare(&one->value, &other->value, order->is_descending);
	return result ? result : compare_threads(one->row, other->row);
}

static void append_text(const struct kt_threads *threads, const struct kt_thread_row *row,
			struct kt_buf *out)
{
	kt_buf_printf(out, "%s %u %s %s", row->comm, row->tid, kt_row_status_word(row),
		      row->reason);
	if (threads->group_count > 1)
		kt_buf_printf(out, " %s", threads->scenarios[row->group]->name);
}

void kt_threads_row_text(const void *view, size_t row, struct kt_buf *out)
{
	const struct kt_threads *threads = view;

	append_text(threads, threads->order[row], out);
}

struct kt_cell_context kt_threads_cell(const struct kt_threads *threads,
				       const struct kt_look_at *look,
				       const struct kt_thread_row *row)
{
	return (struct kt_cell_context){
		.look = look,
		.rows = &threads->groups[row->group],
		.row = row,
		.guest = threads->scenarios[row->group]->name,
		.role = KT_ROLE_NORMAL,
	};
}

static bool is_let_through(const struct kt_threads *threads, const struct kt_look_at *look,
			   const struct kt_thread_row *row, struct kt_buf *text)
{
	if (!*look->filter)
		return true;
	kt_buf_reset(text);
	append_text(threads, row, text);
	return kt_list_contains(kt_buf_text(text), look->filter);
}

static size_t collect(struct kt_threads *threads, const struct kt_look_at *look,
		      struct sort_key *keys)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	size_t count = 0;

	threads->has_extras = false;
	for (size_t i = 0; i < threads->group_count; i++)
		for (size_t j = 0; j < threads->groups[i].count; j++) {
			struct kt_thread_row *row = threads->groups[i].rows[j];

			threads->has_extras |= row->state || row->cpu.known || row->run_ns.known ||
					       row->run_delay_ns.known || row->switches.known;
			if (!is_let_through(threads, look, row, &text))
				continue;
			struct kt_cell_context cell = kt_threads_cell(threads, look, row);
			keys[count].row = row;
			if (!look->is_order_frozen)
				keys[count].value = threads->sort->value(&cell);
			count++;
		}
	return count;
}

static struct kt_error *reserve(struct kt_threads *threads, size_t count)
{
	if (count <= threads->cap)
		return NULL;
	struct kt_thread_row **order =
		realloc(threads->order, count * sizeof(struct kt_thread_row *));
	if (!order)
		return kt_error_no_memory();
	threads->order = order;
	threads->cap = count;
	return NULL;
}

struct kt_error *kt_threads_order(struct kt_threads *threads, const struct kt_look_at *look)
{
	struct sort_order order = {
		.is_descending = threads->is_descending,
		.is_frozen = look->is_order_frozen,
	};
	size_t all_count = 0;

	/* The rows of the last order may be gone. */
	threads->count = 0;
	for (size_t i = 0; i < threads->group_count; i++)
		all_count += threads->groups[i].count;
	threads->all_count = all_count;
	KT_TRY(reserve(threads, all_count));
	kt_autofree struct sort_key *keys = calloc(all_count + 1, sizeof(*keys));
	if (!keys)
		return kt_error_no_memory();
	size_t count = collect(threads, look, keys);
	qsort_r(keys, count, sizeof(*keys), compare_keys, &order);
	for (size_t i = 0; i < count; i++) {
		keys[i].row->rank = (uint32_t)i;
		threads->order[i] = keys[i].row;
	}
	threads->count = count;
	threads->is_dirty = false;
	threads->is_unsorted = look->is_order_frozen;
	return NULL;
}
