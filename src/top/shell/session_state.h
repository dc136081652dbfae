/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The session's state, shared by its life (session.c) and what passes through it (session_bytes.c), and by
 * nobody else.
 */
#ifndef KT_TOP_SHELL_SESSION_STATE_H
#define KT_TOP_SHELL_SESSION_STATE_H

#include "top/shell/escape.h"
#include "top/shell/inlet.h"
#include "top/shell/outlet.h"
#include "top/shell/session.h"
#include "top/signals.h"
#include "tui/terminal/raw.h"

enum {
	KT_SHELL_ID = 1
};

struct kt_shell_session {
	const struct kt_shell_config *config;
	uv_loop_t loop;
	struct kt_guest *guest;
	struct kt_signals signals;
	uv_timer_t timeout;
	struct kt_inlet in;
	struct kt_outlet out[KT_STREAM_COUNT];
	struct kt_raw *raw; /* NULL: our terminal is as it was */
	struct kt_escape escape;
	size_t sent_bytes;		      /* of the input, not known to be taken */
	size_t untold_bytes[KT_STREAM_COUNT]; /* written, which the agent does not know yet */
	bool is_running;		      /* the shell takes input */
	bool has_ended;			      /* the shell, with @exit_code */
	bool is_guest_gone;
	bool is_closed;
	int exit_code;
	int signal; /* that ended it, or 0; output is not waited for then */
	struct kt_buf problem;
	struct kt_error *error;
};

/** Opens our standard descriptors; nothing is read yet.  Errors: environment.  Owner: closed with the session. */
struct kt_error *kt_shell_open_streams(struct kt_shell_session *session) KT_MUST_CHECK;

/** Reads as much of our stdin as the agent has room for; nothing while the shell takes none. */
void kt_shell_want_input(struct kt_shell_session *session);

/** The shell took @len bytes of its input. */
void kt_shell_take_taken(struct kt_shell_session *session, size_t len);

/** The shell, or what it runs, has written something. */
void kt_shell_take_output(struct kt_shell_session *session, const struct kt_link_message *message);

/** Tells the guest the size of our terminal; for kt_raw_open(). */
void kt_shell_on_resize(void *ctx);

/** Ends the guest because of @why, which is none of its own reasons; "": nothing is said about it. */
void kt_shell_give_up(struct kt_shell_session *session, const char *why);

/** The same, as if @signal had come: what was not written yet is dropped. */
void kt_shell_hang_up(struct kt_shell_session *session, int signal, const char *why);

/** Ends the loop if the guest is gone and everything is written. */
void kt_shell_close_if_over(struct kt_shell_session *session);

#endif
