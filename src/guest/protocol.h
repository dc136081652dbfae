/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What host and guest say to each other over the virtio-serial port
 * (docs/protocol.md).  The stream is a sequence of frames, each an eight-byte header
 * ("Kt", version, type, payload length as 32-bit little endian) and a payload: a JSON
 * message, or raw bytes that a process wrote or is to read.  Whatever does not fit this ends
 * the connection; nothing is ever resynchronised.
 *
 * A process with input has a window in both directions: of its input and of each output stream at most
 * KT_WINDOW_BYTES are on their way, and the receiver says "taken" to open the window again.
 */
#ifndef KT_GUEST_PROTOCOL_H
#define KT_GUEST_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define KT_PROTOCOL_VERSION 1
#define KT_PORT_NAME	    "ktstr.agent"

/* Larger frames are refused by both sides before memory is taken for them. */
#define KT_FRAME_MAX_BYTES    (256 * 1024)
#define KT_FRAME_HEADER_BYTES 8
/* The last file of a guest's image: without it the kernel ran out of memory while unpacking. */
#define KT_IMAGE_SENTINEL ".ktstr_init_ok"

#define KT_SEED_BYTES 32

#define KT_WINDOW_BYTES (64 * 1024)
/* "taken" is said for so many bytes at once: less often than a key is pressed, and long before the
 * window is shut. */
#define KT_TAKEN_BYTES (KT_WINDOW_BYTES / 4)

/* Longest name of a terminal's type. */
#define KT_TERMINAL_TYPE_MAX_BYTES 64

enum kt_frame_type {
	KT_FRAME_MESSAGE = 'J',
	KT_FRAME_OUTPUT = 'D',
	KT_FRAME_INPUT = 'I', /* from the host; without bytes: the end of the input */
};

enum kt_stream {
	KT_STREAM_STDOUT,
	KT_STREAM_STDERR,
	KT_STREAM_COUNT,
};

/** The terminal that a process gets. */
struct kt_terminal {
	unsigned rows; /* 1 to 65535, as columns */
	unsigned columns;
	const char *type; /* for TERM; borrowed */
};

struct kt_frame {
	enum kt_frame_type type;
	const char *payload; /* borrowed from the bytes decoded */
	size_t len;
	uint32_t process_id;   /* KT_FRAME_OUTPUT and KT_FRAME_INPUT */
	enum kt_stream stream; /* KT_FRAME_OUTPUT only */
};

/** Appends a frame with the JSON message of @len bytes (at most KT_FRAME_MAX_BYTES). */
void kt_frame_put_message(struct kt_buf *out, const char *json, size_t len);

/** Appends a frame with what process @process_id wrote to @stream. */
void kt_frame_put_output(struct kt_buf *out, uint32_t process_id, enum kt_stream stream,
			 const char *bytes, size_t len);

/** Appends a frame with @len bytes (at most KT_WINDOW_BYTES) for process @process_id to read; 0: their end. */
void kt_frame_put_input(struct kt_buf *out, uint32_t process_id, const char *bytes, size_t len);

/**
 * Decodes the frame at the start of @bytes.  @ret_used is 0 (and @ret untouched) while the
 * frame is incomplete, else the number of bytes it took.
 * Errors: protocol (not a frame, another version, too large).  Owner: @ret borrows from @bytes.
 */
struct kt_error *kt_frame_decode(const char *bytes, size_t len, struct kt_frame *ret,
				 size_t *ret_used) KT_MUST_CHECK;

#endif
