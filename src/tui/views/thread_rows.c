/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/thread_rows.h"

#include <stdlib.h>
#include <string.h>

#include "tui/views/thread_fold.h"

#define NS_PER_S 1000000000ULL

enum {
	FIRST_SLOTS = 64, /* a power of two */
};

/* A bijection that spreads its input over all bits (splitmix64's finalizer). */
static uint64_t mix(uint64_t value)
{
	value ^= value >> 30;
	value *= 0xbf58476d1ce4e5b9ULL;
	value ^= value >> 27;
	value *= 0x94d049bb133111ebULL;
	return value ^ value >> 31;
}

uint64_t kt_thread_identity(uint32_t group, uint32_t target_pid, uint32_t tid,
			    uint64_t start_time_jiffies)
{
	uint64_t identity = mix((uint64_t)group << 32 | target_pid);

	identity = mix(identity ^ start_time_jiffies);
	identity = mix(identity ^ tid);
	return identity ? identity : 1;
}

static size_t first_slot(const struct kt_thread_rows *rows, uint64_t identity)
{
	return (size_t)identity & (rows->slot_cap - 1);
}

static uint32_t *find_slot(const struct kt_thread_rows *rows, uint64_t identity)
{
	for (size_t at = first_slot(rows, identity);; at = (at + 1) & (rows->slot_cap - 1))
		if (!rows->slots[at] || rows->rows[rows->slots[at] - 1]->identity == identity)
			return &rows->slots[at];
}

/* Enters all rows anew into @cap slots. */
static struct kt_error *rehash(struct kt_thread_rows *rows, size_t cap)
{
	uint32_t *slots = calloc(cap, sizeof(*slots));

	if (!slots)
		return kt_error_no_memory();
	free(rows->slots);
	rows->slots = slots;
	rows->slot_cap = cap;
	for (size_t i = 0; i < rows->count; i++)
		*find_slot(rows, rows->rows[i]->identity) = (uint32_t)i + 1;
	return NULL;
}

struct kt_thread_row *kt_thread_rows_lookup(const struct kt_thread_rows *rows, uint64_t identity)
{
	uint32_t place = rows->slot_cap ? *find_slot(rows, identity) : 0;

	return place ? rows->rows[place - 1] : NULL;
}

const struct kt_thread_row *kt_thread_rows_find(const struct kt_thread_rows *rows,
						uint64_t identity)
{
	return kt_thread_rows_lookup(rows, identity);
}

struct kt_error *kt_thread_rows_add(struct kt_thread_rows *rows, uint64_t identity,
				    struct kt_thread_row **ret)
{
	bool is_kept = rows->count < rows->made;

	if (!is_kept && rows->made == rows->cap) {
		size_t cap = rows->cap ? rows->cap * 2 : FIRST_SLOTS / 2;
		struct kt_thread_row **more =
			realloc(rows->rows, cap * sizeof(struct kt_thread_row *));

		if (!more)
			return kt_error_no_memory();
		rows->rows = more;
		rows->cap = cap;
	}
	if ((rows->count + 1) * 2 > rows->slot_cap)
		KT_TRY(rehash(rows, rows->slot_cap ? rows->slot_cap * 2 : FIRST_SLOTS));
	struct kt_thread_row *row = is_kept ? rows->rows[rows->count] : malloc(sizeof(*row));
	if (!row)
		return kt_error_no_memory();
	*row = (struct kt_thread_row){
		.identity = identity,
		.group = rows->group,
		.rank = UINT32_MAX,
		.reason = "",
	};
	rows->made += !is_kept;
	rows->rows[rows->count++] = row;
	*find_slot(rows, identity) = (uint32_t)rows->count;
	*ret = row;
	return NULL;
}

static void free_kept(struct kt_thread_rows *rows)
{
	while (rows->made > rows->count)
		free(rows->rows[--rows->made]);
}

void kt_thread_rows_drop_gone(struct kt_thread_rows *rows)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->count; i++) {
		struct kt_thread_row *row = rows->rows[i];

		if (row->gone_count > KT_ROWS_GONE_FRAMES)
			continue;
		/* They change places, so that those to go come behind those that stay. */
		rows->rows[i] = rows->rows[kept];
		rows->rows[kept++] = row;
	}
	if (kept == rows->count)
		return;
	rows->count = kept;
	if (rows->made - kept > kept + FIRST_SLOTS)
		free_kept(rows);
	memset(rows->slots, 0, rows->slot_cap * sizeof(*rows->slots));
	for (size_t i = 0; i < kept; i++)
		*find_slot(rows, rows->rows[i]->identity) = (uint32_t)i + 1;
}

/* Forgets all rows, and keeps what they take for those that come. */
static void clear(struct kt_thread_rows *rows)
{
	rows->count = 0;
	if (rows->slots)
		memset(rows->slots, 0, rows->slot_cap * sizeof(*rows->slots));
	rows->stamp = 0;
	rows->about.has_frame = false;
}

void kt_thread_rows_deinit(struct kt_thread_rows *rows)
{
	clear(rows);
	free_kept(rows);
	free(rows->rows);
	free(rows->slots);
	kt_series_frame_deinit(&rows->frame);
	kt_series_frame_deinit(&rows->past);
	kt_buf_deinit(&rows->scratch);
	*rows = (struct kt_thread_rows){ 0 };
}

/* What is to be folded. */
struct choice {
	const struct kt_run_probe_run *run;
	size_t probe;
	size_t place; /* of the frame */
};

/* Takes the run of @probe at the moment, or the one before if that has no frame yet, when it is later. */
static void consider(const struct kt_run_probe *probe, size_t number, uint64_t moment_ns,
		     struct choice *choice)
{
	const struct kt_run_probe_run *run = kt_moment_probe_run(probe, moment_ns);
	size_t place;

	for (int tries = 0; run && tries < 2; tries++) {
		if (choice->run && run->started_mono_ns < choice->run->started_mono_ns)
			return;
		if (run->series && kt_series_find(run->series, moment_ns, &place)) {
			*choice = (struct choice){ .run = run, .probe = number, .place = place };
			return;
		}
		run = run > probe->runs ? run - 1 : NULL;
	}
}

/* The first frame from which on none was dropped: behind it, indices grow by one. */
static uint64_t coarse_until(const struct kt_series *series, size_t frame_count)
{
	size_t low = 0;
	size_t high = frame_count - 1;
	uint32_t last_index, index;

	(void)kt_series_time(series, high, &last_index);
	size_t last = high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		(void)kt_series_time(series, middle, &index);
		if (last_index - index == last - middle)
			high = middle;
		else
			low = middle + 1;
	}
	return kt_series_time(series, high, &index);
}

static void describe(struct kt_thread_rows *rows, const struct choice *choice)
{
	struct kt_rows_frame *about = &rows->about;
	const struct kt_run_probe_run *run = choice->run;

	about->stats = kt_series_stats(run->series);
	about->has_ended = run->ended && choice->place + 1 == about->stats.frame_count;
	about->interval_ms = run->start.interval_ms.known ? run->start.interval_ms.value : 0;
	about->history_coarse_ns = about->stats.dropped_count
					   ? coarse_until(run->series, about->stats.frame_count)
					   : 0;
}

static void describe_frame(struct kt_thread_rows *rows)
{
	struct kt_rows_frame *about = &rows->about;
	const struct kt_snapshot *snapshot = &rows->frame.snapshot;

	about->has_frame = true;
	about->host_mono_ns = rows->frame.host_mono_ns;
	about->index = rows->frame.index;
	about->timestamp_unix_sec = snapshot->timestamp_unix_sec;
	about->elapsed_since_start_ns = snapshot->elapsed_since_start_ns;
	about->extras = snapshot->extras ? *snapshot->extras : (struct kt_snapshot_extras){ 0 };
	about->failed_count = kt_snapshot_failed_count(snapshot);
	about->skipped_count = snapshot->skipped_count;
}

/* Where to go on from the frame that is folded to reach @place; false: from there it cannot be done. */
static bool find_start(const struct kt_thread_rows *rows, size_t place, size_t *ret)
{
	if (!rows->about.has_frame)
		return false;
	for (size_t back = 0; back <= KT_ROWS_HISTORY && back <= place; back++) {
		uint32_t index;

		(void)kt_series_time(rows->series, place - back, &index);
		if (index == rows->about.index) {
			*ret = place - back + 1;
			return true;
		}
		if (index < rows->about.index)
			return false;
	}
	return false;
}

/* Forgets all and begins with what has to be known of all rows at @place; returns where. */
static size_t begin_before(struct kt_thread_rows *rows, size_t place)
{
	size_t first = place > KT_ROWS_NEAR_FRAMES ? place - KT_ROWS_NEAR_FRAMES : 0;
	size_t past = place > KT_ROWS_HISTORY ? place - KT_ROWS_HISTORY : 0;

	clear(rows);
	rows->stamp = (uint32_t)(first - past);
	rows->first_stamp = rows->stamp + 1;
	rows->past_place = past;
	(void)kt_series_time(rows->series, first, &rows->first_index);
	(void)kt_series_time(rows->series, past, &rows->past_index);
	return first;
}

static struct kt_error *fold_to(struct kt_thread_rows *rows, uint32_t target_pid, size_t place,
				bool *ret_changed)
{
	size_t next;

	if (!find_start(rows, place, &next))
		next = begin_before(rows, place);
	for (; next <= place; next++) {
		*ret_changed = true;
		rows->about.has_frame = false; /* what is half done is not gone on with */
		KT_TRY(kt_series_read(rows->series, next, &rows->frame));
		KT_TRY(kt_thread_rows_fold(rows, target_pid));
		if (next == place)
			describe_frame(rows);
	}
	return NULL;
}

struct kt_error *kt_thread_rows_update(struct kt_thread_rows *rows,
				       const struct kt_run_scenario *scenario, uint64_t moment_ns,
				       bool *ret_changed)
{
	struct choice choice = { 0 };

	*ret_changed = false;
	for (size_t i = 0; i < scenario->probe_count; i++)
		consider(&scenario->probes[i], i, moment_ns, &choice);
	const struct kt_series *series = choice.run ? choice.run->series : NULL;
	if (series != rows->series) {
		*ret_changed = true;
		clear(rows);
		kt_series_frame_deinit(&rows->frame);
		kt_series_frame_deinit(&rows->past);
		rows->series = series;
	}
	if (!series)
		return NULL;
	rows->probe = choice.probe;
	rows->run = (size_t)(choice.run - scenario->probes[choice.probe].runs);
	describe(rows, &choice);
	return fold_to(rows, choice.run->target_pid, choice.place, ret_changed);
}

size_t kt_thread_row_history(const struct kt_thread_rows *rows, const struct kt_thread_row *row,
			     struct kt_graph_value values[KT_ROWS_HISTORY])
{
	for (uint32_t i = 0; i < KT_ROWS_HISTORY; i++) {
		uint32_t at = (rows->stamp + 1 + i) % KT_ROWS_HISTORY;

		values[i].is_known = row->history_known >> at & 1;
		values[i].value = values[i].is_known ? row->history[at] : 0;
	}
	return KT_ROWS_HISTORY;
}

uint64_t kt_per_second(uint64_t more, uint64_t elapsed_ns)
{
	if (more <= UINT64_MAX / NS_PER_S)
		return more * NS_PER_S / elapsed_ns;
	unsigned __int128 rate = (unsigned __int128)more * NS_PER_S / elapsed_ns;
	return rate > UINT64_MAX ? UINT64_MAX : (uint64_t)rate;
}
