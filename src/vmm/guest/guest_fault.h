/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Failures that a test has a guest suffer.  Each is done to QEMU or to what comes from it, as the
 * world would do it, when the guest enters a state; the life cycle knows nothing of it and has to
 * find out.
 */
#ifndef KT_VMM_GUEST_GUEST_FAULT_H
#define KT_VMM_GUEST_GUEST_FAULT_H

#include <stddef.h>

#include "run/event.h"

enum kt_guest_fault {
	KT_GUEST_FAULT_KILL,	/* QEMU gets SIGKILL */
	KT_GUEST_FAULT_STOP,	/* QEMU gets SIGSTOP: its monitor is silent, too */
	KT_GUEST_FAULT_HANG,	/* the CPUs stand still; the monitor answers */
	KT_GUEST_FAULT_PANIC,	/* the guest's kernel panics, as soon as it is up */
	KT_GUEST_FAULT_STARVE,	/* the guest runs, but nothing is heard of its agent any more */
	KT_GUEST_FAULT_CORRUPT, /* the agent's next frame is damaged on its way */
	KT_GUEST_FAULT_COUNT,
};

/** What happens to a guest, and when. */
struct kt_guest_strike {
	enum kt_guest_fault fault;
	enum kt_guest_state state; /* that it enters */
	uint32_t deadline_ms; /* how long it then has before it counts as hanging; 0: as without */
	const char *place;    /* what @on_strike calls the state; borrowed */
};

#define KT_GUEST_MAX_STRIKES 64

/** All that happens to a guest. */
struct kt_guest_strikes {
	struct kt_guest_strike list[KT_GUEST_MAX_STRIKES];
	size_t count;
	void (*on_strike)(void *ctx, const char *name, const struct kt_guest_strike *strike);
	void *ctx;
	const char *name; /* borrowed */
};

#endif
