/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "run/series_state.h"

/* So many chunks become fewer at a time: two make one. */
#define RANGE_CHUNKS 2

static void rewriting_deinit(struct kt_rewriting *rewriting)
{
	kt_rows_deinit(&rewriting->rows);
	kt_packer_deinit(&rewriting->packer);
	kt_chunks_deinit(&rewriting->chunks);
	kt_buf_deinit(&rewriting->added);
	kt_buf_deinit(&rewriting->removed);
}

void kt_rewriting_destroy(struct kt_rewriting *rewriting)
{
	if (rewriting)
		rewriting_deinit(rewriting);
	free(rewriting);
}

static bool is_to_go(const struct kt_series *series, size_t begin, size_t place)
{
	return ((place - begin) & 1) && place < series->sweep_end &&
	       place + 1 < series->frame_count;
}

/* Packs the next frame anew, unless it is to go. */
static struct kt_error *rewrite_frame(const struct kt_series *series,
				      struct kt_rewriting *rewriting, size_t *ret_rows)
{
	size_t begin = series->chunks.items[rewriting->first]->first_place;
	struct kt_chunk *chunk = series->chunks.items[rewriting->first + rewriting->chunk];
	size_t at = rewriting->at;
	const struct kt_packed *frame = &chunk->frames[at];

	KT_TRY(kt_rows_step(&rewriting->rows, chunk, at, &rewriting->removed));
	*ret_rows = rewriting->rows.snapshot.thread_count + 1;
	if (is_to_go(series, begin, chunk->first_place + at))
		rewriting->dropped_count++;
	else
		KT_TRY(kt_packer_append(&rewriting->packer, &rewriting->chunks, frame->host_mono_ns,
					frame->index, &rewriting->rows.snapshot,
					rewriting->rows.list.numbers, &rewriting->added));
	rewriting->at++;
	if (rewriting->at == chunk->frame_count) {
		rewriting->chunk++;
		rewriting->at = 0;
	}
	return kt_buf_error(&rewriting->removed);
}

/* Goes on until the range is done, or until *budget rows were read. */
static struct kt_error *rewrite(const struct kt_series *series, struct kt_rewriting *rewriting,
				size_t *budget)
{
	while (rewriting->chunk < rewriting->count && *budget) {
		size_t rows;

		KT_TRY(rewrite_frame(series, rewriting, &rows));
		*budget -= rows < *budget ? rows : *budget;
	}
	return NULL;
}

static void recount_identities(struct kt_series *series, const struct kt_rewriting *rewriting)
{
	const struct kt_identity *added = (const void *)rewriting->added.data;
	const struct kt_identity *removed = (const void *)rewriting->removed.data;

	for (size_t i = 0; i < rewriting->added.len / sizeof(*added); i++)
		kt_identities_use(&series->identities, &added[i]);
	for (size_t i = 0; i < rewriting->removed.len / sizeof(*removed); i++)
		kt_identities_drop(&series->identities, &removed[i]);
	kt_identities_shrink(&series->identities);
}

/* Puts the new chunks in the place of @count old ones, which are not fewer. */
static void splice(struct kt_series *series, size_t first, size_t count,
		   struct kt_rewriting *rewriting)
{
	struct kt_chunk **items = series->chunks.items;
	size_t new_count = rewriting->chunks.count;
	size_t place = items[first]->first_place;

	assert(new_count <= count);
	for (size_t i = first; i < first + count; i++) {
		series->packed_bytes -= kt_chunk_bytes(items[i]);
		kt_chunk_release(items[i]);
	}
	memcpy(&items[first], rewriting->chunks.items, new_count * sizeof(*items));
	memmove(&items[first + new_count], &items[first + count],
		(series->chunks.count - first - count) * sizeof(*items));
	series->chunks.count -= count - new_count;
	rewriting->chunks.count = 0;
	for (size_t i = first; i < first + new_count; i++)
		series->packed_bytes += kt_chunk_bytes(items[i]);
	for (size_t i = first; i < series->chunks.count; i++) {
		items[i]->first_place = place;
		place += items[i]->frame_count;
	}
}

/* The chunk that begins at or holds @place. */
static size_t chunk_index(const struct kt_series *series, size_t place)
{
	size_t index = 0;

	while (index + 1 < series->chunks.count &&
	       series->chunks.items[index + 1]->first_place <= place)
		index++;
	return index;
}

/* The next chunks of the sweep. */
static struct kt_error *begin_rewriting(struct kt_series *series)
{
	struct kt_rewriting *rewriting = calloc(1, sizeof(*rewriting));

	if (!rewriting)
		return kt_error_no_memory();
	rewriting->first = chunk_index(series, series->sweep_place);
	size_t left = series->chunks.count - rewriting->first;
	rewriting->count = left < RANGE_CHUNKS ? left : RANGE_CHUNKS;
	series->rewriting = rewriting;
	return NULL;
}

static bool has_last_chunk(const struct kt_series *series, const struct kt_rewriting *rewriting)
{
	return rewriting->first + rewriting->count == series->chunks.count;
}

static void end_rewriting(struct kt_series *series)
{
	struct kt_rewriting *rewriting = series->rewriting;
	const struct kt_chunk *last = series->chunks.items[rewriting->first + rewriting->count - 1];
	size_t next_place = last->first_place + last->frame_count;
	bool was_last = has_last_chunk(series, rewriting);

	recount_identities(series, rewriting);
	splice(series, rewriting->first, rewriting->count, rewriting);
	/* The frame packed last is the same, but the texts before it have new numbers. */
	if (was_last && !series->is_finished) {
		kt_packer_deinit(&series->packer);
		series->packer = rewriting->packer;
		rewriting->packer = (struct kt_packer){ 0 };
	}
	series->frame_count -= rewriting->dropped_count;
	series->dropped_count += rewriting->dropped_count;
	series->sweep_place = next_place - rewriting->dropped_count;
	series->sweep_end -= rewriting->dropped_count;
	kt_rewriting_destroy(rewriting);
	series->rewriting = NULL;
}

/* Thins the next chunks of the sweep, or goes on with it; false without memory. */
static bool thin_chunks(struct kt_series *series, size_t *budget)
{
	struct kt_error *err = series->rewriting ? NULL : begin_rewriting(series);
	size_t all = SIZE_MAX;

	if (!err) {
		/* What is appended goes on from the last chunk, which must not change meanwhile. */
		bool is_at_once = !series->is_finished && has_last_chunk(series, series->rewriting);
		err = rewrite(series, series->rewriting, is_at_once ? &all : budget);
	}
	if (err) {
		kt_rewriting_destroy(series->rewriting);
		series->rewriting = NULL;
		*budget = 0;
	} else if (series->rewriting->chunk == series->rewriting->count) {
		end_rewriting(series);
	}
	kt_error_destroy(err);
	return !err;
}

static bool has_more(const struct kt_series *series)
{
	return series->sweep_place < series->sweep_end &&
	       series->sweep_place + 1 < series->frame_count;
}

static void begin_sweep(struct kt_series *series)
{
	series->sweep_place = 0;
	series->sweep_end = (series->frame_count + 1) / 2;
}

bool kt_series_thin_step(struct kt_series *series, size_t *budget)
{
	uint64_t dropped_before = series->dropped_count;

	if (series->frame_count <= 2)
		return false;
	while (*budget && series->dropped_count == dropped_before) {
		if (!series->rewriting && !has_more(series))
			begin_sweep(series);
		if (!thin_chunks(series, budget))
			return false;
	}
	return true;
}

void kt_series_thin(struct kt_series *series)
{
	size_t budget = SIZE_MAX;

	/* What was begun belongs to the sweep that is given up. */
	kt_rewriting_destroy(series->rewriting);
	series->rewriting = NULL;
	begin_sweep(series);
	while (series->frame_count > 2 && has_more(series)) {
		if (!thin_chunks(series, &budget))
			return;
	}
}
