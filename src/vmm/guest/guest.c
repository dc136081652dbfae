/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/guest.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/text.h"
#include "vmm/guest/guest_state.h"

void kt_guest_send_hello(struct kt_guest *guest)
{
	unsigned char seed[KT_SEED_BYTES];
	struct kt_buf bytes = KT_BUF_INIT;

	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
		kt_guest_handle(guest, KT_GUEST_ON_GARBAGE, "this host gives no random bytes");
		return;
	}
	kt_link_put_hello(&bytes, seed, kt_clock_real_ns());
	kt_guest_send(guest, KT_QEMU_AGENT, &bytes);
}

static void on_qmp(void *ctx, const struct kt_qmp_message *message)
{
	struct kt_guest *guest = ctx;

	switch (message->kind) {
	case KT_QMP_GREETING:
		kt_guest_handle(guest, KT_GUEST_ON_GREETING, NULL);
		return;
	case KT_QMP_SHUTDOWN:
		kt_guest_handle(guest, KT_GUEST_ON_RESET,
				!strcmp(message->text, "guest-reset")
					? "the guest reset itself"
					: "the guest powered itself off");
		return;
	case KT_QMP_STOP:
		kt_guest_send_qmp(guest, "query-status");
		return;
	case KT_QMP_INTERNAL_ERROR:
		kt_guest_handle(guest, KT_GUEST_ON_KVM_FAILED,
				"KVM gave up with an internal error");
		return;
	case KT_QMP_SAVED:
		/* Also said, without meaning here, by a guest that was woken. */
		if (guest->save_fd >= 0)
			kt_guest_handle(guest, KT_GUEST_ON_SAVED, NULL);
		return;
	case KT_QMP_ERROR:
	case KT_QMP_NOT_SAVED:
		if (guest->save_fd >= 0 || guest->is_woken)
			kt_guest_handle(guest, KT_GUEST_ON_TEMPLATE_BAD, message->text);
		return;
	case KT_QMP_OTHER:
		if (guest->is_panic_due)
			kt_guest_panic_if_up(guest, message->text);
		return;
	}
}

static void on_link(void *ctx, const struct kt_link_message *message)
{
	struct kt_guest *guest = ctx;

	guest->heard_ns = kt_clock_mono_ns();
	switch (message->kind) {
	case KT_LINK_HELLO:
		if (!guest->release.len)
			kt_buf_puts(&guest->release, message->text);
		kt_guest_handle(guest, KT_GUEST_ON_AGENT_HELLO, "the agent said hello twice");
		return;
	case KT_LINK_READY:
		guest->machine.seen = message->seen;
		if (*message->text)
			kt_guest_handle(guest, KT_GUEST_ON_GARBAGE, message->text);
		else
			kt_guest_handle(guest, KT_GUEST_ON_AGENT_READY,
					"the agent was ready too early");
		return;
	case KT_LINK_BEAT:
		return;
	case KT_LINK_FROZEN:
		if (guest->save_fd < 0 || *message->text)
			kt_guest_handle(guest, KT_GUEST_ON_TEMPLATE_BAD,
					*message->text ? message->text : "the agent froze unasked");
		else
			kt_guest_save_state(guest);
		return;
	case KT_LINK_BYE:
		kt_guest_kill_qemu(guest);
		return;
	default:
		/* Nothing was asked for yet, so there is nothing to be told about. */
		if (guest->state < KT_GUEST_READY)
			kt_guest_handle(guest, KT_GUEST_ON_GARBAGE,
					"the agent told of a process before it was ready");
		else
			guest->handler->on_message(guest->ctx, message);
		return;
	}
}

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
	guest->save_fd = -1;
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
	kt_buf_deinit(&guest->release);
	free(guest);
}

static void begin(struct kt_guest *guest)
{
	guest->started_ns = kt_clock_mono_ns();
	kt_line_limit_init(&guest->console_limit, guest->started_ns);
	kt_guest_init_parts(guest);
	kt_guest_handle(guest, KT_GUEST_ON_START, NULL);
}

void kt_guest_start(struct kt_guest *guest)
{
	const struct kt_qemu_config *config = &guest->config.qemu;
	struct kt_qemu *qemu;

	begin(guest);
	guest->is_woken = config->state_fd >= 0;
	int status = guest->is_woken ? kt_guest_stand_by(guest->loop, config, &qemu)
				     : kt_qemu_start(guest->loop, config, &qemu);
	if (status) {
		kt_guest_handle(guest, KT_GUEST_ON_SPAWN_FAILED, uv_strerror(status));
		kt_guest_close_all(guest);
		return;
	}
	kt_guest_attach(guest, qemu);
	if (guest->is_woken)
		kt_guest_wake(guest);
	else
		kt_guest_send_qmp(guest, "qmp_capabilities");
	kt_guest_suffer(guest, KT_GUEST_STARTING);
}

void kt_guest_take_over(struct kt_guest *guest, struct kt_qemu *qemu)
{
	begin(guest);
	guest->is_woken = true;
	kt_guest_attach(guest, qemu);
	kt_guest_wake(guest);
	kt_guest_suffer(guest, KT_GUEST_STARTING);
}

void kt_guest_spawn(struct kt_guest *guest, uint32_t id, char *const *argv,
		    const char *const *environment, uint64_t limit_bytes)
{
	struct kt_buf bytes = KT_BUF_INIT;

	kt_link_put_spawn(&bytes, id, argv, environment, limit_bytes);
	kt_guest_send(guest, KT_QEMU_AGENT, &bytes);
}

void kt_guest_spawn_with_input(struct kt_guest *guest, uint32_t id, char *const *argv,
			       const struct kt_terminal *terminal)
{
	struct kt_buf bytes = KT_BUF_INIT;

	kt_link_put_spawn_with_input(&bytes, id, argv, terminal);
	kt_guest_send(guest, KT_QEMU_AGENT, &bytes);
}

void kt_guest_input(struct kt_guest *guest, uint32_t id, const char *input, size_t len)
{
	struct kt_buf bytes = KT_BUF_INIT;

	kt_frame_put_input(&bytes, id, input, len);
	kt_guest_send(guest, KT_QEMU_AGENT, &bytes);
}

void kt_guest_resize(struct kt_guest *guest, uint32_t id, unsigned rows, unsigned columns)
{
	struct kt_buf bytes = KT_BUF_INIT;

	kt_link_put_resize(&bytes, id, rows, columns);
	kt_guest_send(guest, KT_QEMU_AGENT, &bytes);
}

void kt_guest_taken(struct kt_guest *guest, uint32_t id, enum kt_stream stream, size_t len)
{
	struct kt_buf bytes = KT_BUF_INIT;

	kt_link_put_taken(&bytes, id, stream, len);
	kt_guest_send(guest, KT_QEMU_AGENT, &bytes);
}

void kt_guest_await(struct kt_guest *guest, uint32_t id, const char *path, uint64_t timeout_ms)
{
	struct kt_buf bytes = KT_BUF_INIT;

	kt_link_put_await(&bytes, id, path, timeout_ms);
	kt_guest_send(guest, KT_QEMU_AGENT, &bytes);
}

void kt_guest_kill(struct kt_guest *guest, uint32_t id, int signal)
{
	struct kt_buf bytes = KT_BUF_INIT;

	kt_link_put_kill(&bytes, id, signal);
	kt_guest_send(guest, KT_QEMU_AGENT, &bytes);
}

void kt_guest_set_probing(struct kt_guest *guest)
{
	kt_guest_handle(guest, KT_GUEST_ON_WORKERS, NULL);
}

void kt_guest_finish(struct kt_guest *guest)
{
	kt_guest_handle(guest, KT_GUEST_ON_FINISH, NULL);
}

void kt_guest_fail(struct kt_guest *guest, enum kt_guest_reason reason, const char *detail)
{
	switch (reason) {
	case KT_REASON_WORKER_DIED:
		kt_guest_handle(guest, KT_GUEST_ON_WORKER_DIED, detail);
		return;
	case KT_REASON_PROBE_FATAL:
		kt_guest_handle(guest, KT_GUEST_ON_PROBE_FATAL, detail);
		return;
	case KT_REASON_PROTOCOL:
		kt_guest_handle(guest, KT_GUEST_ON_GARBAGE, detail);
		return;
	case KT_REASON_TIMEOUT:
		kt_guest_handle(guest, KT_GUEST_ON_DEADLINE, detail);
		return;
	case KT_REASON_CANCELLED:
		kt_guest_handle(guest, KT_GUEST_ON_CANCEL, detail);
		return;
	default:
		assert(!"not a reason of the engine");
	}
}

const struct kt_guest_machine *kt_guest_machine(struct kt_guest *guest)
{
	guest->machine.release = guest->release.len ? kt_buf_text(&guest->release) : NULL;
	return &guest->machine;
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

pid_t kt_guest_pid(const struct kt_guest *guest)
{
	return kt_qemu_pid(guest->qemu);
}

uint64_t kt_guest_since_start_ns(const struct kt_guest *guest)
{
	return guest->started_ns ? kt_clock_mono_ns() - guest->started_ns : 0;
}

uint64_t kt_guest_boot_ns(const struct kt_guest *guest)
{
	return guest->hello_ns ? guest->hello_ns - guest->started_ns : 0;
}

struct kt_usage kt_guest_usage(const struct kt_guest *guest)
{
	return guest->usage;
}

/* A serial console ends its lines with carriage returns, which are no text. */
static void put_tail(const struct kt_tail *tail, struct kt_buf *out)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	size_t len;
	const char *bytes = kt_tail_bytes(tail, &len);

	for (size_t i = 0; i < len; i++)
		if (bytes[i] != '\r')
			kt_buf_putc(&text, bytes[i]);
	kt_text_sanitize(out, kt_buf_text(&text), text.len, 2 * KT_GUEST_TAIL_BYTES, true);
}

void kt_guest_console_tail(const struct kt_guest *guest, struct kt_buf *out)
{
	put_tail(&guest->console, out);
}

void kt_guest_stderr_tail(const struct kt_guest *guest, struct kt_buf *out)
{
	put_tail(&guest->qemu_stderr, out);
}
