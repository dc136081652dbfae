/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/lifecycle.h"

#include <assert.h>

#define STAY                               \
	{                                  \
		.kind = KT_TRANSITION_STAY \
	}
#define BUG                               \
	{                                 \
		.kind = KT_TRANSITION_BUG \
	}
#define GO(state)                                                  \
	{                                                          \
		.kind = KT_TRANSITION_GO, .next = KT_GUEST_##state \
	}
#define FAIL(why)                                                                              \
	{                                                                                      \
		.kind = KT_TRANSITION_FAIL, .next = KT_GUEST_FAILED, .reason = KT_REASON_##why \
	}

/* clang-format off */
/* One row per event, one column per state. */
static const struct kt_transition cells[KT_GUEST_EVENT_COUNT][KT_GUEST_STATE_COUNT] = {
#define ROW(event, new, starting, kernel, agent, ready, probing, done, failed, stopped)            \
	[KT_GUEST_ON_##event] = { new, starting, kernel, agent, ready, probing, done, failed, stopped }
/*                    NEW               STARTING           KERNEL             AGENT              READY              PROBING            DONE         FAILED       STOPPED */
ROW(START,        GO(STARTING),     BUG,               BUG,               BUG,               BUG,               BUG,               BUG,         BUG,         BUG),
ROW(SPAWN_FAILED, BUG,              FAIL(QEMU_EXIT),   BUG,               BUG,               BUG,               BUG,               BUG,         BUG,         BUG),
ROW(GREETING,     BUG,              GO(KERNEL),        STAY,              STAY,              STAY,              STAY,              STAY,        STAY,        BUG),
ROW(AGENT_HELLO,  BUG,              GO(AGENT),         GO(AGENT),         FAIL(PROTOCOL),    FAIL(PROTOCOL),    FAIL(PROTOCOL),    STAY,        STAY,        BUG),
ROW(AGENT_READY,  BUG,              FAIL(PROTOCOL),    FAIL(PROTOCOL),    GO(READY),         FAIL(PROTOCOL),    FAIL(PROTOCOL),    STAY,        STAY,        BUG),
ROW(WORKERS,      BUG,              BUG,               BUG,               BUG,               GO(PROBING),       BUG,               BUG,         BUG,         BUG),
ROW(FINISH,       BUG,              BUG,               BUG,               BUG,               GO(DONE),          GO(DONE),          STAY,        STAY,        STAY),
ROW(SAVED,        BUG,              STAY,              STAY,              STAY,              GO(DONE),          STAY,              STAY,        STAY,        BUG),
ROW(WORKER_DIED,  BUG,              BUG,               BUG,               BUG,               FAIL(WORKER_DIED), FAIL(WORKER_DIED), STAY,        STAY,        STAY),
ROW(PROBE_FATAL,  BUG,              BUG,               BUG,               BUG,               BUG,               FAIL(PROBE_FATAL), STAY,        STAY,        STAY),
ROW(RESET,        BUG,              FAIL(NO_AGENT),    FAIL(NO_AGENT),    FAIL(QEMU_EXIT),   FAIL(QEMU_EXIT),   FAIL(QEMU_EXIT),   STAY,        STAY,        BUG),
ROW(KVM_FAILED,   BUG,              FAIL(NO_KVM),      FAIL(NO_KVM),      FAIL(NO_KVM),      FAIL(NO_KVM),      FAIL(NO_KVM),      STAY,        STAY,        BUG),
ROW(TEMPLATE_BAD, BUG,              FAIL(TEMPLATE),    FAIL(TEMPLATE),    FAIL(TEMPLATE),    FAIL(TEMPLATE),    STAY,              STAY,        STAY,        BUG),
ROW(AGENT_GONE,   BUG,              FAIL(QEMU_EXIT),   FAIL(QEMU_EXIT),   FAIL(QEMU_EXIT),   FAIL(QEMU_EXIT),   FAIL(QEMU_EXIT),   STAY,        STAY,        BUG),
ROW(GARBAGE,      BUG,              FAIL(PROTOCOL),    FAIL(PROTOCOL),    FAIL(PROTOCOL),    FAIL(PROTOCOL),    FAIL(PROTOCOL),    STAY,        STAY,        BUG),
ROW(QEMU_EXIT,    BUG,              FAIL(QEMU_EXIT),   FAIL(QEMU_EXIT),   FAIL(QEMU_EXIT),   FAIL(QEMU_EXIT),   FAIL(QEMU_EXIT),   STAY,        STAY,        BUG),
ROW(DEADLINE,     BUG,              FAIL(TIMEOUT),     FAIL(NO_AGENT),    FAIL(NO_AGENT),    FAIL(TIMEOUT),     FAIL(TIMEOUT),     STAY,        STAY,        STAY),
ROW(CANCEL,       BUG,              FAIL(CANCELLED),   FAIL(CANCELLED),   FAIL(CANCELLED),   FAIL(CANCELLED),   FAIL(CANCELLED),   STAY,        STAY,        STAY),
ROW(CLOSED,       BUG,              BUG,               BUG,               BUG,               BUG,               BUG,               GO(STOPPED), GO(STOPPED), BUG),
#undef ROW
};
/* clang-format on */

struct kt_transition kt_lifecycle_cell(enum kt_guest_state state, enum kt_guest_event event)
{
	assert(state < KT_GUEST_STATE_COUNT && event < KT_GUEST_EVENT_COUNT);
	return cells[event][state];
}
