/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rows did before the first frame that was folded: read for those that are shown. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "tui/views/thread_fold.h"

/* One row on its way through the frames. */
struct past {
	struct kt_thread_row *row;
	struct kt_row_reading last;
	size_t place; /* where it stood in the frame before */
};

/* Whether the frames of the past still stand where they did. */
static bool is_unthinned(const struct kt_thread_rows *rows)
{
	size_t first = rows->past_place + rows->first_stamp - 1;
	uint32_t past_index;
	uint32_t first_index;

	if (first >= kt_series_stats(rows->series).frame_count)
		return false;
	(void)kt_series_time(rows->series, rows->past_place, &past_index);
	(void)kt_series_time(rows->series, first, &first_index);
	return past_index == rows->past_index && first_index == rows->first_index;
}

static bool is_at(const struct kt_series_frame *frame, uint32_t number, size_t place)
{
	return place < frame->snapshot.thread_count && frame->thread_numbers[place] == number;
}

/* Threads come and go before it, but not many from one frame to the next: looks around *place. */
static const struct kt_thread *find_thread(const struct kt_series_frame *frame, uint32_t number,
					   size_t *place)
{
	size_t count = frame->snapshot.thread_count;
	size_t from = *place < count ? *place : count;

	for (size_t away = 0; away <= count; away++) {
		if (is_at(frame, number, from + away))
			*place = from + away;
		else if (away <= from && is_at(frame, number, from - away))
			*place = from - away;
		else
			continue;
		return &frame->snapshot.threads[*place];
	}
	return NULL;
}

static void take_reading(struct past *past, const struct kt_series_frame *frame, uint32_t stamp,
			 bool is_in_history)
{
	uint64_t now_ns = frame->snapshot.elapsed_since_start_ns;
	const struct kt_thread *thread = find_thread(frame, past->row->number, &past->place);

	if (!thread)
		return;
	struct kt_counter_changes changes = kt_counter_changes(&past->last, thread, now_ns);
	if (is_in_history)
		kt_thread_row_keep_rate(past->row, &changes, stamp);
	kt_counters_keep(&past->last, thread, now_ns);
}

static struct kt_error *read_all(struct kt_thread_rows *rows, struct past *pasts, size_t count)
{
	for (uint32_t stamp = 1; stamp <= rows->first_stamp; stamp++) {
		/* What came since may have taken its place; then it is only compared to. */
		bool is_in_history = stamp + KT_ROWS_HISTORY > rows->stamp;

		if (stamp + 1 + KT_ROWS_HISTORY <= rows->stamp)
			continue;
		KT_TRY(kt_series_read(rows->series, rows->past_place + stamp - 1, &rows->past));
		for (size_t i = 0; i < count; i++)
			take_reading(&pasts[i], &rows->past, stamp, is_in_history);
	}
	return NULL;
}

struct kt_error *kt_thread_rows_read_past(struct kt_thread_rows *rows,
					  struct kt_thread_row *const *wanted, size_t count)
{
	kt_autofree struct past *pasts = calloc(count + 1, sizeof(*pasts));
	size_t left = 0;

	if (!pasts)
		return kt_error_no_memory();
	for (size_t i = 0; i < count; i++)
		if (!wanted[i]->has_past && wanted[i]->has_number)
			pasts[left++].row = wanted[i];
	if (!left || !rows->series)
		return NULL;
	if (is_unthinned(rows))
		KT_TRY(read_all(rows, pasts, left));
	for (size_t i = 0; i < left; i++)
		pasts[i].row->has_past = true;
	return NULL;
}
