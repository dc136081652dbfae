/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The host's side of the agent's port (docs/protocol.md), without any descriptor:
 * bytes in, messages out through a callback; requests in, bytes out.  Everything that
 * comes from a guest is checked here once; text is cleaned, numbers are in range.
 */
#ifndef KT_VMM_GUEST_LINK_H
#define KT_VMM_GUEST_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "guest/protocol.h"
#include "run/topology.h"

enum kt_link_kind {
	KT_LINK_HELLO,	 /* text = kernel release, mono_ns, real_ns */
	KT_LINK_READY,	 /* mono_ns, real_ns, seen; text = what failed, "" if nothing */
	KT_LINK_STARTED, /* id, pid */
	KT_LINK_FAILED,	 /* id, text = why */
	KT_LINK_AWAITED, /* id, text = "found", "timeout" or "ended" */
	KT_LINK_OUTPUT,	 /* id, stream, bytes, len */
	KT_LINK_ENDED,	 /* id, is_signal, status, dropped_bytes */
	KT_LINK_BEAT,	 /* mono_ns */
	KT_LINK_FROZEN,	 /* text = what failed, "" if nothing */
	KT_LINK_BYE,
	KT_LINK_TAKEN, /* id, len: so many bytes of the input were taken */
};

struct kt_link_message {
	enum kt_link_kind kind;
	uint32_t id;
	const char *text; /* clean UTF-8; borrowed for the time of the callback */
	uint64_t mono_ns;
	uint64_t real_ns;
	struct kt_topology_seen seen;
	uint64_t pid;
	bool is_signal;
	uint64_t status; /* exit code or signal number */
	uint64_t dropped_bytes[KT_STREAM_COUNT];
	enum kt_stream stream;
	const char *bytes; /* raw; borrowed */
	size_t len;	   /* at most KT_FRAME_MAX_BYTES */
};

struct kt_link {
	struct kt_buf in;
	void (*on_message)(void *ctx, const struct kt_link_message *message);
	void *ctx;
	bool ended; /* set by the callback to stop the feeding */
};

/** Starts a reader that calls @on_message with @ctx for each message. */
void kt_link_init(struct kt_link *link,
		  void (*on_message)(void *ctx, const struct kt_link_message *message), void *ctx);

/** Frees what is left of an unfinished frame. */
void kt_link_deinit(struct kt_link *link);

/**
 * Takes @len bytes from the guest, in pieces of any size.
 * Errors: protocol (no frame, no JSON, an unknown message, a missing or wild value), no memory.
 * Owner: borrows.
 */
struct kt_error *kt_link_feed(struct kt_link *link, const char *bytes, size_t len) KT_MUST_CHECK;

/** Appends the first message to the agent: KT_SEED_BYTES of @seed and the wall clock. */
void kt_link_put_hello(struct kt_buf *out, const unsigned char *seed, uint64_t real_ns);

/**
 * Appends "run @argv (NULL-terminated) as @id, with @environment (NULL-terminated "NAME=value", or
 * NULL) besides the agent's own, forward at most @limit_bytes per stream".
 */
void kt_link_put_spawn(struct kt_buf *out, uint32_t id, char *const *argv,
		       const char *const *environment, uint64_t limit_bytes);

/**
 * Appends "run @argv (NULL-terminated) as @id, with input": on a terminal like @terminal, or (NULL) on
 * pipes.  The windows of guest/protocol.h apply.
 */
void kt_link_put_spawn_with_input(struct kt_buf *out, uint32_t id, char *const *argv,
				  const struct kt_terminal *terminal);

/** Appends "the terminal of @id has another size". */
void kt_link_put_resize(struct kt_buf *out, uint32_t id, unsigned rows, unsigned columns);

/** Appends "@len bytes of this stream of @id were taken". */
void kt_link_put_taken(struct kt_buf *out, uint32_t id, enum kt_stream stream, size_t len);

/** Appends "tell when @path (with %p for the pid) exists, or @id ends, or @timeout_ms passed". */
void kt_link_put_await(struct kt_buf *out, uint32_t id, const char *path, uint64_t timeout_ms);

/** Appends "kill @id's process group with @signal". */
void kt_link_put_kill(struct kt_buf *out, uint32_t id, int signal);

/** Appends "leave nothing behind, then wait for a wake: the machine is going to be saved". */
void kt_link_put_freeze(struct kt_buf *out);

/** Appends the first words to an agent that was frozen: it says hello as at a boot. */
void kt_link_put_wake(struct kt_buf *out);

/** Appends "kill everything, say bye, power off". */
void kt_link_put_exit(struct kt_buf *out);

#endif
