/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "run/series_state.h"

/* So many chunks are packed anew in one step: what bounds its time. */
#define STEP_CHUNKS 2

/* Chunks on their way to be fewer. */
struct rewriting {
	struct kt_rows rows; /* the frame that is read */
	struct kt_packer packer;
	struct kt_chunks chunks;
	struct kt_buf added;   /* identities that the new frames introduce */
	struct kt_buf removed; /* and those that the old ones did */
	size_t dropped_count;
};

static void rewriting_deinit(struct rewriting *rewriting)
{
	kt_rows_deinit(&rewriting->rows);
	kt_packer_deinit(&rewriting->packer);
	kt_chunks_deinit(&rewriting->chunks);
	kt_buf_deinit(&rewriting->added);
	kt_buf_deinit(&rewriting->removed);
}

static bool is_to_go(const struct kt_series *series, size_t begin, size_t place)
{
	return ((place - begin) & 1) && place < series->sweep_end &&
	       place + 1 < series->frame_count;
}

/* Packs the chunks from @first on anew, without every second frame up to the end of the sweep. */
static struct kt_error *rewrite(const struct kt_series *series, size_t first, size_t count,
				struct rewriting *rewriting)
{
	size_t begin = series->chunks.items[first]->first_place;

	for (size_t i = first; i < first + count; i++) {
		struct kt_chunk *chunk = series->chunks.items[i];

		for (size_t at = 0; at < chunk->frame_count; at++) {
			const struct kt_packed *frame = &chunk->frames[at];

			KT_TRY(kt_rows_step(&rewriting->rows, chunk, at, &rewriting->removed));
			if (is_to_go(series, begin, chunk->first_place + at)) {
				rewriting->dropped_count++;
				continue;
			}
			KT_TRY(kt_packer_append(&rewriting->packer, &rewriting->chunks,
						frame->host_mono_ns, frame->index,
						&rewriting->rows.snapshot,
						rewriting->rows.list.numbers, &rewriting->added));
		}
	}
	return kt_buf_error(&rewriting->removed);
}

static void recount_identities(struct kt_series *series, const struct rewriting *rewriting)
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
		   struct rewriting *rewriting)
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

/* Thins the next chunks of the sweep; false without memory. */
static bool thin_chunks(struct kt_series *series)
{
	size_t first = chunk_index(series, series->sweep_place);
	size_t left = series->chunks.count - first;
	size_t count = left < STEP_CHUNKS ? left : STEP_CHUNKS;
	const struct kt_chunk *last = series->chunks.items[first + count - 1];
	size_t next_place = last->first_place + last->frame_count;
	struct rewriting rewriting = { 0 };
	struct kt_error *err = rewrite(series, first, count, &rewriting);

	if (!err) {
		recount_identities(series, &rewriting);
		splice(series, first, count, &rewriting);
		/* The frame packed last is the same, but the texts before it have new numbers. */
		if (count == left && !series->is_finished) {
			kt_packer_deinit(&series->packer);
			series->packer = rewriting.packer;
			rewriting.packer = (struct kt_packer){ 0 };
		}
		series->frame_count -= rewriting.dropped_count;
		series->dropped_count += rewriting.dropped_count;
		series->sweep_place = next_place - rewriting.dropped_count;
		series->sweep_end -= rewriting.dropped_count;
	}
	rewriting_deinit(&rewriting);
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

bool kt_series_thin_step(struct kt_series *series)
{
	uint64_t dropped_before = series->dropped_count;

	if (series->frame_count <= 2)
		return false;
	while (series->dropped_count == dropped_before) {
		if (!has_more(series))
			begin_sweep(series);
		if (!thin_chunks(series))
			return false;
	}
	return true;
}

void kt_series_thin(struct kt_series *series)
{
	begin_sweep(series);
	while (series->frame_count > 2 && has_more(series)) {
		if (!thin_chunks(series))
			return;
	}
}
