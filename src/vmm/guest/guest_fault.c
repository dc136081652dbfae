/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "vmm/guest/guest_state.h"

/* Where x86-64 Linux maps its interrupt descriptors, read-only: the CPU entry area. */
#define IDT_PLACE "fffffe"
/* How often it is asked whether they are there yet, and how many times before they are made use of. */
#define PANIC_REPEAT_MS	 20
#define PANIC_UP_ANSWERS 5

/*
 * An NMI is lost on the firmware, resets a kernel that has no handlers yet, and makes one panic that
 * is up.  Whether it is, the table of its handlers says, which has its last place then.  Soon after that
 * the kernel sets up its UART: a panic while the divisor latch is open is printed into the latch, and is a
 * mere reset to us (seen under a debugger, at default_serial_dl_write() of 6.12).  So that is waited out.
 */
static void ask_whether_up(struct kt_guest *guest)
{
	static const char question[] = "{\"execute\":\"human-monitor-command\",\"arguments\":"
				       "{\"command-line\":\"info registers\"}}\n";

	guest->is_panic_due = true;
	kt_guest_send_qmp_line(guest, question);
}

void kt_guest_panic_if_up(struct kt_guest *guest, const char *answer)
{
	if (!strstr(answer, "IDT=     " IDT_PLACE))
		return;
	guest->is_panic_due = false;
	if (++guest->up_answer_count < PANIC_UP_ANSWERS)
		return;
	kt_guest_send_qmp(guest, "inject-nmi");
}

/* One NMI may be lost while the kernel sets its interrupt controller up. */
static void on_fault_timer(uv_timer_t *timer)
{
	struct kt_guest *guest = timer->data;

	if (guest->state < KT_GUEST_DONE)
		ask_whether_up(guest);
	else
		(void)uv_timer_stop(timer);
}

static void panic(struct kt_guest *guest)
{
	if (guest->hello_ns)
		kt_guest_send_qmp(guest, "inject-nmi");
	else
		ask_whether_up(guest);
	(void)uv_timer_start(&guest->fault_timer, on_fault_timer, PANIC_REPEAT_MS, PANIC_REPEAT_MS);
}

static void hurry(struct kt_guest *guest, uint64_t deadline_ns)
{
	if (!deadline_ns)
		return;
	guest->heard_ns = kt_clock_mono_ns();
	guest->config.boot_timeout_ns = guest->heard_ns - guest->started_ns + deadline_ns;
	guest->config.silence_timeout_ns = deadline_ns;
	kt_guest_arm_timer(guest);
}

static void inject(struct kt_guest *guest, enum kt_guest_fault fault)
{
	switch (fault) {
	case KT_GUEST_FAULT_KILL: /* not kt_guest_kill_qemu(): that is told as our own doing */
		kt_qemu_kill(guest->qemu, SIGKILL);
		return;
	case KT_GUEST_FAULT_STOP:
		kt_qemu_kill(guest->qemu, SIGSTOP);
		return;
	/* What is still said until QEMU obeys would make the state a matter of luck. */
	case KT_GUEST_FAULT_HANG:
		guest->link.ended = true;
		kt_guest_send_qmp(guest, "stop");
		return;
	case KT_GUEST_FAULT_PANIC:
		guest->link.ended = true;
		panic(guest);
		return;
	case KT_GUEST_FAULT_STARVE:
		guest->link.ended = true;
		return;
	case KT_GUEST_FAULT_CORRUPT:
		guest->is_damage_due = true;
		return;
	case KT_GUEST_FAULT_COUNT:
		break;
	}
	assert(!"not a fault");
}

void kt_guest_suffer(struct kt_guest *guest, enum kt_guest_state state)
{
	const struct kt_guest_strikes *strikes = &guest->config.strikes;

	/* A state is entered before there is a process. */
	if (!kt_qemu_pid(guest->qemu))
		return;
	for (size_t i = 0; i < strikes->count; i++) {
		const struct kt_guest_strike *strike = &strikes->list[i];

		if (strike->state != state)
			continue;
		strikes->on_strike(strikes->ctx, strikes->name, strike);
		hurry(guest, strike->deadline_ms * KT_NS_PER_MS);
		inject(guest, strike->fault);
	}
}

void kt_guest_damage(struct kt_guest *guest, char *bytes)
{
	/* Within a frame it might be taken for what a program wrote. */
	if (guest->link.in.len)
		return;
	guest->is_damage_due = false;
	bytes[0] = (char)~bytes[0];
}
