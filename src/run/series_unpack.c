/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/series_pack.h"

#include <assert.h>
#include <string.h>

/* ---- places of numbers ---- */

static const size_t thread_numbers[KT_ROW_THREAD_NUMBERS] = {
	offsetof(struct kt_thread, allocated_bytes),
	offsetof(struct kt_thread, deallocated_bytes),
};

static const size_t extras_numbers[KT_ROW_NUMBERS - KT_ROW_THREAD_NUMBERS] = {
	offsetof(struct kt_thread_extras, cpu),
	offsetof(struct kt_thread_extras, run_ns),
	offsetof(struct kt_thread_extras, run_delay_ns),
	offsetof(struct kt_thread_extras, voluntary_switches),
	offsetof(struct kt_thread_extras, involuntary_switches),
	offsetof(struct kt_thread_extras, utime_ns),
	offsetof(struct kt_thread_extras, stime_ns),
	offsetof(struct kt_thread_extras, tcache_bytes),
};

static const size_t process_numbers[KT_PROCESS_NUMBERS] = {
	offsetof(struct kt_snapshot_extras, duration_ns),
	offsetof(struct kt_snapshot_extras, read_calls),
	offsetof(struct kt_snapshot_extras, stopped_threads),
	offsetof(struct kt_snapshot_extras, longest_stop_ns),
	offsetof(struct kt_snapshot_extras, rss_bytes),
	offsetof(struct kt_snapshot_extras, jemalloc_active_bytes),
	offsetof(struct kt_snapshot_extras, arenas),
};

struct kt_opt_u64 *kt_row_number(struct kt_thread *thread, struct kt_thread_extras *extras,
				 int which)
{
	char *place = which < KT_ROW_THREAD_NUMBERS
			      ? (char *)thread + thread_numbers[which]
			      : (char *)extras + extras_numbers[which - KT_ROW_THREAD_NUMBERS];

	return (struct kt_opt_u64 *)(void *)place;
}

struct kt_opt_u64 *kt_process_number(struct kt_snapshot_extras *extras, int which)
{
	return (struct kt_opt_u64 *)(void *)((char *)extras + process_numbers[which]);
}

/* ---- reading ---- */

struct reader {
	const unsigned char *at;
	struct kt_rows *rows;
	uint32_t number; /* those of the row that was new before */
	uint32_t tid;
	uint32_t known;
	uint64_t start_time_jiffies;
	bool failed; /* no memory */
};

static uint64_t take(struct reader *reader)
{
	uint64_t value = *reader->at++;
	unsigned shift = 7;

	if (value < 0x80)
		return value;
	value &= 0x7f;
	for (;;) {
		uint64_t byte = *reader->at++;

		value |= (byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
		shift += 7;
	}
}

/* A difference, to be added. */
static uint64_t take_step(struct reader *reader)
{
	uint64_t value = take(reader);

	return value >> 1 ^ (0 - (value & 1));
}

static const char *take_text(struct reader *reader)
{
	struct kt_rows *rows = reader->rows;
	uint64_t which = take(reader);

	if (which < rows->text_count)
		return rows->texts[which];
	size_t len = take(reader);
	const char *text = (const char *)reader->at;
	reader->at += len + 1;
	if (!kt_rows_make_room(&rows->texts, &rows->text_cap, rows->text_count + 1,
			       sizeof(*rows->texts)))
		reader->failed = true;
	else
		rows->texts[rows->text_count++] = text;
	return text;
}

static void take_extras(struct reader *reader)
{
	struct kt_snapshot_extras *extras = &reader->rows->extras;
	uint64_t known = take(reader);

	for (int i = 0; i < KT_PROCESS_NUMBERS; i++) {
		struct kt_opt_u64 *number = kt_process_number(extras, i);

		number->known = known >> i & 1;
		number->value = number->known ? number->value + take_step(reader) : 0;
	}
	extras->partial.known = known >> KT_PROCESS_NUMBERS & 1;
	extras->partial.value = known >> (KT_PROCESS_NUMBERS + 1) & 1;
	reader->rows->snapshot.extras = extras;
}

static void take_skipped(struct reader *reader)
{
	struct kt_rows *rows = reader->rows;
	size_t count = take(reader);
	uint32_t tid = 0;

	if (!kt_rows_make_room(&rows->skipped, &rows->skipped_cap, count, sizeof(*rows->skipped))) {
		reader->failed = true;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct kt_skipped_thread *thread = &rows->skipped[i];
		uint64_t start_plus_one;

		tid += (uint32_t)take_step(reader);
		*thread = (struct kt_skipped_thread){ .tid = tid };
		thread->comm = take_text(reader);
		thread->reason = take_text(reader);
		start_plus_one = take(reader);
		thread->start_time_jiffies.known = start_plus_one;
		thread->start_time_jiffies.value = start_plus_one ? take(reader) : 0;
	}
	rows->snapshot.skipped = rows->skipped;
	rows->snapshot.skipped_count = count;
}

static void take_shape(struct reader *reader, struct kt_thread *thread,
		       struct kt_thread_extras *extras, uint32_t known)
{
	for (int i = 0; i < KT_ROW_NUMBERS; i++) {
		struct kt_opt_u64 *number = kt_row_number(thread, extras, i);

		number->known = known >> i & 1;
		if (!number->known)
			number->value = 0;
	}
	thread->extras = known & KT_ROW_EXTRAS ? extras : NULL;
	thread->comm = take_text(reader);
	thread->error = take_text(reader);
	thread->error_kind = take_text(reader);
}

static void take_new(struct reader *reader, struct kt_row_list *list, size_t place, bool is_alike)
{
	struct kt_thread *thread = &list->threads[place];
	struct kt_thread_extras *extras = &list->extras[place];

	*thread = (struct kt_thread){ 0 };
	*extras = (struct kt_thread_extras){ 0 };
	if (!is_alike)
		reader->known = (uint32_t)take(reader);
	reader->number += (uint32_t)take_step(reader);
	reader->tid += (uint32_t)take_step(reader);
	list->numbers[place] = reader->number;
	thread->tid = reader->tid;
	if (reader->known & KT_ROW_START) {
		reader->start_time_jiffies += take_step(reader);
		thread->start_time_jiffies = KT_KNOWN(reader->start_time_jiffies);
	}
	take_shape(reader, thread, extras, reader->known);
	if (reader->known & KT_ROW_EXTRAS)
		extras->state = take_text(reader);
	for (int i = 0; i < KT_ROW_NUMBERS; i++) {
		if (reader->known >> i & 1)
			kt_row_number(thread, extras, i)->value = take(reader);
	}
}

static void take_change(struct reader *reader, struct kt_row_list *list, size_t place,
			uint64_t change)
{
	struct kt_thread *thread = &list->threads[place];
	struct kt_thread_extras *extras = &list->extras[place];

	if (change & KT_CHANGE_SHAPE)
		take_shape(reader, thread, extras, (uint32_t)take(reader));
	if (change & KT_CHANGE_STATE)
		extras->state = take_text(reader);
	for (uint64_t left = change & (KT_CHANGE_STATE - 1); left; left &= left - 1) {
		struct kt_opt_u64 *number = kt_row_number(thread, extras, __builtin_ctzll(left));

		if (number->known)
			number->value += take_step(reader);
	}
}

static void copy_rows(const struct kt_row_list *from, size_t from_place, struct kt_row_list *to,
		      size_t to_place, size_t count)
{
	memcpy(&to->threads[to_place], &from->threads[from_place], count * sizeof(*to->threads));
	memcpy(&to->extras[to_place], &from->extras[from_place], count * sizeof(*to->extras));
	memcpy(&to->numbers[to_place], &from->numbers[from_place], count * sizeof(*to->numbers));
	for (size_t i = to_place; i < to_place + count; i++) {
		if (to->threads[i].extras)
			to->threads[i].extras = &to->extras[i];
	}
}

/* Makes the @count rows of @to from those of @from, which may be the same list. */
static void take_rows(struct reader *reader, const struct kt_row_list *from, struct kt_row_list *to,
		      size_t count, struct kt_buf *introduced)
{
	size_t before = 0;

	for (size_t now = 0; now < count && !reader->failed;) {
		uint64_t op = take(reader);
		uint64_t rest = op >> 2;

		switch ((enum kt_pack_op)(op & 3)) {
		case KT_PACK_SKIP:
			before += rest;
			continue;
		case KT_PACK_KEEP:
			if (from != to)
				copy_rows(from, before, to, now, rest);
			before += rest;
			now += rest;
			continue;
		case KT_PACK_CHANGE:
			if (from != to)
				copy_rows(from, before, to, now, 1);
			take_change(reader, to, now, rest);
			before++;
			break;
		case KT_PACK_NEW:
			take_new(reader, to, now, rest);
			if (introduced) {
				struct kt_identity identity = kt_identity_of(&to->threads[now]);
				kt_buf_append(introduced, &identity, sizeof(identity));
			}
			break;
		}
		now++;
	}
}

static void begin_chunk(struct kt_rows *rows)
{
	rows->snapshot = (struct kt_snapshot){ 0 };
	rows->extras = (struct kt_snapshot_extras){ 0 };
	rows->text_count = 0;
}

static void take_frame(struct reader *reader, struct kt_buf *introduced)
{
	struct kt_rows *rows = reader->rows;
	struct kt_snapshot *snapshot = &rows->snapshot;
	unsigned flags = *reader->at++;

	if (flags & KT_PACK_KEY) {
		begin_chunk(rows);
		rows->texts[rows->text_count++] = NULL;
	}
	snapshot->timestamp_unix_sec += take_step(reader);
	snapshot->elapsed_since_start_ns += take_step(reader);
	snapshot->extras = NULL;
	if (flags & KT_PACK_EXTRAS)
		take_extras(reader);
	else
		rows->extras = (struct kt_snapshot_extras){ 0 };
	if (flags & KT_PACK_SKIPPED)
		take_skipped(reader);
	size_t count = take(reader);
	bool is_same = flags & KT_PACK_SAME_LIST;
	if (!is_same && !kt_row_list_make(&rows->spare, count))
		reader->failed = true;
	if (reader->failed)
		return;
	take_rows(reader, &rows->list, is_same ? &rows->list : &rows->spare, count, introduced);
	if (!is_same) {
		struct kt_row_list old = rows->list;

		rows->list = rows->spare;
		rows->spare = old;
	}
	snapshot->threads = rows->list.threads;
	snapshot->thread_count = count;
}

struct kt_error *kt_rows_step(struct kt_rows *rows, struct kt_chunk *chunk, size_t at,
			      struct kt_buf *introduced)
{
	const struct kt_packed *packed = &chunk->frames[at];
	struct reader reader = { .at = packed->bytes, .rows = rows };

	if (!kt_rows_make_room(&rows->texts, &rows->text_cap, 1, sizeof(*rows->texts)))
		reader.failed = true;
	else
		take_frame(&reader, introduced);
	if (reader.failed) {
		kt_chunk_release(rows->chunk);
		rows->chunk = NULL;
		begin_chunk(rows);
		return kt_error_no_memory();
	}
	assert(reader.at == packed->bytes + packed->size);
	if (rows->chunk != chunk) {
		kt_chunk_release(rows->chunk);
		rows->chunk = chunk;
		chunk->use_count++;
	}
	rows->at = at;
	return NULL;
}
