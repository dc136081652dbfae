/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/run/snapshots.h"

#include <stdlib.h>
#include <string.h>

#include "tests/random.h"

static const char *const names[] = { "",	 "worker", "wörker", "a name of 15 b",
				     "\x01\x7f", "io",	   NULL };
static const char *const errors[] = { "it ended", "no permission", "" };
static const char *const kinds[] = { "ended", "permission" };
static const char *const states[] = { "R", "S", "D", "Z", NULL };

#define PICK(list, state) ((list)[kt_random_next(state) % (sizeof(list) / sizeof((list)[0]))])

static bool chance(uint64_t *state, unsigned one_in)
{
	return (kt_random_next(state) >> 20) % one_in == 0;
}

/* Small, large, the largest; now and then less than before. */
static uint64_t next_value(uint64_t value, uint64_t *state)
{
	uint64_t random = kt_random_next(state);

	switch (random >> 40 & 15) {
	case 0:
		return UINT64_MAX - (random & 3);
	case 1:
		return 0;
	case 2:
		return random;
	case 3:
		return value - (random & 0xff);
	default:
		return value + (random & 0xffff);
	}
}

static void change_number(struct kt_opt_u64 *number, uint64_t *state)
{
	if (chance(state, 16))
		number->known = !number->known;
	number->value = number->known ? next_value(number->value, state) : 0;
}

static void change_extras(struct kt_thread *thread, struct kt_thread_extras *extras,
			  uint64_t *state)
{
	struct kt_opt_u64 *const numbers[] = {
		&extras->cpu,
		&extras->utime_ns,
		&extras->stime_ns,
		&extras->run_ns,
		&extras->run_delay_ns,
		&extras->voluntary_switches,
		&extras->involuntary_switches,
		&extras->tcache_bytes,
	};

	if (chance(state, 10)) {
		thread->extras = thread->extras ? NULL : extras;
		*extras = (struct kt_thread_extras){ 0 };
	}
	if (!thread->extras)
		return;
	thread->extras = extras;
	extras->state = PICK(states, state);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (chance(state, 2))
			change_number(numbers[i], state);
	}
}

static void change_counters(struct kt_thread *thread, uint64_t *state)
{
	if (chance(state, 12)) {
		thread->error = PICK(errors, state);
		thread->error_kind = PICK(kinds, state);
		thread->allocated_bytes = (struct kt_opt_u64){ 0 };
		thread->deallocated_bytes = (struct kt_opt_u64){ 0 };
		return;
	}
	thread->error = NULL;
	thread->error_kind = NULL;
	thread->allocated_bytes = KT_KNOWN(next_value(thread->allocated_bytes.value, state));
	change_number(&thread->deallocated_bytes, state);
}

static void make_thread(struct fake *fake, size_t place, uint32_t tid, uint64_t *state)
{
	struct kt_thread *thread = &fake->threads[place];

	*thread = (struct kt_thread){ .tid = tid, .comm = PICK(names, state) };
	fake->extras[place] = (struct kt_thread_extras){ 0 };
	if (!chance(state, 8))
		thread->start_time_jiffies = KT_KNOWN(kt_random_next(state) >> 40);
	change_counters(thread, state);
	if (chance(state, 2))
		thread->extras = &fake->extras[place];
	change_extras(thread, &fake->extras[place], state);
}

static void make_process(struct fake *fake, uint64_t *state)
{
	fake->process.partial.known = chance(state, 2);
	fake->process.partial.value = fake->process.partial.known && chance(state, 2);
	change_number(&fake->process.duration_ns, state);
	change_number(&fake->process.read_calls, state);
	change_number(&fake->process.stopped_threads, state);
	change_number(&fake->process.longest_stop_ns, state);
	change_number(&fake->process.rss_bytes, state);
	change_number(&fake->process.jemalloc_active_bytes, state);
	change_number(&fake->process.arenas, state);
	fake->snapshot.extras = chance(state, 5) ? NULL : &fake->process;
}

static void make_skipped(struct fake *fake, uint64_t *state)
{
	fake->snapshot.skipped = fake->skipped;
	if (!chance(state, 4))
		return;
	fake->snapshot.skipped_count = kt_random_next(state) % 5;
	for (size_t i = 0; i < fake->snapshot.skipped_count; i++) {
		fake->skipped[i] = (struct kt_skipped_thread){
			.tid = (uint32_t)kt_random_next(state),
			.comm = PICK(names, state),
			.reason = PICK(errors, state),
		};
		if (chance(state, 2))
			fake->skipped[i].start_time_jiffies = KT_KNOWN(kt_random_next(state));
	}
}

static void allocate(struct fake *fake, size_t count)
{
	*fake = (struct fake){ 0 };
	fake->threads = calloc(count + 1, sizeof(*fake->threads));
	fake->extras = calloc(count + 1, sizeof(*fake->extras));
	if (!fake->threads || !fake->extras)
		abort();
	fake->snapshot.threads = fake->threads;
}

void fake_begin(struct fake *fake, size_t count, uint64_t *state)
{
	allocate(fake, count);
	fake->snapshot.thread_count = count;
	for (size_t i = 0; i < count; i++)
		make_thread(fake, i, (uint32_t)(1000 + i), state);
	make_process(fake, state);
	make_skipped(fake, state);
}

static size_t copy_thread(const struct fake *before, size_t from, struct fake *fake, size_t to,
			  uint64_t *state)
{
	struct kt_thread *thread = &fake->threads[to];

	*thread = before->threads[from];
	fake->extras[to] = before->extras[from];
	if (thread->extras)
		thread->extras = &fake->extras[to];
	if (chance(state, 30)) /* the tid is used by another thread */
		thread->start_time_jiffies = KT_KNOWN(kt_random_next(state) >> 40);
	if (chance(state, 30))
		thread->comm = PICK(names, state);
	if (chance(state, 3)) {
		change_counters(thread, state);
		change_extras(thread, &fake->extras[to], state);
	}
	return to + 1;
}

/* Some end, some begin at the end or in between, and two may change places. */
static void next_threads(const struct fake *before, struct fake *fake, uint64_t *state)
{
	size_t count = 0;
	bool is_quiet = chance(state, 2);

	for (size_t i = 0; i < before->snapshot.thread_count; i++) {
		if (!is_quiet && chance(state, 12))
			continue;
		if (!is_quiet && chance(state, 12))
			make_thread(fake, count++, 5000 + (uint32_t)(kt_random_next(state) % 60),
				    state);
		count = copy_thread(before, i, fake, count, state);
	}
	for (unsigned i = 0; i < 5 && !is_quiet && chance(state, 2); i++)
		make_thread(fake, count++, (uint32_t)kt_random_next(state) | 1, state);
	if (count > 2 && chance(state, 10)) {
		struct kt_thread first = fake->threads[0];

		fake->threads[0] = fake->threads[count - 1];
		fake->threads[count - 1] = first;
	}
	fake->snapshot.thread_count = count;
}

void fake_next(const struct fake *before, struct fake *fake, uint64_t *state)
{
	allocate(fake, before->snapshot.thread_count * 2 + 8);
	fake->process = before->process;
	memcpy(fake->skipped, before->skipped, sizeof(fake->skipped));
	fake->snapshot.skipped_count = before->snapshot.skipped_count;
	fake->snapshot.timestamp_unix_sec = next_value(before->snapshot.timestamp_unix_sec, state);
	fake->snapshot.elapsed_since_start_ns =
		next_value(before->snapshot.elapsed_since_start_ns, state);
	next_threads(before, fake, state);
	make_process(fake, state);
	make_skipped(fake, state);
}

void fake_deinit(struct fake *fake)
{
	free(fake->threads);
	free(fake->extras);
	*fake = (struct fake){ 0 };
}

/* ---- comparing: one assertion of Check costs a write, so there is one per snapshot ---- */

static bool same_number(const struct kt_opt_u64 *a, const struct kt_opt_u64 *b)
{
	return a->known == b->known && (!a->known || a->value == b->value);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_extras(const struct kt_thread_extras *a, const struct kt_thread_extras *b)
{
	if (!a || !b)
		return a == b;
	return same_text(a->state, b->state) && same_number(&a->cpu, &b->cpu) &&
	       same_number(&a->utime_ns, &b->utime_ns) && same_number(&a->stime_ns, &b->stime_ns) &&
	       same_number(&a->run_ns, &b->run_ns) &&
	       same_number(&a->run_delay_ns, &b->run_delay_ns) &&
	       same_number(&a->voluntary_switches, &b->voluntary_switches) &&
	       same_number(&a->involuntary_switches, &b->involuntary_switches) &&
	       same_number(&a->tcache_bytes, &b->tcache_bytes);
}

static bool same_thread(const struct kt_thread *a, const struct kt_thread *b)
{
	return a->tid == b->tid && same_text(a->comm, b->comm) && same_text(a->error, b->error) &&
	       same_text(a->error_kind, b->error_kind) &&
	       same_number(&a->start_time_jiffies, &b->start_time_jiffies) &&
	       same_number(&a->allocated_bytes, &b->allocated_bytes) &&
	       same_number(&a->deallocated_bytes, &b->deallocated_bytes) &&
	       same_extras(a->extras, b->extras);
}

static bool same_skipped(const struct kt_skipped_thread *a, const struct kt_skipped_thread *b)
{
	return a->tid == b->tid && same_text(a->comm, b->comm) && same_text(a->reason, b->reason) &&
	       same_number(&a->start_time_jiffies, &b->start_time_jiffies);
}

static bool same_process(const struct kt_snapshot_extras *a, const struct kt_snapshot_extras *b)
{
	if (!a || !b)
		return a == b;
	return same_number(&a->duration_ns, &b->duration_ns) &&
	       same_number(&a->read_calls, &b->read_calls) &&
	       same_number(&a->stopped_threads, &b->stopped_threads) &&
	       same_number(&a->longest_stop_ns, &b->longest_stop_ns) &&
	       same_number(&a->rss_bytes, &b->rss_bytes) &&
	       same_number(&a->jemalloc_active_bytes, &b->jemalloc_active_bytes) &&
	       same_number(&a->arenas, &b->arenas) && a->partial.known == b->partial.known &&
	       (!a->partial.known || a->partial.value == b->partial.value);
}

bool fake_is_equal(const struct kt_snapshot *a, const struct kt_snapshot *b)
{
	if (a->timestamp_unix_sec != b->timestamp_unix_sec ||
	    a->elapsed_since_start_ns != b->elapsed_since_start_ns ||
	    a->thread_count != b->thread_count || a->skipped_count != b->skipped_count)
		return false;
	for (size_t i = 0; i < a->thread_count; i++)
		if (!same_thread(&a->threads[i], &b->threads[i]))
			return false;
	for (size_t i = 0; i < a->skipped_count; i++)
		if (!same_skipped(&a->skipped[i], &b->skipped[i]))
			return false;
	return same_process(a->extras, b->extras);
}
