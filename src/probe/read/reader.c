/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probe/read/remote.h"
#include "probe/read/robust.h"
#include "probe/read/tcache.h"

enum {
	CALIBRATE_TRIES = 4, /* threads that may end under our hands */
	MOVED_ROUNDS = 3,    /* for blocks that move while they are read */
	PROOF_WORDS = 4,     /* of struct pthread, from the tid on */
	PROOF_BYTES = PROOF_WORDS * sizeof(uint64_t),
	FUTEX_OFFSET_WORD = 3,
	PIECES_MAX = 4,
	SPOT_BYTES = 2 * sizeof(uint64_t), /* vector and watched word */
};

/* What a thread's proof says. */
enum proof {
	PROOF_GOOD,
	PROOF_ENDED,   /* the thread is gone */
	PROOF_FOREIGN, /* a live thread whose C library keeps nothing of ours there */
};

static size_t buffer_bytes(const struct kt_read_config *config)
{
	size_t counters =
		(size_t)KT_BATCH_RECORDS * (config->place.span_bytes + SPOT_BYTES + PROOF_BYTES);
	size_t cache = kt_tcache_span_bytes(config->internals) + PROOF_BYTES;

	return counters > cache ? counters : cache;
}

struct kt_error *kt_reader_init(struct kt_reader *reader, const struct kt_read_config *config,
				struct kt_table *table)
{
	char *buffer = malloc(buffer_bytes(config));
	if (!buffer)
		return kt_error_no_memory();
	reader->config = config;
	reader->table = table;
	reader->sweep = NULL;
	reader->has_delta = false;
	reader->delta = 0;
	reader->buffer = buffer;
	kt_batch_init(&reader->batch, config->pid, buffer, buffer_bytes(config));
	return NULL;
}

void kt_reader_deinit(struct kt_reader *reader)
{
	free(reader->buffer);
	reader->buffer = NULL;
}

void kt_reader_begin(struct kt_reader *reader, struct kt_sweep *sweep)
{
	reader->sweep = sweep;
	reader->calibrate_tries = 0;
	reader->has_mismatch = false;
	reader->has_moved = false;
}

static bool learn_futex_offset(struct kt_reader *reader, uint64_t head)
{
	struct kt_memory memory = kt_memory_of_process(reader->config->pid);

	return kt_memory_read_u64(
		&memory, head + KT_ROBUST_TID_OFFSET + FUTEX_OFFSET_WORD * sizeof(uint64_t),
		&reader->futex_offset);
}

static bool calibrate(struct kt_reader *reader, uint64_t head)
{
	if (!reader->has_delta && reader->calibrate_tries < CALIBRATE_TRIES) {
		reader->calibrate_tries++;
		reader->has_delta =
			kt_robust_calibrate(reader->config->pid, head, &reader->delta) &&
			learn_futex_offset(reader, head);
	}
	return reader->has_delta;
}

void kt_reader_learn(struct kt_reader *reader, uint64_t tp, uint64_t head)
{
	reader->delta = (int64_t)(head - tp);
	reader->has_delta = learn_futex_offset(reader, head);
}

uint64_t kt_reader_thread_pointer(const struct kt_reader *reader, const struct kt_thread *thread)
{
	return thread->head - (uint64_t)reader->delta;
}

/* Whether the thread still has the list at the place where we read. */
static bool is_still_there(const struct kt_thread *thread)
{
	uint64_t now = 0;

	if (kt_robust_head(thread->tid, &now))
		return false;
	return now == thread->head || (thread->is_by_stop && !now);
}

static void fail_ended(struct kt_reader *reader, struct kt_row *row, struct kt_thread *thread)
{
	kt_row_fail(row, KT_ROW_PROCESS_VM_READV, KT_CAUSE_ENDED, thread->spot.address);
	kt_thread_forget(thread);
	reader->has_mismatch = true;
}

/* Finds the place of the thread whose head is @head; false if there is none (the row says why). */
static bool settle(struct kt_reader *reader, struct kt_thread *thread, struct kt_row *row,
		   uint64_t head)
{
	struct kt_memory memory = kt_memory_of_process(reader->config->pid);

	thread->head = head;
	thread->word = reader->config->is_same_pid_ns ? thread->tid : 0;
	uint64_t tp = kt_reader_thread_pointer(reader, thread);
	enum kt_tls_lookup lookup =
		kt_tls_place_find(&reader->config->place, &memory, tp, &thread->spot);
	if (lookup == KT_TLS_FOUND || lookup == KT_TLS_NO_BLOCK)
		return true;
	if (lookup == KT_TLS_UNREADABLE && !is_still_there(thread)) {
		fail_ended(reader, row, thread);
		return false;
	}
	kt_thread_forget(thread);
	kt_row_fail(row, KT_ROW_TLS_ARITHMETIC, KT_CAUSE_ARITHMETIC, 0);
	row->arithmetic_text = kt_tls_lookup_text(lookup);
	return false;
}

/* Sees to it that the thread's place is known; false if it is judged already or must wait. */
static bool find(struct kt_reader *reader, struct kt_thread *thread, struct kt_row *row)
{
	uint64_t head = 0;

	if (thread->head)
		return true;
	int failure = kt_robust_head(thread->tid, &head);
	if (failure == ESRCH)
		fail_ended(reader, row, thread);
	if (failure || !head || !calibrate(reader, head))
		return false;
	return settle(reader, thread, row, head);
}

static void add_record(struct kt_reader *reader, const struct kt_thread *thread)
{
	struct kt_batch *batch = &reader->batch;
	const struct kt_tls_spot *spot = &thread->spot;

	kt_batch_begin_record(batch);
	if (spot->address)
		kt_batch_add(batch, spot->address, reader->config->place.span_bytes);
	if (spot->watch_address) {
		kt_batch_add(batch,
			     kt_reader_thread_pointer(reader, thread) + KT_DTV_POINTER_OFFSET,
			     sizeof(uint64_t));
		kt_batch_add(batch, spot->watch_address, sizeof(uint64_t));
	}
	kt_batch_add(batch, thread->head + (uint64_t)(int64_t)KT_ROBUST_TID_OFFSET, PROOF_BYTES);
}

static enum proof check_proof(const struct kt_reader *reader, struct kt_thread *thread,
			      const char *bytes)
{
	uint64_t words[PROOF_WORDS];
	pid_t word;

	memcpy(words, bytes, sizeof(words));
	memcpy(&word, bytes, sizeof(word));
	if (!word)
		return PROOF_ENDED;
	bool is_ours = words[FUTEX_OFFSET_WORD] == reader->futex_offset;
	if (is_ours && word == thread->word)
		return PROOF_GOOD;
	if (!is_still_there(thread))
		return PROOF_ENDED;
	if (!is_ours || thread->word)
		return PROOF_FOREIGN;
	thread->word = word;
	return PROOF_GOOD;
}

/* Whether the thread's block is still the one that was read (DTV). */
static bool is_spot_current(const struct kt_tls_spot *spot, const char *bytes)
{
	uint64_t words[2];

	if (!spot->watch_address)
		return true;
	memcpy(words, bytes, sizeof(words));
	return words[0] == spot->vector && words[1] == spot->watch_value;
}

static void take_counters(struct kt_thread *thread, struct kt_row *row, const char *span,
			  uint32_t span_bytes)
{
	kt_remote_take(row, span, span_bytes);
	thread->is_suspect |= row->allocated_bytes < thread->allocated_bytes ||
			      row->deallocated_bytes < thread->deallocated_bytes;
	thread->allocated_bytes = row->allocated_bytes;
	thread->deallocated_bytes = row->deallocated_bytes;
}

static void judge_whole(struct kt_reader *reader, struct kt_thread *thread, struct kt_row *row,
			const char *record)
{
	uint32_t span_bytes = thread->spot.address ? reader->config->place.span_bytes : 0;
	uint32_t spot_bytes = thread->spot.watch_address ? SPOT_BYTES : 0;

	switch (check_proof(reader, thread, record + span_bytes + spot_bytes)) {
	case PROOF_GOOD:
		break;
	case PROOF_ENDED:
		fail_ended(reader, row, thread);
		return;
	case PROOF_FOREIGN:
		return; /* it stays pending */
	}
	if (!is_spot_current(&thread->spot, record + span_bytes)) {
		reader->has_moved = true;
		thread->head = 0; /* it stays pending, and is looked up again */
	} else if (thread->spot.address) {
		take_counters(thread, row, record, span_bytes);
	} else {
		row->state = KT_ROW_SKIPPED;
		row->cause = KT_CAUSE_NO_BLOCK;
	}
}

static void judge_hole(struct kt_reader *reader, struct kt_thread *thread, struct kt_row *row,
		       const struct kt_batch_record *record)
{
	uint64_t address = thread->spot.address;

	if (!is_still_there(thread))
		fail_ended(reader, row, thread);
	else if (record->got)
		kt_row_fail(row, KT_ROW_PROCESS_VM_READV, KT_CAUSE_SHORT, address);
	else
		kt_row_fail_errno(row, KT_ROW_PROCESS_VM_READV, record->os_errno, address);
}

/* Reads and judges what is in the batch. */
static void flush(struct kt_reader *reader)
{
	struct kt_batch *batch = &reader->batch;
	struct kt_sweep *sweep = reader->sweep;

	sweep->read_calls += kt_batch_read(batch);
	for (size_t i = 0; i < batch->record_count; i++) {
		const struct kt_batch_record *record = &batch->records[i];
		struct kt_row *row = &sweep->rows[reader->row_of[i]];
		struct kt_thread *thread = &reader->table->threads[reader->row_of[i]];
		if (kt_batch_is_whole(batch, i)) {
			judge_whole(reader, thread, row, kt_batch_bytes(batch, i));
			continue;
		}
		sweep->is_target_gone |= record->os_errno == ESRCH;
		judge_hole(reader, thread, row, record);
	}
	kt_batch_clear(batch);
}

static bool read_round(struct kt_reader *reader)
{
	struct kt_sweep *sweep = reader->sweep;
	size_t bytes = reader->config->place.span_bytes + SPOT_BYTES + PROOF_BYTES;

	reader->has_moved = false;
	for (size_t i = 0; i < sweep->count; i++) {
		struct kt_thread *thread = &reader->table->threads[i];
		if (sweep->rows[i].state != KT_ROW_PENDING ||
		    !find(reader, thread, &sweep->rows[i]))
			continue;
		if (!kt_batch_has_room(&reader->batch, PIECES_MAX, bytes)) {
			flush(reader);
			if (*reader->config->stop)
				return false;
		}
		reader->row_of[reader->batch.record_count] = (uint32_t)i;
		add_record(reader, thread);
	}
	flush(reader);
	return !*reader->config->stop;
}

bool kt_reader_read_pending(struct kt_reader *reader)
{
	if (*reader->config->stop)
		return false;
	for (int i = 0; i < MOVED_ROUNDS; i++)
		if (!read_round(reader) || !reader->has_moved)
			break;
	return !*reader->config->stop;
}

/*
 * A thread that took its robust list back, or never had one, still has a struct pthread of
 * glibc's at its pointer; the proof is the same but for the list itself.
 */
void kt_reader_adopt(struct kt_reader *reader, struct kt_thread *thread, uint64_t tp)
{
	struct kt_memory memory = kt_memory_of_process(reader->config->pid);
	char bytes[PROOF_BYTES];

	if (!reader->has_delta)
		return;
	kt_thread_forget(thread);
	thread->head = tp + (uint64_t)reader->delta;
	thread->word = reader->config->is_same_pid_ns ? thread->tid : 0;
	thread->is_by_stop = true;
	bool is_found = kt_memory_read(&memory,
				       thread->head + (uint64_t)(int64_t)KT_ROBUST_TID_OFFSET,
				       bytes, sizeof(bytes)) &&
			check_proof(reader, thread, bytes) == PROOF_GOOD;
	if (!is_found ||
	    kt_tls_place_find(&reader->config->place, &memory, tp, &thread->spot) != KT_TLS_FOUND)
		kt_thread_forget(thread);
}

/* Takes the caches that are in the batch. */
static void flush_caches(struct kt_reader *reader)
{
	const struct kt_internals *internals = reader->config->internals;
	struct kt_batch *batch = &reader->batch;
	struct kt_sweep *sweep = reader->sweep;
	uint32_t span_bytes = kt_tcache_span_bytes(internals);

	sweep->read_calls += kt_batch_read(batch);
	for (size_t i = 0; i < batch->record_count; i++) {
		struct kt_extras *extras = &sweep->extras[reader->row_of[i]];
		struct kt_thread *thread = &reader->table->threads[reader->row_of[i]];
		const char *record = kt_batch_bytes(batch, i);
		if (kt_batch_is_whole(batch, i) &&
		    check_proof(reader, thread, record + span_bytes) == PROOF_GOOD &&
		    kt_tcache_count(internals, record, &extras->tcache_bytes))
			extras->known |= KT_EXTRA_TCACHE;
	}
	kt_batch_clear(batch);
}

void kt_reader_read_caches(struct kt_reader *reader)
{
	uint32_t span_bytes = kt_tcache_span_bytes(reader->config->internals);
	struct kt_batch *batch = &reader->batch;
	struct kt_sweep *sweep = reader->sweep;

	for (size_t i = 0; span_bytes && i < sweep->count; i++) {
		const struct kt_thread *thread = &reader->table->threads[i];
		if (sweep->rows[i].state != KT_ROW_OK || !thread->head || !thread->spot.address)
			continue;
		if (!kt_batch_has_room(batch, 2, span_bytes + PROOF_BYTES))
			flush_caches(reader);
		reader->row_of[batch->record_count] = (uint32_t)i;
		kt_batch_begin_record(batch);
		kt_batch_add(batch, kt_tcache_address(reader->config, thread->spot.address),
			     span_bytes);
		kt_batch_add(batch, thread->head + (uint64_t)(int64_t)KT_ROBUST_TID_OFFSET,
			     PROOF_BYTES);
	}
	flush_caches(reader);
}
