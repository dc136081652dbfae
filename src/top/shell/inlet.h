/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Reads our stdin, whatever it is, never more than is wanted: what cannot go on stays where it is.
 * A terminal, a pipe or a socket is polled; a file, which cannot be, is read on libuv's pool.
 */
#ifndef KT_TOP_SHELL_INLET_H
#define KT_TOP_SHELL_INLET_H

#include <stdbool.h>
#include <uv.h>

#include "top/shell/descriptor.h"

#define KT_INLET_MAX_BYTES (16 * 1024)

struct kt_inlet {
	uv_loop_t *loop;
	struct kt_descriptor descriptor;
	uv_poll_t poll;
	uv_fs_t request;
	bool is_polled;
	bool is_reading; /* on the pool */
	bool has_ended;
	size_t wanted_bytes;
	char bytes[KT_INLET_MAX_BYTES];
	void (*on_bytes)(void *ctx, const char *bytes, size_t len);
	void (*on_end)(void *ctx, int os_errno);
	void *ctx;
};

/**
 * Opens @fd for reading.  @on_bytes gets what comes while something is wanted; @on_end comes once, with
 * an errno value or 0.
 * Errors: environment.  Owner: the caller calls kt_inlet_close(), also on failure; @inlet must live until the
 * loop has run out.
 */
struct kt_error *kt_inlet_open(struct kt_inlet *inlet, uv_loop_t *loop, int fd,
			       void (*on_bytes)(void *ctx, const char *bytes, size_t len),
			       void (*on_end)(void *ctx, int os_errno), void *ctx) KT_MUST_CHECK;

/** From now on up to @len bytes are wanted; 0: nothing. */
void kt_inlet_want(struct kt_inlet *inlet, size_t len);

/** Ends that; nothing is called any more. */
void kt_inlet_close(struct kt_inlet *inlet);

#endif
