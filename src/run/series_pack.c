/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/series_pack.h"

#include <stdlib.h>
#include <string.h>

#define NOWHERE UINT32_MAX

static void put_op(struct kt_packer *packer, enum kt_pack_op op, uint64_t rest)
{
	kt_packer_put(packer, rest << 2 | op);
}

/* ---- rows ---- */

struct kt_row kt_row_of(const struct kt_thread *thread)
{
	/* Places of numbers are looked up for reading and writing alike. */
	struct kt_thread *self = (struct kt_thread *)thread;
	struct kt_thread_extras *extras = (struct kt_thread_extras *)thread->extras;
	struct kt_row row = {
		.tid = thread->tid,
		.comm = thread->comm,
		.error = thread->error,
		.error_kind = thread->error_kind,
		.state = extras ? extras->state : NULL,
		.known = extras ? KT_ROW_EXTRAS : 0,
	};
	int count = extras ? KT_ROW_NUMBERS : KT_ROW_THREAD_NUMBERS;

	for (int i = 0; i < count; i++) {
		const struct kt_opt_u64 *number = kt_row_number(self, extras, i);

		row.known |= (uint32_t)number->known << i;
		row.numbers[i] = number->known ? number->value : 0;
	}
	if (thread->start_time_jiffies.known) {
		row.known |= KT_ROW_START;
		row.start_time_jiffies = thread->start_time_jiffies.value;
	}
	return row;
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static uint32_t difference(const struct kt_row *before, const struct kt_row *now)
{
	uint32_t change = 0;

	for (int i = 0; i < KT_ROW_NUMBERS; i++)
		change |= (uint32_t)(before->numbers[i] != now->numbers[i]) << i;
	change &= now->known;
	if (!is_same_text(before->state, now->state))
		change |= KT_CHANGE_STATE;
	if (before->known != now->known || !is_same_text(before->comm, now->comm) ||
	    !is_same_text(before->error, now->error) ||
	    !is_same_text(before->error_kind, now->error_kind))
		change |= KT_CHANGE_SHAPE;
	return change;
}

static void put_shape_texts(struct kt_packer *packer, const struct kt_row *row)
{
	kt_packer_put_text(packer, row->comm);
	kt_packer_put_text(packer, row->error);
	kt_packer_put_text(packer, row->error_kind);
}

static void put_change(struct kt_packer *packer, const struct kt_row *before,
		       const struct kt_row *now, uint32_t change)
{
	put_op(packer, KT_PACK_CHANGE, change);
	if (change & KT_CHANGE_SHAPE) {
		kt_packer_put(packer, now->known);
		put_shape_texts(packer, now);
	}
	if (change & KT_CHANGE_STATE)
		kt_packer_put_text(packer, now->state);
	for (int i = 0; i < KT_ROW_NUMBERS; i++) {
		if (change >> i & 1)
			kt_packer_put_step(packer, before->numbers[i], now->numbers[i]);
	}
}

/* What the next new row is told against: the one before. */
struct last_new {
	struct kt_row row;
	uint32_t number;
};

static void put_new(struct kt_packer *packer, const struct kt_row *row, uint32_t number,
		    struct last_new *last)
{
	bool is_alike = row->known == last->row.known;

	put_op(packer, KT_PACK_NEW, is_alike);
	if (!is_alike)
		kt_packer_put(packer, row->known);
	kt_packer_put_step(packer, (uint64_t)last->number, number);
	kt_packer_put_step(packer, last->row.tid, row->tid);
	if (row->known & KT_ROW_START)
		kt_packer_put_step(packer, last->row.start_time_jiffies, row->start_time_jiffies);
	put_shape_texts(packer, row);
	if (row->known & KT_ROW_EXTRAS)
		kt_packer_put_text(packer, row->state);
	for (int i = 0; i < KT_ROW_NUMBERS; i++) {
		if (row->known >> i & 1)
			kt_packer_put(packer, row->numbers[i]);
	}
	uint64_t start = row->known & KT_ROW_START ? row->start_time_jiffies
						   : last->row.start_time_jiffies;
	last->row = *row;
	last->row.start_time_jiffies = start;
	last->number = number;
	packer->new_row_count++;
}

/* ---- where a thread's row was ---- */

static size_t place_home(const struct kt_packer *packer, uint32_t number)
{
	return (number * 2654435769U >> 7) & (packer->place_cap - 1);
}

/* The table is made when the first row is not where it is expected; mostly none is. */
static bool make_places(struct kt_packer *packer)
{
	const struct kt_rows *before = &packer->before;
	size_t count = before->snapshot.thread_count;
	size_t cap = 64;

	while (cap < count * 2)
		cap *= 2;
	if (cap > packer->place_cap || cap < packer->place_cap / 8) {
		free(packer->places);
		packer->place_cap = 0;
		packer->places = calloc(cap, sizeof(*packer->places));
		if (!packer->places)
			return false;
		packer->place_cap = cap;
	} else {
		memset(packer->places, 0, packer->place_cap * sizeof(*packer->places));
	}
	for (size_t i = 0; i < count; i++) {
		size_t at = place_home(packer, before->list.numbers[i]);

		while (packer->places[at])
			at = (at + 1) & (packer->place_cap - 1);
		packer->places[at] = (uint32_t)i + 1;
	}
	packer->has_places = true;
	return true;
}

/* Where thread @number stood, if that is at @cursor or behind it. */
static uint32_t find_place(struct kt_packer *packer, uint32_t number, size_t cursor)
{
	const struct kt_rows *before = &packer->before;

	if (cursor >= before->snapshot.thread_count)
		return NOWHERE;
	if (before->list.numbers[cursor] == number)
		return (uint32_t)cursor;
	if (!packer->has_places && !make_places(packer)) {
		packer->out.failed = true;
		return NOWHERE;
	}
	for (size_t at = place_home(packer, number); packer->places[at];
	     at = (at + 1) & (packer->place_cap - 1)) {
		uint32_t place = packer->places[at] - 1;

		if (before->list.numbers[place] == number && place >= cursor)
			return place;
	}
	return NOWHERE;
}

/* ---- frames ---- */

static bool same_skipped(const struct kt_snapshot *a, const struct kt_snapshot *b)
{
	if (a->skipped_count != b->skipped_count)
		return false;
	for (size_t i = 0; i < a->skipped_count; i++) {
		const struct kt_skipped_thread *left = &a->skipped[i];
		const struct kt_skipped_thread *right = &b->skipped[i];

		if (left->tid != right->tid || !is_same_text(left->comm, right->comm) ||
		    !is_same_text(left->reason, right->reason) ||
		    left->start_time_jiffies.known != right->start_time_jiffies.known ||
		    (left->start_time_jiffies.known &&
		     left->start_time_jiffies.value != right->start_time_jiffies.value))
			return false;
	}
	return true;
}

static void put_skipped(struct kt_packer *packer, const struct kt_snapshot *snapshot)
{
	uint32_t tid = 0;

	kt_packer_put(packer, snapshot->skipped_count);
	for (size_t i = 0; i < snapshot->skipped_count; i++) {
		const struct kt_skipped_thread *thread = &snapshot->skipped[i];

		kt_packer_put_step(packer, tid, thread->tid);
		kt_packer_put_text(packer, thread->comm);
		kt_packer_put_text(packer, thread->reason);
		kt_packer_put(packer, thread->start_time_jiffies.known);
		if (thread->start_time_jiffies.known)
			kt_packer_put(packer, thread->start_time_jiffies.value);
		tid = thread->tid;
	}
}

static void put_extras(struct kt_packer *packer, const struct kt_snapshot_extras *now, bool is_key)
{
	struct kt_snapshot_extras before = { 0 };
	struct kt_snapshot_extras *extras = (struct kt_snapshot_extras *)now;
	uint64_t known = (uint64_t)now->partial.known << KT_PROCESS_NUMBERS;

	if (!is_key)
		before = packer->before.extras;
	if (now->partial.known && now->partial.value)
		known |= 2 << KT_PROCESS_NUMBERS;
	for (int i = 0; i < KT_PROCESS_NUMBERS; i++)
		known |= (uint64_t)kt_process_number(extras, i)->known << i;
	kt_packer_put(packer, known);
	for (int i = 0; i < KT_PROCESS_NUMBERS; i++) {
		if (known >> i & 1)
			kt_packer_put_step(packer, kt_process_number(&before, i)->value,
					   kt_process_number(extras, i)->value);
	}
}

/* Returns whether the rows are those of the frame before, in the same order. */
static bool put_rows(struct kt_packer *packer, const struct kt_snapshot *snapshot,
		     const uint32_t *numbers, bool is_key)
{
	size_t before_count = is_key ? 0 : packer->before.snapshot.thread_count;
	struct last_new last = { .row.known = ~0U };
	bool is_same = !is_key;
	size_t cursor = 0;
	size_t kept = 0;

	for (size_t i = 0; i < snapshot->thread_count; i++) {
		struct kt_row row = kt_row_of(&snapshot->threads[i]);
		uint32_t place = is_key ? NOWHERE : find_place(packer, numbers[i], cursor);
		uint32_t change = ~0U;

		if (place == cursor) {
			struct kt_row was = kt_row_of(&packer->before.list.threads[place]);
			change = difference(&was, &row);
			if (!change) {
				kept++;
				cursor++;
				continue;
			}
		}
		if (kept)
			put_op(packer, KT_PACK_KEEP, kept);
		kept = 0;
		if (place == NOWHERE) {
			put_new(packer, &row, numbers[i], &last);
			is_same = false;
			continue;
		}
		if (place > cursor) {
			put_op(packer, KT_PACK_SKIP, place - cursor);
			is_same = false;
		}
		struct kt_row was = kt_row_of(&packer->before.list.threads[place]);
		put_change(packer, &was, &row, difference(&was, &row));
		cursor = (size_t)place + 1;
	}
	if (kept)
		put_op(packer, KT_PACK_KEEP, kept);
	return is_same && cursor == before_count;
}

/* The chunk that the next frame goes to: the last one, or a new one behind it. */
static struct kt_error *open_chunk(struct kt_chunks *chunks, bool is_key, struct kt_chunk **ret)
{
	if (!is_key) {
		*ret = chunks->items[chunks->count - 1];
		return NULL;
	}
	if (chunks->count == chunks->cap) {
		size_t cap = chunks->cap ? chunks->cap * 2 : 4;
		struct kt_chunk **items = reallocarray(chunks->items, cap, sizeof(*items));

		if (!items)
			return kt_error_no_memory();
		chunks->items = items;
		chunks->cap = cap;
	}
	*ret = calloc(1, sizeof(**ret));
	if (!*ret)
		return kt_error_no_memory();
	if (chunks->count) {
		const struct kt_chunk *last = chunks->items[chunks->count - 1];
		(*ret)->first_place = last->first_place + last->frame_count;
	}
	(*ret)->use_count = 1;
	return NULL;
}

static struct kt_error *pack(struct kt_packer *packer, const struct kt_snapshot *snapshot,
			     const uint32_t *numbers, bool is_key)
{
	const struct kt_snapshot none = { 0 };
	const struct kt_snapshot *before = is_key ? &none : &packer->before.snapshot;
	unsigned flags = is_key ? KT_PACK_KEY : 0;

	kt_buf_reset(&packer->out);
	kt_buf_reset(&packer->new_texts);
	packer->new_row_count = 0;
	packer->has_places = false;
	packer->text_base = is_key ? 1 : packer->before.text_count;
	/* The table is that of the chunk so far, unless the frame before could not be packed. */
	if ((is_key || packer->text_slot_count != packer->text_base) &&
	    !kt_packer_know_texts(packer, packer->text_base))
		return kt_error_no_memory();
	kt_buf_putc(&packer->out, 0);
	kt_packer_put_step(packer, before->timestamp_unix_sec, snapshot->timestamp_unix_sec);
	kt_packer_put_step(packer, before->elapsed_since_start_ns,
			   snapshot->elapsed_since_start_ns);
	if (snapshot->extras) {
		flags |= KT_PACK_EXTRAS;
		put_extras(packer, snapshot->extras, is_key);
	}
	if (!same_skipped(before, snapshot)) {
		flags |= KT_PACK_SKIPPED;
		put_skipped(packer, snapshot);
	}
	kt_packer_put(packer, snapshot->thread_count);
	if (put_rows(packer, snapshot, numbers, is_key))
		flags |= KT_PACK_SAME_LIST;
	KT_TRY(kt_buf_error(&packer->out));
	packer->out.data[0] = (char)flags;
	return NULL;
}

/* Everything that can fail comes before the first change. */
static struct kt_error *add_frame(struct kt_packer *packer, struct kt_chunks *chunks,
				  struct kt_chunk *chunk, const struct kt_packed *frame,
				  const struct kt_snapshot *snapshot, struct kt_buf *introduced)
{
	bool is_same = packer->out.data[0] & KT_PACK_SAME_LIST;

	KT_TRY(kt_rows_reserve(&packer->before, is_same ? 0 : snapshot->thread_count,
			       snapshot->skipped_count, packer->text_slot_count));
	if (!kt_buf_reserve(introduced, packer->new_row_count * sizeof(struct kt_identity)))
		return kt_error_no_memory();
	chunk->frames[chunk->frame_count++] = *frame;
	struct kt_error *err =
		kt_rows_step(&packer->before, chunk, chunk->frame_count - 1, introduced);
	if (err) {
		chunk->frame_count--;
		return err;
	}
	if (chunk->frame_count == 1)
		chunks->items[chunks->count++] = chunk;
	return NULL;
}

struct kt_error *kt_packer_append(struct kt_packer *packer, struct kt_chunks *chunks,
				  uint64_t host_mono_ns, uint32_t index,
				  const struct kt_snapshot *snapshot, const uint32_t *numbers,
				  struct kt_buf *introduced)
{
	struct kt_packed frame = { .host_mono_ns = host_mono_ns, .index = index };
	const struct kt_chunk *last = packer->before.chunk;
	bool is_key = !last || last->frame_count == KT_SERIES_KEY_INTERVAL;
	struct kt_chunk *chunk;

	packer->out.failed = false;
	packer->new_texts.failed = false;
	KT_TRY(pack(packer, snapshot, numbers, is_key));
	frame.size = (uint32_t)packer->out.len;
	KT_TRY(open_chunk(chunks, is_key, &chunk));
	frame.bytes = malloc(packer->out.len);
	struct kt_error *err = kt_error_no_memory();
	if (frame.bytes) {
		memcpy(frame.bytes, packer->out.data, packer->out.len);
		err = add_frame(packer, chunks, chunk, &frame, snapshot, introduced);
	}
	if (err) {
		free(frame.bytes);
		if (is_key)
			kt_chunk_release(chunk);
	}
	return err;
}
