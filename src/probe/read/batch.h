/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Many small reads of another process in few system calls.
 *
 * A record is a row of pieces that are copied one after the other, in the order in which they were
 * added, by one process_vm_readv(2) for as many records as there are.  The kernel stops at the
 * first piece that is not mapped and may cut it (even within an iovec, whatever the manual page
 * says): the record with the hole is told how much of it came, and the rest is read by
 * another call.  Nothing here allocates.
 */
#ifndef KT_PROBE_READ_BATCH_H
#define KT_PROBE_READ_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum {
	KT_BATCH_PIECES = 1024, /* UIO_MAXIOV: what the kernel takes at once */
	KT_BATCH_RECORDS = 512,
};

struct kt_batch_record {
	uint16_t first_piece;
	uint16_t piece_count;
	uint32_t at;	/* in the buffer, in bytes */
	uint32_t bytes; /* of all its pieces */
	uint32_t got;	/* result: bytes that were copied, counted from the first */
	int os_errno;	/* result: why not all of them */
};

struct kt_batch {
	pid_t pid;
	char *buffer; /* borrowed */
	size_t buffer_bytes;
	size_t record_count;
	struct kt_batch_record records[KT_BATCH_RECORDS];
	struct iovec pieces[KT_BATCH_PIECES];
};

/** Empties @batch: its records will be read from @pid to the @bytes bytes at @buffer (borrowed). */
void kt_batch_init(struct kt_batch *batch, pid_t pid, char *buffer, size_t bytes);

/** Drops all records; process and buffer stay. */
void kt_batch_clear(struct kt_batch *batch);

/** Whether a record of @piece_count pieces and @bytes bytes would still fit. */
bool kt_batch_has_room(const struct kt_batch *batch, size_t piece_count, size_t bytes);

/** Begins a record without pieces.  The caller has asked kt_batch_has_room() for all of it. */
void kt_batch_begin_record(struct kt_batch *batch);

/** Adds @bytes bytes at @address of the process to the record begun last. */
void kt_batch_add(struct kt_batch *batch, uint64_t address, uint32_t bytes);

/** Reads all records; returns how many system calls that took. */
size_t kt_batch_read(struct kt_batch *batch);

/** Whether all of record @index was copied. */
bool kt_batch_is_whole(const struct kt_batch *batch, size_t index);

/** The bytes of record @index.  Owner: borrowed from the buffer. */
const char *kt_batch_bytes(const struct kt_batch *batch, size_t index);

#endif
