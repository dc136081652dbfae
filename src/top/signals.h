/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The signals that end a run well: SIGINT, SIGTERM, SIGHUP, as events of the loop.  One that whoever
 * started us wants ignored (nohup, a job in the background) stays ignored.
 */
#ifndef KT_TOP_SIGNALS_H
#define KT_TOP_SIGNALS_H

#include <uv.h>

#define KT_SIGNAL_COUNT 3

typedef void (*kt_signal_fn)(void *ctx, int signal);

struct kt_signals {
	uv_signal_t handles[KT_SIGNAL_COUNT];
	kt_signal_fn on_signal;
	void *ctx;
};

/** Starts to call @on_signal with @ctx. */
void kt_signals_watch(struct kt_signals *signals, uv_loop_t *loop, kt_signal_fn on_signal,
		      void *ctx);

/** Ends that; the handles are closed by the loop. */
void kt_signals_close(struct kt_signals *signals);

#endif
