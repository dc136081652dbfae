/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/batch.h"

#include <assert.h>
#include <errno.h>

void kt_batch_init(struct kt_batch *batch, pid_t pid, char *buffer, size_t bytes)
{
	batch->pid = pid;
	batch->buffer = buffer;
	batch->buffer_bytes = bytes;
	batch->record_count = 0;
}

void kt_batch_clear(struct kt_batch *batch)
{
	batch->record_count = 0;
}

/* The record behind the last one: what it would begin with. */
static struct kt_batch_record next_record(const struct kt_batch *batch)
{
	if (!batch->record_count)
		return (struct kt_batch_record){ 0 };
	const struct kt_batch_record *last = &batch->records[batch->record_count - 1];
	return (struct kt_batch_record){
		.first_piece = (uint16_t)(last->first_piece + last->piece_count),
		.at = last->at + last->bytes,
	};
}

bool kt_batch_has_room(const struct kt_batch *batch, size_t piece_count, size_t bytes)
{
	struct kt_batch_record next = next_record(batch);

	return batch->record_count < KT_BATCH_RECORDS &&
	       next.first_piece + piece_count <= KT_BATCH_PIECES &&
	       bytes <= batch->buffer_bytes - next.at;
}

void kt_batch_begin_record(struct kt_batch *batch)
{
	struct kt_batch_record next = next_record(batch);

	assert(batch->record_count < KT_BATCH_RECORDS);
	batch->records[batch->record_count++] = next;
}

void kt_batch_add(struct kt_batch *batch, uint64_t address, uint32_t bytes)
{
	struct kt_batch_record *record = &batch->records[batch->record_count - 1];
	size_t piece = (size_t)record->first_piece + record->piece_count;

	assert(piece < KT_BATCH_PIECES);
	assert(bytes <= batch->buffer_bytes - record->at - record->bytes);
	batch->pieces[piece] = (struct iovec){ (void *)(uintptr_t)address, bytes };
	record->piece_count++;
	record->bytes += bytes;
}

/* The records from @at on could not be read at all. */
static void give_up(struct kt_batch *batch, size_t at, int os_errno)
{
	for (; at < batch->record_count; at++) {
		batch->records[at].got = 0;
		batch->records[at].os_errno = os_errno;
	}
}

/* Hands @got bytes out to the records from @at on; returns the first that is not whole. */
static size_t share_out(struct kt_batch *batch, size_t at, size_t got)
{
	for (; at < batch->record_count; at++) {
		struct kt_batch_record *record = &batch->records[at];
		record->got = got < record->bytes ? (uint32_t)got : record->bytes;
		record->os_errno = 0;
		got -= record->got;
		if (record->got < record->bytes)
			break;
	}
	return at;
}

size_t kt_batch_read(struct kt_batch *batch)
{
	size_t calls = 0;

	for (size_t at = 0; at < batch->record_count; at++) {
		struct kt_batch_record first = batch->records[at];
		struct kt_batch_record end = next_record(batch);
		struct iovec local = { batch->buffer + first.at, end.at - first.at };
		ssize_t got = process_vm_readv(batch->pid, &local, 1,
					       batch->pieces + first.first_piece,
					       (size_t)(end.first_piece - first.first_piece), 0);
		int failure = got < 0 ? errno : EFAULT;

		calls++;
		if (failure != EFAULT) {
			give_up(batch, at, failure);
			break;
		}
		at = share_out(batch, at, got < 0 ? 0 : (size_t)got);
		if (at < batch->record_count)
			batch->records[at].os_errno = failure;
	}
	return calls;
}

bool kt_batch_is_whole(const struct kt_batch *batch, size_t index)
{
	return batch->records[index].got == batch->records[index].bytes;
}

const char *kt_batch_bytes(const struct kt_batch *batch, size_t index)
{
	return batch->buffer + batch->records[index].at;
}
