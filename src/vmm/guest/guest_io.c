/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest's QEMU does, as events of the guest's life. */
#include "vmm/guest/guest_state.h"

#include <signal.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

/* How long streams may stay open once QEMU is gone. */
#define KT_STREAM_GRACE_NS (500 * KT_NS_PER_MS)

void kt_guest_send_qmp_line(struct kt_guest *guest, const char *line)
{
	struct kt_buf bytes = KT_BUF_INIT;

	kt_buf_puts(&bytes, line);
	kt_guest_send(guest, KT_QEMU_MONITOR, &bytes);
}

void kt_guest_send_qmp(struct kt_guest *guest, const char *command)
{
	kt_autobuf struct kt_buf line = KT_BUF_INIT;

	kt_buf_printf(&line, "{\"execute\":\"%s\"}\n", command);
	kt_guest_send_qmp_line(guest, kt_buf_text(&line));
}

/* ---- the end ---- */

static void count_closed(struct kt_guest *guest)
{
	if (--guest->open_parts)
		return;
	kt_guest_tell_left_out(guest);
	kt_guest_handle(guest, KT_GUEST_ON_CLOSED, NULL);
	guest->handler->on_stopped(guest->ctx);
}

static void on_timer_closed(uv_handle_t *timer)
{
	count_closed(timer->data);
}

static void on_qemu_closed(void *ctx)
{
	struct kt_guest *guest = ctx;

	guest->qemu = NULL;
	count_closed(guest);
}

void kt_guest_close_all(struct kt_guest *guest)
{
	if (guest->closing)
		return;
	guest->closing = true;
	uv_close((uv_handle_t *)&guest->timer, on_timer_closed);
	uv_close((uv_handle_t *)&guest->fault_timer, on_timer_closed);
	if (guest->qemu)
		kt_qemu_close(guest->qemu);
}

static void close_if_over(struct kt_guest *guest)
{
	if (kt_qemu_is_over(guest->qemu))
		kt_guest_close_all(guest);
}

void kt_guest_kill_qemu(struct kt_guest *guest)
{
	if (!kt_qemu_pid(guest->qemu))
		return;
	guest->killed = true;
	kt_qemu_kill(guest->qemu, SIGKILL);
}

/* ---- what it does ---- */

static void on_bytes(void *ctx, enum kt_qemu_stream stream, char *bytes, size_t len)
{
	struct kt_guest *guest = ctx;
	kt_autoerr struct kt_error *err = NULL;

	switch (stream) {
	case KT_QEMU_STDERR:
		kt_tail_append(&guest->qemu_stderr, bytes, len);
		break;
	case KT_QEMU_CONSOLE:
		kt_guest_take_console(guest, bytes, len);
		break;
	case KT_QEMU_MONITOR:
		err = kt_qmp_feed(&guest->qmp, bytes, len);
		break;
	case KT_QEMU_AGENT:
		if (guest->is_damage_due)
			kt_guest_damage(guest, bytes);
		if (!guest->link.ended)
			err = kt_link_feed(&guest->link, bytes, len);
		break;
	case KT_QEMU_STREAM_COUNT:
		break;
	}
	if (err)
		kt_guest_handle(guest, KT_GUEST_ON_GARBAGE, kt_error_message(err));
}

static void on_stream_end(void *ctx, enum kt_qemu_stream stream)
{
	struct kt_guest *guest = ctx;

	if (stream == KT_QEMU_AGENT)
		kt_guest_handle(guest, KT_GUEST_ON_AGENT_GONE, "the agent's port was closed");
	close_if_over(guest);
}

static void on_sent(void *ctx)
{
	kt_guest_count_unsent(ctx);
}

static void on_qemu_exit(void *ctx, int64_t exit_code, int signal)
{
	struct kt_guest *guest = ctx;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (signal)
		kt_buf_printf(&text, "QEMU was killed by signal %d", signal);
	else
		kt_buf_printf(&text, "QEMU ended with exit code %d", (int)exit_code);
	kt_guest_handle(guest, KT_GUEST_ON_QEMU_EXIT, kt_buf_text(&text));
	/* The agent's end is often seen first; what QEMU itself says about it is better. */
	if (guest->reason == KT_REASON_QEMU_EXIT && !guest->killed && (exit_code || signal)) {
		kt_buf_reset(&guest->detail);
		kt_buf_puts(&guest->detail, kt_buf_text(&text));
	}
	guest->kill_ns = kt_clock_mono_ns() + KT_STREAM_GRACE_NS;
	kt_guest_arm_timer(guest);
	close_if_over(guest);
}

/* ---- the begin ---- */

static void init_timer(struct kt_guest *guest, uv_timer_t *timer)
{
	(void)uv_timer_init(guest->loop, timer);
	timer->data = guest;
	guest->open_parts++;
}

void kt_guest_init_parts(struct kt_guest *guest)
{
	init_timer(guest, &guest->timer);
	init_timer(guest, &guest->fault_timer);
}

void kt_guest_attach(struct kt_guest *guest, struct kt_qemu *qemu)
{
	static const struct kt_qemu_handler handler = {
		.on_bytes = on_bytes,
		.on_stream_end = on_stream_end,
		.on_sent = on_sent,
		.on_exit = on_qemu_exit,
		.on_closed = on_qemu_closed,
	};

	guest->qemu = qemu;
	guest->open_parts++;
	kt_qemu_attach(qemu, &handler, guest);
}
