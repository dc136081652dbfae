/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/signals.h"

#include <signal.h>

static const int ending_signals[KT_SIGNAL_COUNT] = { SIGINT, SIGTERM, SIGHUP };

static void on_signal(uv_signal_t *handle, int signal)
{
	struct kt_signals *signals = handle->data;

	signals->on_signal(signals->ctx, signal);
}

void kt_signals_watch(struct kt_signals *signals, uv_loop_t *loop, kt_signal_fn on_signal_fn,
		      void *ctx)
{
	struct sigaction inherited;

	signals->on_signal = on_signal_fn;
	signals->ctx = ctx;
	for (int i = 0; i < KT_SIGNAL_COUNT; i++) {
		(void)uv_signal_init(loop, &signals->handles[i]);
		signals->handles[i].data = signals;
		if (!sigaction(ending_signals[i], NULL, &inherited) &&
		    inherited.sa_handler == SIG_IGN)
			continue;
		(void)uv_signal_start(&signals->handles[i], on_signal, ending_signals[i]);
	}
}

void kt_signals_close(struct kt_signals *signals)
{
	for (int i = 0; i < KT_SIGNAL_COUNT; i++)
		if (!uv_is_closing((uv_handle_t *)&signals->handles[i]))
			uv_close((uv_handle_t *)&signals->handles[i], NULL);
}
