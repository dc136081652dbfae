/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/guest_state.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

/* How long a QEMU that is ending by itself may take before it is killed. */
#define KT_GRACE_NS (500 * KT_NS_PER_MS)
/* How long a hanging guest gets to print a back-trace after an NMI. */
#define KT_NMI_GRACE_NS (500 * KT_NS_PER_MS)

static uint64_t state_deadline_ns(const struct kt_guest *guest)
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

static bool is_ending(const struct kt_guest *guest)
{
	return guest->state == KT_GUEST_DONE || guest->state == KT_GUEST_FAILED;
}

static uint64_t next_deadline_ns(const struct kt_guest *guest)
{
	uint64_t state_ns = state_deadline_ns(guest);
	uint64_t send_ns = is_ending(guest) ? UINT64_MAX : kt_guest_send_deadline_ns(guest);

	return send_ns < state_ns ? send_ns : state_ns;
}

static void on_timer(uv_timer_t *timer);

void kt_guest_arm_timer(struct kt_guest *guest)
{
	uint64_t now_ns = kt_clock_mono_ns();
	uint64_t due_ns = next_deadline_ns(guest);
	uint64_t wait_ns = due_ns > now_ns ? due_ns - now_ns : 0;

	guest->is_overdue = false;
	if (!guest->closing)
		(void)uv_timer_start(&guest->timer, on_timer, wait_ns / KT_NS_PER_MS + 1, 0);
}

static void on_end_timer(struct kt_guest *guest)
{
	if (!kt_qemu_pid(guest->qemu)) {
		kt_guest_close_all(guest);
		return;
	}
	/* SIGKILL always works, but its report may be late on a loaded machine. */
	kt_guest_kill_qemu(guest);
	guest->kill_ns = kt_clock_mono_ns() + KT_GRACE_NS;
	kt_guest_arm_timer(guest);
}

static void on_timer(uv_timer_t *timer)
{
	struct kt_guest *guest = timer->data;
	if (kt_clock_mono_ns() < next_deadline_ns(guest)) {
		kt_guest_arm_timer(guest);
	} else if (is_ending(guest)) {
		on_end_timer(guest);
	} else if (!guest->is_overdue) {
		/* If it was us who were stopped, what the guest said meanwhile is not read yet. */
		guest->is_overdue = true;
		(void)uv_timer_start(&guest->timer, on_timer, 1, 0);
	} else if (!kt_guest_tell_unsent(guest)) {
		kt_autobuf struct kt_buf text = KT_BUF_INIT;
		bool booting = guest->state < KT_GUEST_READY;
		kt_buf_puts(&text, booting ? "the boot took longer than "
					   : "the agent has said nothing for ");
		kt_text_format_duration(&text, booting ? guest->config.boot_timeout_ns
						       : guest->config.silence_timeout_ns);
		kt_guest_handle(guest, KT_GUEST_ON_DEADLINE, kt_buf_text(&text));
	}
}

static void announce(struct kt_guest *guest, enum kt_guest_state state)
{
	guest->state = state;
	kt_guest_suffer(guest, state);
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

/*
 * The last moment at which QEMU can be asked: what is gone tells nothing any more.  Once it was
 * reaped its pid may be somebody else's.
 */
static void take_usage(struct kt_guest *guest)
{
	pid_t pid = kt_qemu_pid(guest->qemu);

	if (pid)
		kt_usage_read(pid, &guest->usage);
}

static void fail(struct kt_guest *guest, enum kt_guest_event event, enum kt_guest_reason reason,
		 const char *detail)
{
	uint64_t wait_ns = grace_ns(guest, event);

	take_usage(guest);
	/* unknown_nmi_panic=1 turns the NMI into a back-trace on the console. */
	guest->was_poked = event == KT_GUEST_ON_DEADLINE && wait_ns;
	if (guest->was_poked)
		kt_guest_send_qmp(guest, "inject-nmi");
	guest->reason = reason;
	kt_buf_reset(&guest->detail);
	kt_buf_puts(&guest->detail, detail ? detail : "");
	guest->state = KT_GUEST_FAILED; /* announced when QEMU is gone */
	guest->link.ended = true;
	guest->kill_ns = kt_clock_mono_ns() + wait_ns;
	if (!wait_ns)
		kt_guest_kill_qemu(guest);
	kt_guest_arm_timer(guest);
}

/* A panic explains more than "QEMU ended": the console has the last word. */
static void refine_failure(struct kt_guest *guest)
{
	static const char mark[] = "Kernel panic - not syncing";
	size_t len;
	const char *bytes = kt_tail_bytes(&guest->console, &len);
	const char *found = memmem(bytes, len, mark, sizeof(mark) - 1);

	if (!found || guest->reason == KT_REASON_CANCELLED || guest->reason == KT_REASON_TIMEOUT ||
	    guest->was_poked)
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
		kt_guest_send_hello(guest);
	if (next == KT_GUEST_DONE && guest->save_fd >= 0) {
		kt_guest_kill_qemu(guest); /* what it was for is in the files */
		guest->kill_ns = kt_clock_mono_ns() + KT_GRACE_NS;
	} else if (next == KT_GUEST_DONE) {
		struct kt_buf bytes = KT_BUF_INIT;
		take_usage(guest);
		kt_link_put_exit(&bytes);
		kt_guest_send(guest, KT_QEMU_AGENT, &bytes);
		guest->kill_ns = kt_clock_mono_ns() + KT_GRACE_NS;
	}
	kt_guest_arm_timer(guest);
}

void kt_guest_handle(struct kt_guest *guest, enum kt_guest_event event, const char *detail)
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
