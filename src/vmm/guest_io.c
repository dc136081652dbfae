/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest_state.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

/* How long streams may stay open once QEMU is gone. */
#define KT_STREAM_GRACE_NS (500 * KT_NS_PER_MS)

void kt_guest_send_qmp_line(struct kt_guest *guest, const char *line)
{
	struct kt_buf bytes = KT_BUF_INIT;

	kt_buf_puts(&bytes, line);
	kt_guest_send(guest, STREAM_QMP, &bytes);
}

void kt_guest_send_qmp(struct kt_guest *guest, const char *command)
{
	kt_autobuf struct kt_buf line = KT_BUF_INIT;

	kt_buf_printf(&line, "{\"execute\":\"%s\"}\n", command);
	kt_guest_send_qmp_line(guest, kt_buf_text(&line));
}

static void on_closed(uv_handle_t *handle_closed)
{
	struct kt_guest *guest = handle_closed->data;

	if (--guest->open_handles)
		return;
	kt_guest_tell_left_out(guest);
	kt_guest_handle(guest, KT_GUEST_ON_CLOSED, NULL);
	guest->handler->on_stopped(guest->ctx);
}

static void close_handle(uv_handle_t *handle_to_close)
{
	if (!uv_is_closing(handle_to_close))
		uv_close(handle_to_close, on_closed);
}

void kt_guest_close_all(struct kt_guest *guest)
{
	guest->closing = true;
	for (int i = 0; i < STREAM_COUNT; i++) {
		guest->stream_open[i] = false;
		close_handle((uv_handle_t *)&guest->streams[i]);
	}
	close_handle((uv_handle_t *)&guest->turn);
	close_handle((uv_handle_t *)&guest->timer);
	close_handle((uv_handle_t *)&guest->fault_timer);
	close_handle((uv_handle_t *)&guest->process);
}

static bool all_streams_ended(const struct kt_guest *guest)
{
	for (int i = 0; i < STREAM_COUNT; i++)
		if (guest->stream_open[i])
			return false;
	return true;
}

static void close_if_over(struct kt_guest *guest)
{
	if (guest->process_gone && all_streams_ended(guest) && !guest->closing)
		kt_guest_close_all(guest);
}

void kt_guest_kill_qemu(struct kt_guest *guest)
{
	if (guest->process_gone)
		return;
	guest->killed = true;
	(void)uv_process_kill(&guest->process, SIGKILL);
}

static void take_bytes(struct kt_guest *guest, enum guest_stream stream, const char *bytes,
		       size_t len)
{
	kt_autoerr struct kt_error *err = NULL;

	switch (stream) {
	case STREAM_STDERR:
		kt_tail_append(&guest->qemu_stderr, bytes, len);
		break;
	case STREAM_CONSOLE:
		kt_guest_take_console(guest, bytes, len);
		break;
	case STREAM_QMP:
		err = kt_qmp_feed(&guest->qmp, bytes, len);
		break;
	case STREAM_AGENT:
		if (!guest->link.ended)
			err = kt_link_feed(&guest->link, bytes, len);
		break;
	case STREAM_COUNT:
		break;
	}
	if (err)
		kt_guest_handle(guest, KT_GUEST_ON_GARBAGE, kt_error_message(err));
}

static void end_stream(struct kt_guest *guest, enum guest_stream stream)
{
	guest->stream_open[stream] = false;
	(void)uv_read_stop((uv_stream_t *)&guest->streams[stream]);
	if (stream == STREAM_AGENT)
		kt_guest_handle(guest, KT_GUEST_ON_AGENT_GONE, "the agent's port was closed");
	close_if_over(guest);
}

static void on_alloc(uv_handle_t *stream, size_t suggested, uv_buf_t *ret)
{
	struct kt_guest *guest = stream->data;

	(void)suggested;
	*ret = uv_buf_init(guest->read_bytes, sizeof(guest->read_bytes));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
	struct kt_guest *guest = stream->data;
	enum guest_stream which = (enum guest_stream)((uv_pipe_t *)stream - guest->streams);

	if (got > 0 && which == STREAM_AGENT && guest->is_damage_due)
		kt_guest_damage(guest, buffer->base);
	if (got < 0) {
		end_stream(guest, which);
		return;
	}
	if (!got)
		return;
	/* libuv would read on, though others have something to say too. */
	if ((size_t)got == buffer->len)
		kt_guest_pause(guest, which);
	take_bytes(guest, which, buffer->base, (size_t)got);
}

void kt_guest_read(struct kt_guest *guest, enum guest_stream stream)
{
	(void)uv_read_start((uv_stream_t *)&guest->streams[stream], on_alloc, on_read);
}

static void on_qemu_exit(uv_process_t *process, int64_t exit_status, int signal)
{
	struct kt_guest *guest = process->data;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (signal)
		kt_buf_printf(&text, "QEMU was killed by signal %d", signal);
	else
		kt_buf_printf(&text, "QEMU ended with exit code %d", (int)exit_status);
	kt_guest_handle(guest, KT_GUEST_ON_QEMU_EXIT, kt_buf_text(&text));
	/* The agent's end is often seen first; what QEMU itself says about it is better. */
	if (guest->reason == KT_REASON_QEMU_EXIT && !guest->killed && (exit_status || signal)) {
		kt_buf_reset(&guest->detail);
		kt_buf_puts(&guest->detail, kt_buf_text(&text));
	}
	guest->process_gone = true;
	guest->kill_ns = kt_clock_mono_ns() + KT_STREAM_GRACE_NS;
	kt_guest_arm_timer(guest);
	close_if_over(guest);
}

void kt_guest_init_handles(struct kt_guest *guest)
{
	for (int i = 0; i < STREAM_COUNT; i++) {
		(void)uv_pipe_init(guest->loop, &guest->streams[i], 0);
		guest->streams[i].data = guest;
	}
	(void)uv_check_init(guest->loop, &guest->turn);
	guest->turn.data = guest;
	(void)uv_timer_init(guest->loop, &guest->timer);
	guest->timer.data = guest;
	(void)uv_timer_init(guest->loop, &guest->fault_timer);
	guest->fault_timer.data = guest;
	guest->process.data = guest;
	guest->open_handles = STREAM_COUNT + 4;
}

/* How QEMU gets our descriptor @fd; -1 gives it /dev/null. */
static uv_stdio_container_t inherited(int fd)
{
	uv_stdio_container_t slot = { .flags = fd >= 0 ? UV_INHERIT_FD : UV_IGNORE };

	if (fd >= 0)
		slot.data.fd = fd;
	return slot;
}

/* A socket or pipe whose other end is QEMU's. */
static uv_stdio_container_t connected(struct kt_guest *guest, enum guest_stream stream, int flags)
{
	uv_stdio_container_t slot = { .flags = (uv_stdio_flags)(UV_CREATE_PIPE | flags) };

	slot.data.stream = (uv_stream_t *)&guest->streams[stream];
	return slot;
}

int kt_guest_spawn_qemu(struct kt_guest *guest)
{
	const int both = UV_READABLE_PIPE | UV_WRITABLE_PIPE;
	const struct kt_guest_config *config = &guest->config;
	uv_stdio_container_t stdio[KT_GUEST_FD_COUNT] = {
		[STDIN_FILENO] = inherited(-1),
		[STDOUT_FILENO] = inherited(-1),
		[STDERR_FILENO] = connected(guest, STREAM_STDERR, UV_WRITABLE_PIPE),
		[KT_GUEST_FD_QMP] = connected(guest, STREAM_QMP, both),
		[KT_GUEST_FD_AGENT] = connected(guest, STREAM_AGENT, both),
		[KT_GUEST_FD_CONSOLE] = connected(guest, STREAM_CONSOLE, both),
		[KT_GUEST_FD_KERNEL] = inherited(config->kernel_fd),
		[KT_GUEST_FD_INITRD] = inherited(config->initrd_fd),
		[KT_GUEST_FD_STATE] = inherited(config->state_fd),
	};
	for (unsigned node = 0; node < config->memory_count; node++)
		stdio[KT_GUEST_FD_MEMORY + node] = inherited(config->memory_fds[node]);

	uv_process_options_t options = {
		.exit_cb = on_qemu_exit,
		.file = config->argv[0],
		.args = (char **)config->argv,
		/* A session of its own: the terminal's Ctrl-C is ours to act on. */
		.flags = UV_PROCESS_DETACHED,
		.stdio_count = KT_GUEST_FD_MEMORY + (int)config->memory_count,
		.stdio = stdio,
	};
	int status = uv_spawn(guest->loop, &guest->process, &options);
	for (int i = 0; !status && i < STREAM_COUNT; i++) {
		guest->stream_open[i] = true;
		kt_guest_read(guest, (enum guest_stream)i);
	}
	return status;
}
