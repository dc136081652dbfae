/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/thread_fold.h"

#include <stdlib.h>
#include <string.h>

/* A tid, and the thread that has it: to see which of them were used again. */
struct tid_owner {
	uint32_t tid;
	uint64_t identity;
};

/* What a counter did from @last to @now; unknown unless both are known.  True if it went backwards. */
static bool difference(const struct kt_opt_u64 *last, const struct kt_opt_u64 *now,
		       struct kt_opt_u64 *ret)
{
	*ret = (struct kt_opt_u64){ 0 };
	if (!last->known || !now->known)
		return false;
	if (now->value < last->value)
		return true;
	*ret = KT_KNOWN(now->value - last->value);
	return false;
}

struct kt_counter_changes kt_counter_changes(const struct kt_row_reading *last,
					     const struct kt_thread *thread, uint64_t now_ns)
{
	struct kt_counter_changes changes = { 0 };

	changes.was_reset = difference(&last->allocated_bytes, &thread->allocated_bytes,
				       &changes.allocated_bytes);
	changes.was_reset |= difference(&last->deallocated_bytes, &thread->deallocated_bytes,
					&changes.deallocated_bytes);
	if (now_ns > last->counters_at_ns)
		changes.elapsed_ns = now_ns - last->counters_at_ns;
	/* After a reset the other counter started anew as well, whether one sees it or not. */
	if (changes.was_reset || !changes.elapsed_ns) {
		changes.allocated_bytes.known = false;
		changes.deallocated_bytes.known = false;
	}
	return changes;
}

void kt_counters_keep(struct kt_row_reading *last, const struct kt_thread *thread, uint64_t now_ns)
{
	if (!thread->allocated_bytes.known && !thread->deallocated_bytes.known)
		return;
	last->allocated_bytes = thread->allocated_bytes;
	last->deallocated_bytes = thread->deallocated_bytes;
	last->counters_at_ns = now_ns;
}

void kt_thread_row_keep_rate(struct kt_thread_row *row, const struct kt_counter_changes *changes,
			     uint32_t stamp)
{
	uint32_t at = stamp % KT_ROWS_HISTORY;

	if (!changes->allocated_bytes.known)
		return;
	row->history[at] = kt_per_second(changes->allocated_bytes.value, changes->elapsed_ns);
	row->history_known |= 1U << at;
}

static void fold_counters(struct kt_thread_row *row, const struct kt_thread *thread,
			  uint64_t now_ns, uint32_t stamp)
{
	struct kt_counter_changes changes = kt_counter_changes(&row->last, thread, now_ns);

	row->allocated_bytes = thread->allocated_bytes;
	row->deallocated_bytes = thread->deallocated_bytes;
	row->counters_elapsed_ns = changes.elapsed_ns;
	row->allocated_more_bytes = changes.allocated_bytes;
	row->deallocated_more_bytes = changes.deallocated_bytes;
	if (changes.was_reset)
		row->status = KT_ROW_RESET;
	kt_thread_row_keep_rate(row, &changes, stamp);
	kt_counters_keep(&row->last, thread, now_ns);
}

static struct kt_opt_u64 sum(struct kt_opt_u64 left, struct kt_opt_u64 right)
{
	if (!left.known || !right.known || left.value > UINT64_MAX - right.value)
		return (struct kt_opt_u64){ 0 };
	return KT_KNOWN(left.value + right.value);
}

/* Time on a CPU as the scheduler counts it, or in ticks. */
static struct kt_opt_u64 run_time(const struct kt_thread_extras *extras)
{
	return extras->run_ns.known ? extras->run_ns : sum(extras->utime_ns, extras->stime_ns);
}

static void fold_extras(struct kt_thread_row *row, const struct kt_thread_extras *extras,
			uint64_t now_ns)
{
	static const struct kt_thread_extras none = { 0 };
	struct kt_row_reading *last = &row->last;
	bool is_later = now_ns > last->extras_at_ns;

	if (!extras)
		extras = &none;
	row->state = extras->state ? extras->state[0] : '\0';
	row->cpu = extras->cpu;
	row->run_ns = run_time(extras);
	row->run_delay_ns = extras->run_delay_ns;
	row->switches = sum(extras->voluntary_switches, extras->involuntary_switches);
	row->extras_elapsed_ns = is_later ? now_ns - last->extras_at_ns : 0;
	(void)difference(&last->run_ns, &row->run_ns, &row->run_more_ns);
	(void)difference(&last->run_delay_ns, &row->run_delay_ns, &row->run_delay_more_ns);
	(void)difference(&last->switches, &row->switches, &row->switches_more);
	if (!is_later) {
		row->run_more_ns.known = false;
		row->run_delay_more_ns.known = false;
		row->switches_more.known = false;
	}
	if (!row->run_ns.known && !row->run_delay_ns.known && !row->switches.known)
		return;
	last->run_ns = row->run_ns;
	last->run_delay_ns = row->run_delay_ns;
	last->switches = row->switches;
	last->extras_at_ns = now_ns;
}

static void set_name(struct kt_thread_row *row, const char *comm)
{
	if (!comm)
		return;
	size_t len = strnlen(comm, sizeof(row->comm) - 1);
	memcpy(row->comm, comm, len);
	row->comm[len] = '\0';
}

static bool is_first_of_all(const struct kt_thread_rows *rows)
{
	return rows->first_stamp == 1;
}

/* The row of a thread of this frame: at its place in the last frame, if nothing came or went. */
static struct kt_error *take_row(struct kt_thread_rows *rows, size_t hint, uint32_t target_pid,
				 uint32_t tid, struct kt_opt_u64 start_time_jiffies,
				 struct kt_thread_row **ret)
{
	struct kt_thread_row *row = hint < rows->count ? rows->rows[hint] : NULL;
	uint64_t start = start_time_jiffies.known ? start_time_jiffies.value : 0;

	if (!row || row->tid != tid || row->start_time_jiffies != start) {
		uint64_t identity = kt_thread_identity(rows->group, target_pid, tid, start);

		row = kt_thread_rows_lookup(rows, identity);
		if (!row)
			KT_TRY(kt_thread_rows_add(rows, identity, &row));
	}
	bool is_new = !row->seen || row->gone_count;
	bool is_first = rows->stamp == rows->first_stamp;
	row->tid = tid;
	row->start_time_jiffies = start;
	row->status = is_new && !is_first ? KT_ROW_NEW : KT_ROW_SAME;
	/* What came later, or with the first frame of all, has no past. */
	row->has_past |= !row->seen && (!is_first || is_first_of_all(rows));
	row->gone_count = 0;
	row->reason = "";
	row->seen = rows->stamp;
	row->history_known &= ~(1U << rows->stamp % KT_ROWS_HISTORY);
	*ret = row;
	return NULL;
}

static struct kt_error *fold_thread(struct kt_thread_rows *rows, uint32_t target_pid, size_t at)
{
	const struct kt_snapshot *snapshot = &rows->frame.snapshot;
	const struct kt_thread *thread = &snapshot->threads[at];
	struct kt_thread_row *row;

	KT_TRY(take_row(rows, at, target_pid, thread->tid, thread->start_time_jiffies, &row));
	row->number = rows->frame.thread_numbers[at];
	row->has_number = true;
	set_name(row, thread->comm);
	fold_counters(row, thread, snapshot->elapsed_since_start_ns, rows->stamp);
	fold_extras(row, thread->extras, snapshot->elapsed_since_start_ns);
	if (thread->error) {
		row->status = KT_ROW_FAILED;
		row->reason = thread->error_kind ? thread->error_kind : thread->error;
	}
	return NULL;
}

static struct kt_error *fold_skipped(struct kt_thread_rows *rows, uint32_t target_pid, size_t at)
{
	const struct kt_snapshot *snapshot = &rows->frame.snapshot;
	const struct kt_skipped_thread *thread = &snapshot->skipped[at];
	static const struct kt_thread nothing = { 0 };
	struct kt_thread_row *row;

	KT_TRY(take_row(rows, snapshot->thread_count + at, target_pid, thread->tid,
			thread->start_time_jiffies, &row));
	set_name(row, thread->comm);
	fold_counters(row, &nothing, snapshot->elapsed_since_start_ns, rows->stamp);
	fold_extras(row, NULL, snapshot->elapsed_since_start_ns);
	row->status = KT_ROW_SKIPPED;
	row->reason = thread->reason ? thread->reason : "";
	return NULL;
}

/* What nothing can be said about between this frame and the last. */
static void forget_differences(struct kt_thread_row *row)
{
	row->allocated_more_bytes.known = false;
	row->deallocated_more_bytes.known = false;
	row->run_more_ns.known = false;
	row->run_delay_more_ns.known = false;
	row->switches_more.known = false;
	row->counters_elapsed_ns = 0;
	row->extras_elapsed_ns = 0;
	row->cpu.known = false;
	row->state = '\0';
}

static void fold_absent(struct kt_thread_rows *rows)
{
	const struct kt_snapshot_extras *extras = rows->frame.snapshot.extras;
	bool is_partial = extras && extras->partial.known && extras->partial.value;

	for (size_t i = 0; i < rows->count; i++) {
		struct kt_thread_row *row = rows->rows[i];

		if (row->seen == rows->stamp)
			continue;
		forget_differences(row);
		row->history_known &= ~(1U << rows->stamp % KT_ROWS_HISTORY);
		row->reason = "";
		if (is_partial && !row->gone_count) {
			row->status = KT_ROW_MISSED;
			continue;
		}
		row->status = KT_ROW_GONE;
		row->gone_count++;
	}
}

static int by_tid(const void *left, const void *right)
{
	const struct tid_owner *one = left;
	const struct tid_owner *other = right;

	return one->tid < other->tid ? -1 : one->tid > other->tid;
}

/* Marks new rows whose tid was that of a thread that is gone. */
static void mark_reused(struct kt_thread_rows *rows)
{
	struct kt_buf *owners = &rows->scratch;
	size_t new_count = 0;

	kt_buf_reset(owners);
	for (size_t i = 0; i < rows->count; i++) {
		const struct kt_thread_row *row = rows->rows[i];
		struct tid_owner owner = { .tid = row->tid, .identity = row->identity };

		new_count += row->status == KT_ROW_NEW;
		if (row->status == KT_ROW_GONE)
			kt_buf_append(owners, &owner, sizeof(owner));
	}
	size_t count = owners->len / sizeof(struct tid_owner);
	if (!new_count || !count)
		return;
	qsort(owners->data, count, sizeof(struct tid_owner), by_tid);
	for (size_t i = 0; i < rows->count; i++) {
		struct tid_owner key = { .tid = rows->rows[i]->tid };

		if (rows->rows[i]->status == KT_ROW_NEW &&
		    bsearch(&key, owners->data, count, sizeof(key), by_tid))
			rows->rows[i]->status = KT_ROW_REUSED;
	}
}

struct kt_error *kt_thread_rows_fold(struct kt_thread_rows *rows, uint32_t target_pid)
{
	const struct kt_snapshot *snapshot = &rows->frame.snapshot;

	rows->stamp++;
	for (size_t i = 0; i < snapshot->thread_count; i++)
		KT_TRY(fold_thread(rows, target_pid, i));
	for (size_t i = 0; i < snapshot->skipped_count; i++)
		KT_TRY(fold_skipped(rows, target_pid, i));
	fold_absent(rows);
	kt_thread_rows_drop_gone(rows);
	mark_reused(rows);
	return kt_buf_error(&rows->scratch);
}
