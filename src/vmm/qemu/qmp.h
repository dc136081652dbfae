/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What QEMU says on its monitor (QMP): one JSON object a line.  A pure reader of that
 * stream: bytes in, the few things that matter to a guest's life out.
 */
#ifndef KT_VMM_QEMU_QMP_H
#define KT_VMM_QEMU_QMP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* QEMU's own lines are far shorter; a longer one is not QEMU's. */
#define KT_QMP_MAX_LINE_BYTES (256 * 1024)

enum kt_qmp_kind {
	KT_QMP_GREETING,       /* QEMU is up */
	KT_QMP_SHUTDOWN,       /* the machine ends; `text` is the reason, "guest-reset" */
	KT_QMP_STOP,	       /* the CPUs stand still */
	KT_QMP_SAVED,	       /* a migration is complete */
	KT_QMP_NOT_SAVED,      /* it failed */
	KT_QMP_INTERNAL_ERROR, /* query-status: the accelerator gave up */
	KT_QMP_ERROR,	       /* a command failed; `text` is QEMU's description */
	KT_QMP_OTHER,	       /* anything else; `text` is an event's name or an answer in words */
};

struct kt_qmp_message {
	enum kt_qmp_kind kind;
	const char *text; /* borrowed for the time of the callback; "" if there is none */
};

struct kt_qmp {
	struct kt_buf line;
	void (*on_message)(void *ctx, const struct kt_qmp_message *message);
	void *ctx;
};

/** Starts a reader that calls @on_message with @ctx for each line. */
void kt_qmp_init(struct kt_qmp *qmp,
		 void (*on_message)(void *ctx, const struct kt_qmp_message *message), void *ctx);

/** Frees the unfinished line. */
void kt_qmp_deinit(struct kt_qmp *qmp);

/**
 * Takes @len bytes of the stream, in pieces of any size.
 * Errors: protocol (a line that is no JSON object, or too long), no memory.  Owner: borrows.
 */
struct kt_error *kt_qmp_feed(struct kt_qmp *qmp, const char *bytes, size_t len) KT_MUST_CHECK;

#endif
