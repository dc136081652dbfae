/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/shell/session_state.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "report/exit_code.h"
#include "tui/terminal/raw.h"

/* ---- the end ---- */

static void close_all(struct kt_shell_session *session)
{
	session->is_closed = true;
	session->is_running = false;
	kt_raw_close(KT_TAKE(session->raw));
	kt_signals_close(&session->signals);
	uv_close((uv_handle_t *)&session->timeout, NULL);
	/* In the order that puts back the flags of descriptors which are the same. */
	for (int i = KT_STREAM_COUNT; i--;)
		kt_outlet_close(&session->out[i]);
	kt_inlet_close(&session->in);
}

static bool is_all_written(const struct kt_shell_session *session)
{
	for (int i = 0; i < KT_STREAM_COUNT; i++)
		if (session->out[i].pending.len)
			return false;
	return true;
}

void kt_shell_close_if_over(struct kt_shell_session *session)
{
	if (session->is_guest_gone && !session->is_closed &&
	    (session->signal || is_all_written(session)))
		close_all(session);
}

/* Ends the guest for a reason that is none of its own. */
void kt_shell_give_up(struct kt_shell_session *session, const char *why)
{
	if (!session->problem.len)
		kt_buf_puts(&session->problem, why);
	kt_inlet_want(&session->in, 0);
	session->is_running = false;
	if (!session->is_guest_gone)
		kt_guest_fail(session->guest, KT_REASON_CANCELLED, why);
}

/* As if this signal had come. */
void kt_shell_hang_up(struct kt_shell_session *session, int signal, const char *why)
{
	session->signal = signal;
	kt_shell_give_up(session, why);
	kt_shell_close_if_over(session);
}

static void on_signal(void *ctx, int signal)
{
	struct kt_shell_session *session = ctx;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	/* The second one does not wait: the guest dies with us (the kernel sees to it). */
	if (session->signal) {
		kt_raw_close(KT_TAKE(session->raw));
		_exit(KT_EXIT_SIGNAL + signal);
	}
	kt_buf_printf(&text, "ended by SIG%s", sigabbrev_np(signal));
	kt_shell_hang_up(session, signal, kt_buf_text(&text));
}

static void on_timeout(uv_timer_t *timer)
{
	struct kt_shell_session *session = timer->data;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_printf(&text, "the guest and its shell took longer than %u s",
		      session->config->timeout_s);
	if (!session->has_ended)
		kt_shell_give_up(session, kt_buf_text(&text));
}

/* ---- the shell ---- */

static void spawn_shell(struct kt_shell_session *session)
{
	const char *type = getenv("TERM");
	struct kt_terminal terminal = {
		.type = type && *type && strlen(type) <= KT_TERMINAL_TYPE_MAX_BYTES ? type : "dumb",
	};

	kt_raw_size(STDIN_FILENO, &terminal.rows, &terminal.columns);
	kt_guest_spawn_with_input(session->guest, KT_SHELL_ID, (char *const *)session->config->argv,
				  session->config->is_terminal ? &terminal : NULL);
}

static void on_started(struct kt_shell_session *session)
{
	struct kt_error *err = NULL;

	session->is_running = true;
	if (session->config->is_terminal) {
		(void)fputs(session->config->greeting, stderr);
		err = kt_raw_open(&session->loop, STDIN_FILENO, kt_shell_on_resize, session,
				  &session->raw);
		/* It may have changed while the guest booted. */
		kt_shell_on_resize(session);
	}
	if (err) {
		session->error = err;
		kt_shell_give_up(session, "");
		return;
	}
	kt_shell_want_input(session);
}

static void on_ended(struct kt_shell_session *session, const struct kt_link_message *message)
{
	session->is_running = false;
	session->has_ended = true;
	session->exit_code = (int)message->status + (message->is_signal ? KT_EXIT_SIGNAL : 0);
	kt_shell_want_input(session);
	kt_guest_finish(session->guest);
}

static void on_message(void *ctx, const struct kt_link_message *message)
{
	struct kt_shell_session *session = ctx;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	switch (message->kind) {
	case KT_LINK_STARTED:
		on_started(session);
		return;
	case KT_LINK_FAILED:
		kt_buf_printf(&text, "the shell cannot be started in the guest: %s", message->text);
		kt_shell_give_up(session, kt_buf_text(&text));
		return;
	case KT_LINK_OUTPUT:
		kt_shell_take_output(session, message);
		return;
	case KT_LINK_TAKEN:
		kt_shell_take_taken(session, message->len);
		return;
	case KT_LINK_ENDED:
		on_ended(session, message);
		return;
	default:
		return;
	}
}

/* ---- the guest ---- */

/* QEMU says best what it does not like. */
static void put_last_words(const struct kt_guest *guest, struct kt_buf *out)
{
	kt_autobuf struct kt_buf said = KT_BUF_INIT;

	kt_guest_stderr_tail(guest, &said);
	while (said.len && said.data[said.len - 1] == '\n')
		said.data[--said.len] = '\0';
	const char *line = said.len ? strrchr(said.data, '\n') : NULL;
	if (said.len)
		kt_buf_printf(out, " (%s)", line ? line + 1 : said.data);
}

static void on_state(void *ctx, struct kt_guest *guest)
{
	struct kt_shell_session *session = ctx;

	if (kt_guest_state(guest) == KT_GUEST_READY)
		spawn_shell(session);
	if (kt_guest_state(guest) != KT_GUEST_FAILED)
		return;
	session->is_running = false;
	if (session->problem.len || kt_guest_reason(guest) == KT_REASON_CANCELLED)
		return;
	kt_buf_printf(&session->problem, "the guest ended: %s: %s",
		      kt_guest_reason_name(kt_guest_reason(guest)), kt_guest_detail(guest));
	if (kt_guest_reason(guest) == KT_REASON_QEMU_EXIT)
		put_last_words(guest, &session->problem);
}

static struct kt_error *start_guest(struct kt_shell_session *session);

static bool should_fall_back(const struct kt_shell_session *session)
{
	const struct kt_runner_shared *shared = session->config->shared;

	return !session->signal && !kt_guest_boot_ns(session->guest) &&
	       kt_runner_is_kvm_to_blame(shared, shared->accelerator,
					 kt_guest_reason(session->guest));
}

static void on_stopped(void *ctx)
{
	struct kt_shell_session *session = ctx;

	if (should_fall_back(session)) {
		session->config->shared->accelerator = KT_ACCELERATOR_TCG;
		kt_buf_reset(&session->problem);
		kt_guest_destroy(KT_TAKE(session->guest));
		session->error = start_guest(session);
		if (!session->error)
			return;
	}
	session->is_guest_gone = true;
	kt_inlet_want(&session->in, 0);
	kt_shell_close_if_over(session);
}

static struct kt_error *start_guest(struct kt_shell_session *session)
{
	static const struct kt_guest_handler handler = {
		.on_state = on_state,
		.on_message = on_message,
		.on_stopped = on_stopped,
	};
	const struct kt_shell_config *config = session->config;
	kt_autoarguments struct kt_arguments arguments = { 0 };
	struct kt_guest_config guest;

	KT_TRY(kt_runner_boot_config(config->shared, config->scenario, &config->image, &arguments,
				     &guest));
	KT_TRY(kt_guest_create(&session->loop, &guest, &handler, session, &session->guest));
	kt_guest_start(session->guest);
	return NULL;
}

/* ---- the begin ---- */

static void init(struct kt_shell_session *session, const struct kt_shell_config *config)
{
	session->config = config;
	config->shared->loop = &session->loop;
	session->in.descriptor = KT_DESCRIPTOR_INIT;
	for (int i = 0; i < KT_STREAM_COUNT; i++)
		session->out[i].descriptor = KT_DESCRIPTOR_INIT;
	kt_signals_watch(&session->signals, &session->loop, on_signal, session);
	(void)uv_timer_init(&session->loop, &session->timeout);
	session->timeout.data = session;
	if (config->timeout_s)
		(void)uv_timer_start(&session->timeout, on_timeout,
				     1000 * (uint64_t)config->timeout_s, 0);
}

static int choose_exit_code(const struct kt_shell_session *session)
{
	if (session->signal)
		return KT_EXIT_SIGNAL + session->signal;
	return session->has_ended ? session->exit_code : KT_EXIT_CANNOT_JUDGE;
}

struct kt_error *kt_shell_session_run(const struct kt_shell_config *config, int *ret_exit_code)
{
	kt_autofree struct kt_shell_session *session = calloc(1, sizeof(*session));

	if (!session)
		return kt_error_no_memory();
	if (uv_loop_init(&session->loop))
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "the event loop cannot be made");
	init(session, config);
	session->error = kt_shell_open_streams(session);
	if (!session->error)
		session->error = start_guest(session);
	if (session->error)
		close_all(session);
	(void)uv_run(&session->loop, UV_RUN_DEFAULT);
	if (session->problem.len && !session->error)
		(void)fprintf(stderr, "ktstr-top: %s\n", kt_buf_text(&session->problem));
	if (!session->error)
		*ret_exit_code = choose_exit_code(session);
	kt_guest_destroy(session->guest);
	kt_buf_deinit(&session->problem);
	(void)uv_loop_close(&session->loop);
	return session->error;
}
