/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Writes to our stdout or stderr, whatever it is, as fast as it takes the bytes.  What it did not take
 * yet is kept; that this does not grow is the owner's duty, who hears what was written.
 */
#ifndef KT_TOP_SHELL_OUTLET_H
#define KT_TOP_SHELL_OUTLET_H

#include <stdbool.h>
#include <uv.h>

#include "base/buf.h"
#include "top/shell/descriptor.h"

struct kt_outlet;

struct kt_outlet_handler {
	/** @len bytes are where they belong, or lost with what broke. */
	void (*on_written)(void *ctx, struct kt_outlet *outlet, size_t len);
	/** Nothing can be written any more, for the errno value @os_errno; comes once. */
	void (*on_broken)(void *ctx, struct kt_outlet *outlet, int os_errno);
};

struct kt_outlet {
	struct kt_descriptor descriptor;
	uv_poll_t poll;
	bool is_polled;
	bool is_broken;
	struct kt_buf pending;
	const struct kt_outlet_handler *handler;
	void *ctx;
};

/**
 * Opens @fd for writing.  @handler must outlive it, and may be called from within kt_outlet_put().
 * Errors: environment.  Owner: the caller calls kt_outlet_close(), also on failure; @outlet must live until
 * the loop has run out.
 */
struct kt_error *kt_outlet_open(struct kt_outlet *outlet, uv_loop_t *loop, int fd,
				const struct kt_outlet_handler *handler, void *ctx) KT_MUST_CHECK;

/** Writes @len bytes, now or as soon as possible. */
void kt_outlet_put(struct kt_outlet *outlet, const char *bytes, size_t len);

/** Drops what was not written, and closes. */
void kt_outlet_close(struct kt_outlet *outlet);

#endif
