/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A guest's state, shared by its owner's side (guest.c), its decisions (guest_life.c),
 * its QEMU (guest_io.c) and its limits (guest_flow.c), and by nobody else.
 */
#ifndef KT_VMM_GUEST_GUEST_STATE_H
#define KT_VMM_GUEST_GUEST_STATE_H

#include "base/clock.h"
#include "base/tail.h"
#include "vmm/guest/guest.h"
#include "vmm/guest/lifecycle.h"
#include "vmm/guest/line_limit.h"
#include "vmm/qemu/qemu.h"
#include "vmm/qemu/qmp.h"
#include "vmm/qemu/usage.h"

enum {
	GUEST_MAX_LINE_BYTES = 1024,
	/* What a scenario asks of its guest at once is less, for its file is. */
	GUEST_MAX_UNSENT_BYTES = 2 * 1024 * 1024,
};

/* How long nothing of what was sent may be taken. */
#define GUEST_SEND_TIMEOUT_NS (20 * KT_NS_PER_SEC)

struct kt_guest {
	struct kt_guest_config config;
	const struct kt_guest_handler *handler;
	void *ctx;
	uv_loop_t *loop;

	struct kt_qemu *qemu; /* NULL: not started yet, or closed */
	uv_timer_t timer;
	uv_timer_t fault_timer;
	int open_parts; /* QEMU and the timers */
	bool is_woken;	/* from a template */
	bool killed;	/* by us */
	bool closing;
	bool is_damage_due;	  /* a fault: of the agent's next frame */
	bool is_panic_due;	  /* a fault: once the kernel is up */
	unsigned up_answer_count; /* that said it is */
	bool was_poked;		  /* an NMI of ours has made it panic */
	bool is_overdue;	  /* the deadline has passed, and the streams get a last look */

	enum kt_guest_state state;
	enum kt_guest_reason reason;
	struct kt_buf detail;
	struct kt_buf release; /* of the guest's kernel */
	struct kt_guest_machine machine;
	uint64_t started_ns;
	uint64_t hello_ns;
	uint64_t heard_ns;	  /* last message of the agent */
	uint64_t unsent_since_ns; /* since then nothing was taken of what waits; 0: nothing waits */
	bool is_overfull;	  /* more would have to wait than may */
	uint64_t kill_ns;	  /* when to kill QEMU; 0: not wanted yet */
	int save_fd;		  /* where the state goes; -1: the guest is not being saved */
	struct kt_usage usage;	  /* of QEMU when its end was decided */

	struct kt_qmp qmp;
	struct kt_link link;
	struct kt_buf console_line;
	struct kt_line_limit console_limit;
	struct kt_tail console;
	struct kt_tail qemu_stderr;
};

/** Lets the life-cycle table decide what @event means now, and does it.  @detail may be NULL. */
void kt_guest_handle(struct kt_guest *guest, enum kt_guest_event event, const char *detail);

/** Sets the timer to what is due next in the present state. */
void kt_guest_arm_timer(struct kt_guest *guest);

/** Prepares the timers; from here on on_stopped will come. */
void kt_guest_init_parts(struct kt_guest *guest);

/** Makes @qemu the guest's, who closes it in the end, and hears it. */
void kt_guest_attach(struct kt_guest *guest, struct kt_qemu *qemu);

/** Kills QEMU; never by a pid that is not, or no longer, QEMU's. */
void kt_guest_kill_qemu(struct kt_guest *guest);

/** Closes every part, of which QEMU is gone; kt_guest_handle() gets KT_GUEST_ON_CLOSED when that is done. */
void kt_guest_close_all(struct kt_guest *guest);

/** Looks whether something waits to be sent, now that some was taken. */
void kt_guest_count_unsent(struct kt_guest *guest);

/** When what waits to be sent is a reason to end; UINT64_MAX: it is none. */
uint64_t kt_guest_send_deadline_ns(const struct kt_guest *guest);

/** Ends the guest if that time has come; whether it did. */
bool kt_guest_tell_unsent(struct kt_guest *guest);

/** Takes what came from the console: tells its lines, up to a limit, and keeps its end. */
void kt_guest_take_console(struct kt_guest *guest, const char *bytes, size_t len);

/** Says how many lines of the console were not told, if any. */
void kt_guest_tell_left_out(struct kt_guest *guest);

/**
 * Sends and empties @bytes; what cannot be sent shows as silence of the peer.  What it does not take
 * waits in our memory, within limits: beyond, the timer ends the guest.
 */
void kt_guest_send(struct kt_guest *guest, enum kt_qemu_stream stream, struct kt_buf *bytes);

/** Sends QEMU's monitor @line, a whole command with its newline. */
void kt_guest_send_qmp_line(struct kt_guest *guest, const char *line);

/** Sends QEMU's monitor a command without arguments. */
void kt_guest_send_qmp(struct kt_guest *guest, const char *command);

/** Has QEMU save the machine into guest->save_fd, now that the agent stands still. */
void kt_guest_save_state(struct kt_guest *guest);

/** Has QEMU, which loads a saved state or has, go on from there, and the agent wake. */
void kt_guest_wake(struct kt_guest *guest);

/** Has @guest, which has a process if it is more than new, suffer what it is to suffer in @state. */
void kt_guest_suffer(struct kt_guest *guest, enum kt_guest_state state);

/** Damages what was read of the agent, if a frame begins there; at least one byte. */
void kt_guest_damage(struct kt_guest *guest, char *bytes);

/** Has the kernel panic if the monitor's @answer says that it is up. */
void kt_guest_panic_if_up(struct kt_guest *guest, const char *answer);

/** Sends the agent its first message: the time and fresh entropy. */
void kt_guest_send_hello(struct kt_guest *guest);

#endif
