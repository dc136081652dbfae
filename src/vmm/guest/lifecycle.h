/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The life of a guest as a table of state x event, and nothing else: no process, no
 * clock.  Every cell says what the event means in that state: the state that follows,
 * and for a failure its reason.  A forgotten case cannot exist; a test looks at every cell.
 *
 * NEW: described.  STARTING: QEMU runs, it has not greeted.  KERNEL: it has, the guest
 * boots.  AGENT: the agent said hello; clock and entropy are on their way.  READY: programs
 * can be run.  PROBING: the workers are ready, probes run.  FAILED and DONE are decided
 * once; what still arrives while QEMU goes away is ignored, and STOPPED follows when it
 * is gone.
 */
#ifndef KT_VMM_GUEST_LIFECYCLE_H
#define KT_VMM_GUEST_LIFECYCLE_H

#include "run/event.h"

enum kt_guest_event {
	KT_GUEST_ON_START,	  /* we spawn QEMU */
	KT_GUEST_ON_SPAWN_FAILED, /* it could not be spawned */
	KT_GUEST_ON_GREETING,	  /* QMP greeting */
	KT_GUEST_ON_AGENT_HELLO,  /* first message of the agent */
	KT_GUEST_ON_AGENT_READY,  /* clock and entropy are set */
	KT_GUEST_ON_WORKERS,	  /* the engine: all workers are ready */
	KT_GUEST_ON_FINISH,	  /* the engine: nothing more to run */
	KT_GUEST_ON_SAVED,	  /* QMP: the template's state is in its file */
	KT_GUEST_ON_WORKER_DIED,  /* the engine: a worker ended early or never got ready */
	KT_GUEST_ON_PROBE_FATAL,  /* the engine: a probe could not judge */
	KT_GUEST_ON_RESET,	  /* QMP: the guest reset or shut itself down */
	KT_GUEST_ON_KVM_FAILED,	  /* QMP: the accelerator gave up (internal error) */
	KT_GUEST_ON_TEMPLATE_BAD, /* QMP: the state could not be saved, or not be woken */
	KT_GUEST_ON_AGENT_GONE,	  /* the agent's port was closed */
	KT_GUEST_ON_GARBAGE,	  /* the agent or QMP broke the protocol */
	KT_GUEST_ON_QEMU_EXIT,	  /* the process ended */
	KT_GUEST_ON_DEADLINE,	  /* the state lasted too long, or the agent fell silent */
	KT_GUEST_ON_CANCEL,	  /* the user or a fail-fast wants it gone */
	KT_GUEST_ON_CLOSED,	  /* process reaped, every stream at its end */
	KT_GUEST_EVENT_COUNT,
};

enum kt_transition_kind {
	KT_TRANSITION_UNSET, /* no cell of the table has this */
	KT_TRANSITION_STAY,  /* nothing changes */
	KT_TRANSITION_GO,    /* to `next` */
	KT_TRANSITION_FAIL,  /* to KT_GUEST_FAILED for `reason` */
	KT_TRANSITION_BUG,   /* our own code must never send this here */
};

struct kt_transition {
	enum kt_transition_kind kind;
	enum kt_guest_state next;
	enum kt_guest_reason reason;
};

/** The cell for @event in @state. */
struct kt_transition kt_lifecycle_cell(enum kt_guest_state state, enum kt_guest_event event);

#endif
