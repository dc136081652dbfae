/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/series_pack.h"

#include <stdlib.h>
#include <string.h>

/* ---- chunks ---- */

void kt_chunk_release(struct kt_chunk *chunk)
{
	if (!chunk || --chunk->use_count)
		return;
	for (size_t i = 0; i < chunk->frame_count; i++)
		free(chunk->frames[i].bytes);
	free(chunk);
}

size_t kt_chunk_bytes(const struct kt_chunk *chunk)
{
	size_t bytes = sizeof(*chunk);

	for (size_t i = 0; i < chunk->frame_count; i++)
		bytes += chunk->frames[i].size;
	return bytes;
}

void kt_chunks_deinit(struct kt_chunks *chunks)
{
	for (size_t i = 0; i < chunks->count; i++)
		kt_chunk_release(chunks->items[i]);
	free(chunks->items);
	*chunks = (struct kt_chunks){ 0 };
}

/* ---- rows ---- */

void kt_rows_deinit(struct kt_rows *rows)
{
	struct kt_row_list *const lists[] = { &rows->list, &rows->spare };

	kt_chunk_release(rows->chunk);
	for (size_t i = 0; i < 2; i++) {
		free(lists[i]->threads);
		free(lists[i]->extras);
		free(lists[i]->numbers);
	}
	free(rows->skipped);
	free(rows->texts);
	*rows = (struct kt_rows){ 0 };
}

size_t kt_rows_bytes(const struct kt_rows *rows)
{
	size_t row = sizeof(struct kt_thread) + sizeof(struct kt_thread_extras) + sizeof(uint32_t);

	return (rows->list.cap + rows->spare.cap) * row +
	       rows->skipped_cap * sizeof(*rows->skipped) + rows->text_cap * sizeof(*rows->texts);
}

/* Makes room for @count elements, whose old ones stay; @items is the address of a pointer. */
bool kt_rows_make_room(void *items, size_t *cap, size_t count, size_t size)
{
	void *old;
	size_t new_cap = *cap ? *cap : 16;

	if (count <= *cap)
		return true;
	while (new_cap < count)
		new_cap += new_cap / 2;
	memcpy(&old, items, sizeof(old));
	void *bigger = reallocarray(old, new_cap, size);
	if (!bigger)
		return false;
	memcpy(items, &bigger, sizeof(bigger));
	*cap = new_cap;
	return true;
}

/* Rows point to each other and are made anew as a whole, so growing forgets the old ones. */
bool kt_row_list_make(struct kt_row_list *list, size_t count)
{
	if (count <= list->cap)
		return true;
	size_t cap = count + count / 8 + 8;
	struct kt_row_list bigger = {
		.threads = calloc(cap, sizeof(*bigger.threads)),
		.extras = calloc(cap, sizeof(*bigger.extras)),
		.numbers = calloc(cap, sizeof(*bigger.numbers)),
		.cap = cap,
	};
	bool is_made = bigger.threads && bigger.extras && bigger.numbers;
	struct kt_row_list *old = is_made ? list : &bigger;

	free(old->threads);
	free(old->extras);
	free(old->numbers);
	if (is_made)
		*list = bigger;
	return is_made;
}

/* The present rows stay: rows of a frame with another list are made in the spare one. */
struct kt_error *kt_rows_reserve(struct kt_rows *rows, size_t threads, size_t skipped, size_t texts)
{
	if (!kt_row_list_make(&rows->spare, threads) ||
	    !kt_rows_make_room(&rows->skipped, &rows->skipped_cap, skipped,
			       sizeof(*rows->skipped)) ||
	    !kt_rows_make_room(&rows->texts, &rows->text_cap, texts, sizeof(*rows->texts)))
		return kt_error_no_memory();
	rows->snapshot.skipped = rows->skipped;
	return NULL;
}

/* ---- packer ---- */

void kt_packer_deinit(struct kt_packer *packer)
{
	kt_rows_deinit(&packer->before);
	kt_buf_deinit(&packer->out);
	kt_buf_deinit(&packer->new_texts);
	free(packer->text_slots);
	free(packer->places);
	*packer = (struct kt_packer){ 0 };
}

size_t kt_packer_bytes(const struct kt_packer *packer)
{
	return kt_rows_bytes(&packer->before) + packer->out.cap + packer->new_texts.cap +
	       (packer->text_slot_cap + packer->place_cap) * sizeof(uint32_t);
}
