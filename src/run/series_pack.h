/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * How a frame of a series is packed, and unpacked again.
 *
 * Frames stand in chunks.  The first of a chunk says all, each other one what is different
 * from the one before it, so a chunk can be read without any other, and goes as a whole.
 * Texts stand where they are first needed in a chunk, with their NUL, and are called by a number
 * from then on: unpacked rows point right into the packed bytes, which never move.
 *
 * A frame is: flags (a byte), the two times, the process's values, the skipped threads if they are
 * others than before, the number of rows, and operations that make its rows from those before.
 * All numbers are varints (7 bits a byte, lowest first), differences zigzag-coded.  Only what
 * kt_packer_append() wrote is ever read: these bytes come from nowhere else.
 */
#ifndef KT_RUN_SERIES_PACK_H
#define KT_RUN_SERIES_PACK_H

#include "base/buf.h"
#include "run/series.h"
#include "run/series_identity.h"

/* A row's numbers besides start time: those of the thread, then those of its extras. */
enum {
	KT_ROW_THREAD_NUMBERS = 2,
	KT_ROW_NUMBERS = 10,
	KT_ROW_EXTRAS = 1 << KT_ROW_NUMBERS, /* in `known`: the row has extras */
	KT_ROW_START = 2 << KT_ROW_NUMBERS,  /* its start time is known */
};

/* A row without padding: unknown numbers are 0. */
struct kt_row {
	uint64_t numbers[KT_ROW_NUMBERS];
	uint64_t start_time_jiffies;
	uint32_t known; /* a bit per number, KT_ROW_EXTRAS, KT_ROW_START */
	uint32_t tid;
	const char *comm;
	const char *error;
	const char *error_kind;
	const char *state;
};

/* Operations: the low two bits of a varint; what the others are. */
enum kt_pack_op {
	KT_PACK_KEEP,	/* so many rows as they were */
	KT_PACK_CHANGE, /* what is different in the next row: a bit per number, then those below */
	KT_PACK_SKIP,	/* so many rows are gone */
	KT_PACK_NEW,	/* a row in full; 1: with the same things known as in the one new before */
};

enum {
	KT_CHANGE_STATE = 1 << KT_ROW_NUMBERS,
	KT_CHANGE_SHAPE = 2 << KT_ROW_NUMBERS, /* what is known, and the other texts */
};

enum kt_pack_flags {
	KT_PACK_KEY = 1,
	KT_PACK_SAME_LIST = 2, /* nothing but KEEP and CHANGE */
	KT_PACK_EXTRAS = 4,
	KT_PACK_SKIPPED = 8, /* the list of skipped threads follows */
};

/* One packed frame. */
struct kt_packed {
	uint64_t host_mono_ns;
	uint32_t index;
	uint32_t size;
	unsigned char *bytes;
};

struct kt_chunk {
	size_t use_count;
	size_t first_place; /* of its first frame in the series */
	size_t frame_count;
	struct kt_packed frames[KT_SERIES_KEY_INTERVAL];
};

/* Chunks in order. */
struct kt_chunks {
	struct kt_chunk **items;
	size_t count;
	size_t cap;
};

struct kt_row_list {
	struct kt_thread *threads;
	struct kt_thread_extras *extras; /* at the thread's place */
	uint32_t *numbers;
	size_t cap;
};

/* A frame unpacked, and what unpacking the next needs. */
struct kt_rows {
	struct kt_chunk *chunk; /* that holds it; NULL: there is no frame here */
	size_t at;		/* its place in the chunk */
	struct kt_snapshot snapshot;
	struct kt_snapshot_extras extras;
	struct kt_row_list list;
	struct kt_row_list spare; /* becomes the list when rows come or go */
	struct kt_skipped_thread *skipped;
	size_t skipped_cap;
	const char **texts; /* of the chunk up to here; texts[0] is NULL */
	size_t text_count;
	size_t text_cap;
};

/* Packs frames one after the other. */
struct kt_packer {
	struct kt_rows before; /* the frame packed last */
	struct kt_buf out;
	struct kt_buf new_texts; /* pointers: those that this frame brings */
	size_t new_row_count;
	size_t text_base;     /* numbers of texts that the chunk had before this frame */
	uint32_t *text_slots; /* open addressing: numbers of texts, 0 for free */
	size_t text_slot_cap;
	size_t text_slot_count;
	uint32_t *places; /* open addressing: 1 + place of a row in `before` */
	size_t place_cap;
	bool has_places; /* for this frame */
};

/** The numbers and texts of a thread's row. */
struct kt_row kt_row_of(const struct kt_thread *thread);

/** The place of number @which in its row.  Owner: a part of @thread or @extras. */
struct kt_opt_u64 *kt_row_number(struct kt_thread *thread, struct kt_thread_extras *extras,
				 int which);

/** The number @which of the process as a whole, of the seven there are.  Owner: a part of @extras. */
struct kt_opt_u64 *kt_process_number(struct kt_snapshot_extras *extras, int which);
#define KT_PROCESS_NUMBERS 7

/** Drops one use of @chunk, which may be NULL, and frees it with the last. */
void kt_chunk_release(struct kt_chunk *chunk);

/** The memory of @chunk in bytes. */
size_t kt_chunk_bytes(const struct kt_chunk *chunk);

/** Drops all chunks and the list of them. */
void kt_chunks_deinit(struct kt_chunks *chunks);

/** Frees what @rows holds and makes it empty again. */
void kt_rows_deinit(struct kt_rows *rows);

/** The memory of @rows in bytes. */
size_t kt_rows_bytes(const struct kt_rows *rows);

/**
 * Makes sure that a frame of this size can be unpacked without more memory.
 * Errors: no memory.
 */
struct kt_error *kt_rows_reserve(struct kt_rows *rows, size_t threads, size_t skipped,
				 size_t texts) KT_MUST_CHECK;

/** Makes room for @count elements of @size bytes; @items is the address of a pointer to them. */
bool kt_rows_make_room(void *items, size_t *cap, size_t count, size_t size);

/** Makes room for @count rows, and forgets those that were there if that needs more memory. */
bool kt_row_list_make(struct kt_row_list *list, size_t count);

/**
 * Goes on to frame @at of @chunk: the one behind the present one, or the first of a chunk.
 * What it introduces is appended to @introduced (struct kt_identity; NULL: not wanted).
 * Errors: no memory; then @rows holds no frame.
 */
struct kt_error *kt_rows_step(struct kt_rows *rows, struct kt_chunk *chunk, size_t at,
			      struct kt_buf *introduced) KT_MUST_CHECK;

/** Frees what @packer holds and makes it empty again. */
void kt_packer_deinit(struct kt_packer *packer);

/** The memory of @packer in bytes. */
size_t kt_packer_bytes(const struct kt_packer *packer);

/** Appends a number to the frame that is packed. */
void kt_packer_put(struct kt_packer *packer, uint64_t value);

/** Appends the difference from @from to @to, modulo 2^64: small ones either way are short. */
void kt_packer_put_step(struct kt_packer *packer, uint64_t from, uint64_t to);

/** Appends a text (NULL allowed): its number, and itself if it is new to the chunk. */
void kt_packer_put_text(struct kt_packer *packer, const char *text);

/** Makes the table of the texts whose numbers are below @count; false without memory. */
bool kt_packer_know_texts(struct kt_packer *packer, size_t count);

/**
 * Packs a frame behind the last one in @chunks, whose threads have the numbers @numbers.
 * Identities that the packed frame introduces are appended to @introduced (struct kt_identity).
 * Errors: no memory; then nothing changed.
 */
struct kt_error *kt_packer_append(struct kt_packer *packer, struct kt_chunks *chunks,
				  uint64_t host_mono_ns, uint32_t index,
				  const struct kt_snapshot *snapshot, const uint32_t *numbers,
				  struct kt_buf *introduced) KT_MUST_CHECK;

#endif
