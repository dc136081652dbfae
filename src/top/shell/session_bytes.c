/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What passes between our descriptors and the shell, within the windows of guest/protocol.h. */
#include "top/shell/session_state.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A key that was kept back may come along. */
void kt_shell_want_input(struct kt_shell_session *session)
{
	size_t room = KT_WINDOW_BYTES - session->sent_bytes;

	kt_inlet_want(&session->in, session->is_running && room > 1 ? room - 1 : 0);
}

static void on_input(void *ctx, const char *bytes, size_t len)
{
	struct kt_shell_session *session = ctx;
	kt_autobuf struct kt_buf keys = KT_BUF_INIT;

	if (session->config->is_terminal) {
		if (kt_escape_feed(&session->escape, bytes, len, &keys)) {
			kt_shell_hang_up(session, SIGHUP, "ended by ~.");
			return;
		}
		bytes = kt_buf_text(&keys);
		len = keys.len;
	}
	if (len)
		kt_guest_input(session->guest, KT_SHELL_ID, bytes, len);
	session->sent_bytes += len;
	kt_shell_want_input(session);
}

static void on_input_end(void *ctx, int os_errno)
{
	struct kt_shell_session *session = ctx;

	if (session->config->is_terminal) {
		kt_shell_hang_up(session, SIGHUP, "the terminal was closed");
		return;
	}
	if (os_errno)
		(void)fprintf(stderr, "ktstr-top: stdin: %s\n", strerror(os_errno));
	kt_guest_input(session->guest, KT_SHELL_ID, NULL, 0);
}

void kt_shell_take_taken(struct kt_shell_session *session, size_t len)
{
	session->sent_bytes -= len < session->sent_bytes ? len : session->sent_bytes;
	if (session->is_running)
		kt_shell_want_input(session);
}

void kt_shell_on_resize(void *ctx)
{
	struct kt_shell_session *session = ctx;
	unsigned rows, columns;

	kt_raw_size(STDIN_FILENO, &rows, &columns);
	if (session->is_running)
		kt_guest_resize(session->guest, KT_SHELL_ID, rows, columns);
}

static void on_written(void *ctx, struct kt_outlet *outlet, size_t len)
{
	struct kt_shell_session *session = ctx;
	enum kt_stream stream = (enum kt_stream)(outlet - session->out);

	session->untold_bytes[stream] += len;
	if (session->untold_bytes[stream] >= KT_TAKEN_BYTES && !session->is_guest_gone) {
		kt_guest_taken(session->guest, KT_SHELL_ID, stream, session->untold_bytes[stream]);
		session->untold_bytes[stream] = 0;
	}
	kt_shell_close_if_over(session);
}

static void on_broken(void *ctx, struct kt_outlet *outlet, int os_errno)
{
	struct kt_shell_session *session = ctx;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (outlet != &session->out[KT_STREAM_STDOUT] || session->signal)
		return;
	if (os_errno == EPIPE) {
		kt_shell_hang_up(session, SIGPIPE, "");
		return;
	}
	session->has_ended = false; /* what it did is not all told */
	kt_buf_printf(&text, "stdout: %s", strerror(os_errno));
	kt_shell_give_up(session, kt_buf_text(&text));
}

static const struct kt_outlet_handler outlet_handler = {
	.on_written = on_written,
	.on_broken = on_broken,
};

void kt_shell_take_output(struct kt_shell_session *session, const struct kt_link_message *message)
{
	struct kt_outlet *outlet = &session->out[message->stream];

	if (outlet->pending.len + message->len > KT_WINDOW_BYTES) {
		kt_shell_give_up(session, "the guest sent more than it may");
		return;
	}
	if (session->raw)
		kt_raw_note(session->raw, message->bytes, message->len);
	kt_outlet_put(outlet, message->bytes, message->len);
}

struct kt_error *kt_shell_open_streams(struct kt_shell_session *session)
{
	KT_TRY(kt_inlet_open(&session->in, &session->loop, STDIN_FILENO, on_input, on_input_end,
			     session));
	for (int i = 0; i < KT_STREAM_COUNT; i++)
		KT_TRY(kt_outlet_open(&session->out[i], &session->loop, STDOUT_FILENO + i,
				      &outlet_handler, session));
	return NULL;
}
