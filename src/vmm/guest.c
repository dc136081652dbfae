/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/tail.h"
#include "base/text.h"
#include "vmm/lifecycle.h"
#include "vmm/qmp.h"

/* How long a QEMU that is ending by itself may take before it is killed. */
#define KT_GRACE_NS (500 * KT_NS_PER_MS)
/* How long a hanging guest gets to print a back-trace after an NMI. */
#define KT_NMI_GRACE_NS (500 * KT_NS_PER_MS)
/* How long streams may stay open once QEMU is gone. */
#define KT_STREAM_GRACE_NS (500 * KT_NS_PER_MS)

enum {
	GUEST_READ_BYTES = 64 * 1024,
	GUEST_MAX_LINE_BYTES = 1024
};

enum guest_stream {
	STREAM_STDERR,
	STREAM_QMP,
	STREAM_AGENT,
	STREAM_CONSOLE,
	STREAM_COUNT
};

struct kt_guest {
	struct kt_guest_config config;
	const struct kt_guest_handler *handler;
	void *ctx;
	uv_loop_t *loop;

	uv_process_t process;
	uv_pipe_t streams[STREAM_COUNT];
	bool stream_open[STREAM_COUNT];
	uv_timer_t timer;
	int open_handles;
	bool process_gone;
	bool killed; /* by us */
	bool closing;
	char read_bytes[GUEST_READ_BYTES];

	enum kt_guest_state state;
	enum kt_guest_reason reason;
	struct kt_buf detail;
	uint64_t started_ns;
	uint64_t hello_ns;
	uint64_t heard_ns; /* last message of the agent */
	uint64_t kill_ns;  /* when to kill QEMU; 0: not wanted yet */

	struct kt_qmp qmp;
	struct kt_link link;
	struct kt_buf console_line;
	struct kt_tail console;
	struct kt_tail qemu_stderr;
};

static void handle(struct kt_guest *guest, enum kt_guest_event event, const char *detail);
static void on_qmp(void *ctx, const struct kt_qmp_message *message);
static void on_link(void *ctx, const struct kt_link_message *message);

struct kt_error *kt_guest_create(uv_loop_t *loop, const struct kt_guest_config *config,
				 const struct kt_guest_handler *handler, void *ctx,
				 struct kt_guest **ret)
{
	struct kt_guest *guest = calloc(1, sizeof(*guest));

	if (!guest)
		return kt_error_no_memory();
	guest->config = *config;
	guest->handler = handler;
	guest->ctx = ctx;
	guest->loop = loop;
	kt_qmp_init(&guest->qmp, on_qmp, guest);
	kt_link_init(&guest->link, on_link, guest);
	kt_tail_init(&guest->console, KT_GUEST_TAIL_BYTES);
	kt_tail_init(&guest->qemu_stderr, KT_GUEST_TAIL_BYTES);
	*ret = guest;
	return NULL;
}

void kt_guest_destroy(struct kt_guest *guest)
{
	if (!guest)
		return;
	assert(guest->state == KT_GUEST_NEW || guest->state == KT_GUEST_STOPPED);
	kt_qmp_deinit(&guest->qmp);
	kt_link_deinit(&guest->link);
	kt_tail_deinit(&guest->console);
	kt_tail_deinit(&guest->qemu_stderr);
	kt_buf_deinit(&guest->console_line);
	kt_buf_deinit(&guest->detail);
	free(guest);
}

/* Sending. */

struct sending {
	uv_write_t request;
	char *bytes;
};

static void on_sent(uv_write_t *request, int status)
{
	struct sending *sending = (struct sending *)request;

	(void)status; /* a broken pipe is seen by the reader */
	free(sending->bytes);
	free(sending);
}

/* Sends and empties @bytes; what cannot be sent shows as silence of the peer. */
static void send_bytes(struct kt_guest *guest, enum guest_stream stream, struct kt_buf *bytes)
{
	size_t len = bytes->len;
	char *data = kt_buf_steal(bytes);
	struct sending *sending = data ? calloc(1, sizeof(*sending)) : NULL;

	if (!sending || !guest->stream_open[stream]) {
		free(sending);
		free(data);
		return;
	}
	sending->bytes = data;
	uv_buf_t buffer = uv_buf_init(data, (unsigned)len);
	if (uv_write(&sending->request, (uv_stream_t *)&guest->streams[stream], &buffer, 1,
		     on_sent)) {
		free(sending);
		free(data);
	}
}

static void send_qmp(struct kt_guest *guest, const char *command)
{
	struct kt_buf bytes = KT_BUF_INIT;

	kt_buf_printf(&bytes, "{\"execute\":\"%s\"}\n", command);
	send_bytes(guest, STREAM_QMP, &bytes);
}

static void send_hello(struct kt_guest *guest)
{
	unsigned char seed[KT_SEED_BYTES];
	struct kt_buf bytes = KT_BUF_INIT;

	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
		handle(guest, KT_GUEST_ON_GARBAGE, "this host gives no random bytes");
		return;
	}
	kt_link_put_hello(&bytes, seed, kt_clock_real_ns());
	send_bytes(guest, STREAM_AGENT, &bytes);
}

/* The end of handles. */

static void on_closed(uv_handle_t *handle_closed)
{
	struct kt_guest *guest = handle_closed->data;

	if (--guest->open_handles)
		return;
	handle(guest, KT_GUEST_ON_CLOSED, NULL);
	guest->handler->on_stopped(guest->ctx);
}

static void close_handle(uv_handle_t *handle_to_close)
{
	if (!uv_is_closing(handle_to_close))
		uv_close(handle_to_close, on_closed);
}

static void close_all(struct kt_guest *guest)
{
	guest->closing = true;
	for (int i = 0; i < STREAM_COUNT; i++) {
		guest->stream_open[i] = false;
		close_handle((uv_handle_t *)&guest->streams[i]);
	}
	close_handle((uv_handle_t *)&guest->timer);
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
		close_all(guest);
}

/* Never by a pid that is not, or no longer, QEMU's. */
static void kill_qemu(struct kt_guest *guest)
{
	if (guest->process_gone)
		return;
	guest->killed = true;
	(void)uv_process_kill(&guest->process, SIGKILL);
}

/* The timer. */

static uint64_t next_deadline_ns(const struct kt_guest *guest)
{
	switch (guest->state) {
	case KT_GUEST_STARTING:
	case KT_GUEST_KERNEL:
	case KT_GUEST_AGENT:
		return guest->started_ns + guest->config.boot_timeout_ns;
	case KT_GUEST_READY:
	case KT_GUEST_PROBING:
		return guest->heard_ns + guest->config.silence_timeout_ns;
	default:
		return guest->kill_ns;
	}
}

static void on_timer(uv_timer_t *timer);

static void arm_timer(struct kt_guest *guest)
{
	uint64_t now_ns = kt_clock_mono_ns();
	uint64_t due_ns = next_deadline_ns(guest);
	uint64_t wait_ns = due_ns > now_ns ? due_ns - now_ns : 0;

	if (!guest->closing)
		(void)uv_timer_start(&guest->timer, on_timer, wait_ns / KT_NS_PER_MS + 1, 0);
}

static void on_end_timer(struct kt_guest *guest)
{
	if (guest->process_gone) {
		close_all(guest);
		return;
	}
	/* SIGKILL always works, but its report may be late on a loaded machine. */
	kill_qemu(guest);
	guest->kill_ns = kt_clock_mono_ns() + KT_GRACE_NS;
	arm_timer(guest);
}

static void on_timer(uv_timer_t *timer)
{
	struct kt_guest *guest = timer->data;
	bool is_ending = guest->state == KT_GUEST_DONE || guest->state == KT_GUEST_FAILED;

	if (kt_clock_mono_ns() < next_deadline_ns(guest)) {
		arm_timer(guest);
	} else if (is_ending) {
		on_end_timer(guest);
	} else {
		kt_autobuf struct kt_buf text = KT_BUF_INIT;
		bool booting = guest->state < KT_GUEST_READY;
		kt_buf_puts(&text, booting ? "the boot took longer than "
					   : "the agent has said nothing for ");
		kt_text_format_duration(&text, booting ? guest->config.boot_timeout_ns
						       : guest->config.silence_timeout_ns);
		handle(guest, KT_GUEST_ON_DEADLINE, kt_buf_text(&text));
	}
}

/* Decisions. */

static void announce(struct kt_guest *guest, enum kt_guest_state state)
{
	guest->state = state;
	guest->handler->on_state(guest->ctx, guest);
}

/* How soon QEMU is killed after the guest failed by @event. */
static uint64_t grace_ns(const struct kt_guest *guest, enum kt_guest_event event)
{
	switch (event) {
	case KT_GUEST_ON_RESET:
	case KT_GUEST_ON_AGENT_GONE:
	case KT_GUEST_ON_QEMU_EXIT:
		return KT_GRACE_NS; /* it ends by itself; its last words are worth the wait */
	case KT_GUEST_ON_DEADLINE:
		return guest->state >= KT_GUEST_KERNEL ? KT_NMI_GRACE_NS : 0;
	default:
		return 0;
	}
}

static void fail(struct kt_guest *guest, enum kt_guest_event event, enum kt_guest_reason reason,
		 const char *detail)
{
	uint64_t wait_ns = grace_ns(guest, event);

	/* unknown_nmi_panic=1 turns the NMI into a back-trace on the console. */
	if (event == KT_GUEST_ON_DEADLINE && wait_ns)
		send_qmp(guest, "inject-nmi");
	guest->reason = reason;
	kt_buf_reset(&guest->detail);
	kt_buf_puts(&guest->detail, detail ? detail : "");
	guest->state = KT_GUEST_FAILED; /* announced when QEMU is gone */
	guest->link.ended = true;
	guest->kill_ns = kt_clock_mono_ns() + wait_ns;
	if (!wait_ns)
		kill_qemu(guest);
	arm_timer(guest);
}

/* A panic explains more than "QEMU ended": the console has the last word. */
static void refine_failure(struct kt_guest *guest)
{
	static const char mark[] = "Kernel panic - not syncing";
	size_t len;
	const char *bytes = kt_tail_bytes(&guest->console, &len);
	const char *found = memmem(bytes, len, mark, sizeof(mark) - 1);

	if (!found || guest->reason == KT_REASON_CANCELLED || guest->reason == KT_REASON_TIMEOUT)
		return;
	size_t line_len = strcspn(found, "\r\n");
	guest->reason = KT_REASON_KERNEL_PANIC;
	kt_buf_reset(&guest->detail);
	kt_text_sanitize(&guest->detail, found, line_len, GUEST_MAX_LINE_BYTES, false);
}

static void enter(struct kt_guest *guest, enum kt_guest_state next)
{
	if (next == KT_GUEST_STOPPED && guest->state == KT_GUEST_FAILED) {
		refine_failure(guest);
		announce(guest, KT_GUEST_FAILED);
	}
	if (next == KT_GUEST_AGENT)
		guest->hello_ns = kt_clock_mono_ns();
	announce(guest, next);
	if (next == KT_GUEST_AGENT)
		send_hello(guest);
	if (next == KT_GUEST_DONE) {
		struct kt_buf bytes = KT_BUF_INIT;
		kt_link_put_exit(&bytes);
		send_bytes(guest, STREAM_AGENT, &bytes);
		guest->kill_ns = kt_clock_mono_ns() + KT_GRACE_NS;
	}
	arm_timer(guest);
}

static void handle(struct kt_guest *guest, enum kt_guest_event event, const char *detail)
{
	struct kt_transition cell = kt_lifecycle_cell(guest->state, event);

	switch (cell.kind) {
	case KT_TRANSITION_STAY:
		return;
	case KT_TRANSITION_GO:
		enter(guest, cell.next);
		return;
	case KT_TRANSITION_FAIL:
		fail(guest, event, cell.reason, detail);
		return;
	case KT_TRANSITION_UNSET:
	case KT_TRANSITION_BUG:
		break;
	}
	assert(!"an event that this state cannot have");
}

/* What QEMU and the agent say. */

static void on_qmp(void *ctx, const struct kt_qmp_message *message)
{
	struct kt_guest *guest = ctx;

	switch (message->kind) {
	case KT_QMP_GREETING:
		handle(guest, KT_GUEST_ON_GREETING, NULL);
		return;
	case KT_QMP_SHUTDOWN:
		handle(guest, KT_GUEST_ON_RESET,
		       !strcmp(message->text, "guest-reset") ? "the guest reset itself"
							     : "the guest powered itself off");
		return;
	case KT_QMP_STOP:
		send_qmp(guest, "query-status");
		return;
	case KT_QMP_INTERNAL_ERROR:
		handle(guest, KT_GUEST_ON_KVM_FAILED, "KVM gave up with an internal error");
		return;
	case KT_QMP_ERROR:
	case KT_QMP_OTHER:
		return;
	}
}

static void on_link(void *ctx, const struct kt_link_message *message)
{
	struct kt_guest *guest = ctx;

	guest->heard_ns = kt_clock_mono_ns();
	switch (message->kind) {
	case KT_LINK_HELLO:
		handle(guest, KT_GUEST_ON_AGENT_HELLO, "the agent said hello twice");
		return;
	case KT_LINK_READY:
		if (*message->text)
			handle(guest, KT_GUEST_ON_GARBAGE, message->text);
		else
			handle(guest, KT_GUEST_ON_AGENT_READY, "the agent was ready too early");
		return;
	case KT_LINK_BEAT:
		return;
	case KT_LINK_BYE:
		kill_qemu(guest);
		return;
	default:
		guest->handler->on_message(guest->ctx, message);
		return;
	}
}

/* Streams. */

static void take_console(struct kt_guest *guest, const char *bytes, size_t len)
{
	kt_tail_append(&guest->console, bytes, len);
	for (; len; bytes++, len--) {
		if (*bytes != '\n') {
			if (guest->console_line.len < GUEST_MAX_LINE_BYTES && *bytes != '\r')
				kt_buf_putc(&guest->console_line, *bytes);
			continue;
		}
		kt_autobuf struct kt_buf clean = KT_BUF_INIT;
		kt_text_sanitize(&clean, kt_buf_text(&guest->console_line), guest->console_line.len,
				 GUEST_MAX_LINE_BYTES, false);
		if (clean.len)
			guest->handler->on_console(guest->ctx, kt_buf_text(&clean));
		kt_buf_reset(&guest->console_line);
	}
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
		take_console(guest, bytes, len);
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
		handle(guest, KT_GUEST_ON_GARBAGE, kt_error_message(err));
}

static void end_stream(struct kt_guest *guest, enum guest_stream stream)
{
	guest->stream_open[stream] = false;
	(void)uv_read_stop((uv_stream_t *)&guest->streams[stream]);
	if (stream == STREAM_AGENT)
		handle(guest, KT_GUEST_ON_AGENT_GONE, "the agent's port was closed");
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

	if (got > 0)
		take_bytes(guest, which, buffer->base, (size_t)got);
	else if (got < 0)
		end_stream(guest, which);
}

/* The process. */

static void on_qemu_exit(uv_process_t *process, int64_t exit_status, int signal)
{
	struct kt_guest *guest = process->data;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (signal)
		kt_buf_printf(&text, "QEMU was killed by signal %d", signal);
	else
		kt_buf_printf(&text, "QEMU ended with exit code %d", (int)exit_status);
	handle(guest, KT_GUEST_ON_QEMU_EXIT, kt_buf_text(&text));
	/* The agent's end is often seen first; what QEMU itself says about it is better. */
	if (guest->reason == KT_REASON_QEMU_EXIT && !guest->killed && (exit_status || signal)) {
		kt_buf_reset(&guest->detail);
		kt_buf_puts(&guest->detail, kt_buf_text(&text));
	}
	guest->process_gone = true;
	guest->kill_ns = kt_clock_mono_ns() + KT_STREAM_GRACE_NS;
	arm_timer(guest);
	close_if_over(guest);
}

static void init_handles(struct kt_guest *guest)
{
	for (int i = 0; i < STREAM_COUNT; i++) {
		(void)uv_pipe_init(guest->loop, &guest->streams[i], 0);
		guest->streams[i].data = guest;
	}
	(void)uv_timer_init(guest->loop, &guest->timer);
	guest->timer.data = guest;
	guest->process.data = guest;
	guest->open_handles = STREAM_COUNT + 2;
}

static int spawn_qemu(struct kt_guest *guest)
{
	const uv_stdio_flags both = UV_CREATE_PIPE | UV_READABLE_PIPE | UV_WRITABLE_PIPE;
	uv_stdio_container_t stdio[KT_GUEST_FD_COUNT] = {
		[STDIN_FILENO] = { .flags = UV_IGNORE },
		[STDOUT_FILENO] = { .flags = UV_IGNORE },
		[STDERR_FILENO] = { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE },
		[KT_GUEST_FD_QMP] = { .flags = both },
		[KT_GUEST_FD_AGENT] = { .flags = both },
		[KT_GUEST_FD_CONSOLE] = { .flags = both },
		[KT_GUEST_FD_KERNEL] = { .flags = UV_INHERIT_FD },
		[KT_GUEST_FD_INITRD] = { .flags = UV_INHERIT_FD },
	};
	stdio[STDERR_FILENO].data.stream = (uv_stream_t *)&guest->streams[STREAM_STDERR];
	stdio[KT_GUEST_FD_QMP].data.stream = (uv_stream_t *)&guest->streams[STREAM_QMP];
	stdio[KT_GUEST_FD_AGENT].data.stream = (uv_stream_t *)&guest->streams[STREAM_AGENT];
	stdio[KT_GUEST_FD_CONSOLE].data.stream = (uv_stream_t *)&guest->streams[STREAM_CONSOLE];
	stdio[KT_GUEST_FD_KERNEL].data.fd = guest->config.kernel_fd;
	stdio[KT_GUEST_FD_INITRD].data.fd = guest->config.initrd_fd;

	uv_process_options_t options = {
		.exit_cb = on_qemu_exit,
		.file = guest->config.argv[0],
		.args = (char **)guest->config.argv,
		/* A session of its own: the terminal's Ctrl-C is ours to act on. */
		.flags = UV_PROCESS_DETACHED,
		.stdio_count = KT_GUEST_FD_COUNT,
		.stdio = stdio,
	};
	return uv_spawn(guest->loop, &guest->process, &options);
}

void kt_guest_start(struct kt_guest *guest)
{
	guest->started_ns = kt_clock_mono_ns();
	init_handles(guest);
	handle(guest, KT_GUEST_ON_START, NULL);

	int status = spawn_qemu(guest);
	if (status) {
		guest->process_gone = true;
		handle(guest, KT_GUEST_ON_SPAWN_FAILED, uv_strerror(status));
		close_all(guest);
		return;
	}
	for (int i = 0; i < STREAM_COUNT; i++) {
		guest->stream_open[i] = true;
		(void)uv_read_start((uv_stream_t *)&guest->streams[i], on_alloc, on_read);
	}
	send_qmp(guest, "qmp_capabilities");
}

/* What the owner asks for. */

void kt_guest_spawn(struct kt_guest *guest, uint32_t id, char *const *argv, uint64_t limit_bytes)
{
	struct kt_buf bytes = KT_BUF_INIT;

	kt_link_put_spawn(&bytes, id, argv, limit_bytes);
	send_bytes(guest, STREAM_AGENT, &bytes);
}

void kt_guest_await(struct kt_guest *guest, uint32_t id, const char *path, uint64_t timeout_ms)
{
	struct kt_buf bytes = KT_BUF_INIT;

	kt_link_put_await(&bytes, id, path, timeout_ms);
	send_bytes(guest, STREAM_AGENT, &bytes);
}

void kt_guest_kill(struct kt_guest *guest, uint32_t id, int signal)
{
	struct kt_buf bytes = KT_BUF_INIT;

	kt_link_put_kill(&bytes, id, signal);
	send_bytes(guest, STREAM_AGENT, &bytes);
}

void kt_guest_set_probing(struct kt_guest *guest)
{
	handle(guest, KT_GUEST_ON_WORKERS, NULL);
}

void kt_guest_finish(struct kt_guest *guest)
{
	handle(guest, KT_GUEST_ON_FINISH, NULL);
}

void kt_guest_fail(struct kt_guest *guest, enum kt_guest_reason reason, const char *detail)
{
	switch (reason) {
	case KT_REASON_WORKER_DIED:
		handle(guest, KT_GUEST_ON_WORKER_DIED, detail);
		return;
	case KT_REASON_PROBE_FATAL:
		handle(guest, KT_GUEST_ON_PROBE_FATAL, detail);
		return;
	case KT_REASON_TIMEOUT:
		handle(guest, KT_GUEST_ON_DEADLINE, detail);
		return;
	case KT_REASON_CANCELLED:
		handle(guest, KT_GUEST_ON_CANCEL, detail);
		return;
	default:
		assert(!"not a reason of the engine");
	}
}

enum kt_guest_state kt_guest_state(const struct kt_guest *guest)
{
	return guest->state;
}

enum kt_guest_reason kt_guest_reason(const struct kt_guest *guest)
{
	return guest->reason;
}

const char *kt_guest_detail(const struct kt_guest *guest)
{
	return kt_buf_text(&guest->detail);
}

uint64_t kt_guest_since_start_ns(const struct kt_guest *guest)
{
	return guest->started_ns ? kt_clock_mono_ns() - guest->started_ns : 0;
}

uint64_t kt_guest_boot_ns(const struct kt_guest *guest)
{
	return guest->hello_ns ? guest->hello_ns - guest->started_ns : 0;
}

static void put_tail(const struct kt_tail *tail, struct kt_buf *out)
{
	size_t len;
	const char *bytes = kt_tail_bytes(tail, &len);

	kt_text_sanitize(out, bytes, len, 2 * KT_GUEST_TAIL_BYTES, true);
}

void kt_guest_console_tail(const struct kt_guest *guest, struct kt_buf *out)
{
	put_tail(&guest->console, out);
}

void kt_guest_stderr_tail(const struct kt_guest *guest, struct kt_buf *out)
{
	put_tail(&guest->qemu_stderr, out);
}
