/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/series.h"

#include <assert.h>
#include <stdlib.h>

#include "run/series_state.h"

struct kt_error *kt_series_create(struct kt_series **ret)
{
	struct kt_series *series = calloc(1, sizeof(*series));

	if (!series)
		return kt_error_no_memory();
	*ret = series;
	return NULL;
}

void kt_series_finish(struct kt_series *series)
{
	/* Thinning may never be asked for again; what it has begun takes much memory. */
	kt_rewriting_destroy(series->rewriting);
	series->rewriting = NULL;
	kt_packer_deinit(&series->packer);
	/* Numbers are given to no new thread any more, so only their count is kept. */
	uint32_t next_number = series->identities.next_number;
	kt_identities_deinit(&series->identities);
	series->identities.next_number = next_number;
	kt_buf_deinit(&series->introduced);
	free(series->numbers);
	series->numbers = NULL;
	series->number_cap = 0;
	series->is_finished = true;
}

void kt_series_destroy(struct kt_series *series)
{
	if (!series)
		return;
	kt_series_finish(series);
	kt_chunks_deinit(&series->chunks);
	free(series);
}

/* ---- appending ---- */

static struct kt_error *make_room(struct kt_series *series, size_t count)
{
	KT_TRY(kt_identities_reserve(&series->identities, count));
	if (count <= series->number_cap)
		return NULL;
	size_t cap = count + count / 8 + 8;
	uint32_t *numbers = reallocarray(series->numbers, cap, sizeof(*numbers));
	if (!numbers)
		return kt_error_no_memory();
	series->numbers = numbers;
	series->number_cap = cap;
	return NULL;
}

/* Most threads stand where they stood before, which saves looking them up. */
static void number_threads(struct kt_series *series, const struct kt_snapshot *snapshot)
{
	const struct kt_rows *before = &series->packer.before;
	size_t before_count = before->snapshot.thread_count;

	for (size_t i = 0; i < snapshot->thread_count; i++) {
		const struct kt_thread *thread = &snapshot->threads[i];
		struct kt_identity identity = kt_identity_of(thread);

		if (i < before_count && before->list.threads[i].tid == thread->tid) {
			struct kt_identity was = kt_identity_of(&before->list.threads[i]);

			if (was.start_known == identity.start_known &&
			    was.start_time_jiffies == identity.start_time_jiffies) {
				series->numbers[i] = before->list.numbers[i];
				continue;
			}
		}
		series->numbers[i] = kt_identities_number(&series->identities, &identity);
	}
}

/* Takes back the numbers of threads that got one for a frame that could not be packed. */
static void forget_threads(struct kt_series *series, const struct kt_snapshot *snapshot,
			   uint32_t next_number)
{
	for (size_t i = 0; i < snapshot->thread_count; i++) {
		struct kt_identity identity = kt_identity_of(&snapshot->threads[i]);

		kt_identities_forget_unused(&series->identities, &identity);
	}
	series->identities.next_number = next_number;
}

static void use_introduced(struct kt_series *series)
{
	const struct kt_identity *identities = (const void *)series->introduced.data;
	size_t count = series->introduced.len / sizeof(*identities);

	for (size_t i = 0; i < count; i++)
		kt_identities_use(&series->identities, &identities[i]);
}

struct kt_error *kt_series_append(struct kt_series *series, uint64_t host_mono_ns, uint32_t index,
				  const struct kt_snapshot *snapshot)
{
	uint32_t next_number = series->identities.next_number;

	assert(!series->is_finished);
	if (series->frame_count) {
		uint64_t last_ns = kt_series_time(series, series->frame_count - 1, NULL);

		/* Frames are searched by their time: a clock that goes back stands still here. */
		host_mono_ns = host_mono_ns < last_ns ? last_ns : host_mono_ns;
	}
	KT_TRY(make_room(series, snapshot->thread_count));
	kt_buf_reset(&series->introduced);
	series->introduced.failed = false;
	number_threads(series, snapshot);
	size_t chunk_count = series->chunks.count;
	struct kt_error *err = kt_packer_append(&series->packer, &series->chunks, host_mono_ns,
						index, snapshot, series->numbers,
						&series->introduced);
	if (err) {
		forget_threads(series, snapshot, next_number);
		return err;
	}
	use_introduced(series);
	const struct kt_chunk *last = series->chunks.items[series->chunks.count - 1];
	series->packed_bytes += last->frames[last->frame_count - 1].size;
	if (series->chunks.count > chunk_count)
		series->packed_bytes += sizeof(*last);
	series->frame_count++;
	return NULL;
}

/* ---- looking ---- */

struct kt_series_stats kt_series_stats(const struct kt_series *series)
{
	return (struct kt_series_stats){
		.frame_count = series->frame_count,
		.dropped_count = series->dropped_count,
		.bytes = sizeof(*series) + series->packed_bytes +
			 series->chunks.cap * sizeof(*series->chunks.items) +
			 series->identities.cap * sizeof(*series->identities.slots) +
			 series->number_cap * sizeof(*series->numbers) + series->introduced.cap +
			 kt_packer_bytes(&series->packer),
		.thread_count = series->identities.next_number,
	};
}

/* The chunk that has the frame at @place. */
static struct kt_chunk *chunk_of(const struct kt_series *series, size_t place)
{
	size_t low = 0;
	size_t high = series->chunks.count;

	assert(place < series->frame_count);
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (series->chunks.items[middle]->first_place <= place)
			low = middle;
		else
			high = middle;
	}
	return series->chunks.items[low];
}

uint64_t kt_series_time(const struct kt_series *series, size_t place, uint32_t *ret_index)
{
	const struct kt_chunk *chunk = chunk_of(series, place);
	const struct kt_packed *frame = &chunk->frames[place - chunk->first_place];

	if (ret_index)
		*ret_index = frame->index;
	return frame->host_mono_ns;
}

bool kt_series_find(const struct kt_series *series, uint64_t host_mono_ns, size_t *ret)
{
	size_t low = 0;
	size_t high = series->frame_count;

	/* Those before low arrived in time, those from high on later. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (kt_series_time(series, middle, NULL) <= host_mono_ns)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	*ret = low - 1;
	return true;
}

/* ---- reading ---- */

void kt_series_frame_deinit(struct kt_series_frame *frame)
{
	struct kt_rows *rows = frame->memory;

	if (rows)
		kt_rows_deinit(rows);
	free(rows);
	*frame = (struct kt_series_frame){ 0 };
}

/* What was unpacked before is of use if it is of the same chunk and not behind @at. */
static struct kt_error *go_to(struct kt_rows *rows, struct kt_chunk *chunk, size_t at)
{
	bool goes_on = rows->chunk == chunk && rows->at <= at;

	for (size_t next = goes_on ? rows->at + 1 : 0; next <= at; next++)
		KT_TRY(kt_rows_step(rows, chunk, next, NULL));
	return NULL;
}

struct kt_error *kt_series_read(const struct kt_series *series, size_t place,
				struct kt_series_frame *frame)
{
	struct kt_chunk *chunk = chunk_of(series, place);
	size_t at = place - chunk->first_place;
	struct kt_rows *rows = frame->memory;

	if (!rows)
		rows = calloc(1, sizeof(*rows));
	if (!rows)
		return kt_error_no_memory();
	frame->memory = rows;
	struct kt_error *err = go_to(rows, chunk, at);
	if (err) {
		kt_series_frame_deinit(frame);
		return err;
	}
	frame->host_mono_ns = chunk->frames[at].host_mono_ns;
	frame->index = chunk->frames[at].index;
	frame->snapshot = rows->snapshot;
	frame->thread_numbers = rows->list.numbers;
	return NULL;
}
