/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <string.h>

#include "vmm/guest/lifecycle.h"

START_TEST(every_cell_is_set)
{
	for (int event = 0; event < KT_GUEST_EVENT_COUNT; event++)
		for (int state = 0; state < KT_GUEST_STATE_COUNT; state++) {
			struct kt_transition cell = kt_lifecycle_cell((enum kt_guest_state)state,
								      (enum kt_guest_event)event);
			ck_assert_msg(cell.kind != KT_TRANSITION_UNSET, "event %d in state %d",
				      event, state);
			ck_assert_int_eq(cell.kind == KT_TRANSITION_FAIL,
					 cell.reason != KT_REASON_NONE);
			if (cell.kind == KT_TRANSITION_FAIL)
				ck_assert_int_eq(cell.next, KT_GUEST_FAILED);
			if (cell.kind == KT_TRANSITION_GO)
				ck_assert_int_ne(cell.next, (enum kt_guest_state)state);
		}
}
END_TEST

/* "new starting kernel": the states that @events lead through. */
static const char *walk(const enum kt_guest_event *events, size_t count)
{
	static char path[512];
	enum kt_guest_state state = KT_GUEST_NEW;

	strcpy(path, kt_guest_state_name(state));
	for (size_t i = 0; i < count; i++) {
		struct kt_transition cell = kt_lifecycle_cell(state, events[i]);
		ck_assert_msg(cell.kind != KT_TRANSITION_BUG, "event %d after %s", events[i], path);
		if (cell.kind == KT_TRANSITION_STAY)
			continue;
		state = cell.next;
		strcat(path, " ");
		strcat(path, kt_guest_state_name(state));
		if (cell.kind == KT_TRANSITION_FAIL) {
			strcat(path, ":");
			strcat(path, kt_guest_reason_name(cell.reason));
		}
	}
	return path;
}

#define WALK(...)                                          \
	walk((const enum kt_guest_event[]){ __VA_ARGS__ }, \
	     sizeof((const enum kt_guest_event[]){ __VA_ARGS__ }) / sizeof(enum kt_guest_event))

START_TEST(whole_lives)
{
	ck_assert_str_eq(WALK(KT_GUEST_ON_START, KT_GUEST_ON_GREETING, KT_GUEST_ON_AGENT_HELLO,
			      KT_GUEST_ON_AGENT_READY, KT_GUEST_ON_WORKERS, KT_GUEST_ON_FINISH,
			      KT_GUEST_ON_AGENT_GONE, KT_GUEST_ON_QEMU_EXIT, KT_GUEST_ON_CLOSED),
			 "new starting kernel agent ready probing done stopped");
	/* A guest that is faster than QEMU's monitor. */
	ck_assert_str_eq(WALK(KT_GUEST_ON_START, KT_GUEST_ON_AGENT_HELLO, KT_GUEST_ON_GREETING,
			      KT_GUEST_ON_AGENT_READY, KT_GUEST_ON_FINISH, KT_GUEST_ON_CLOSED),
			 "new starting agent ready done stopped");
	ck_assert_str_eq(WALK(KT_GUEST_ON_START, KT_GUEST_ON_SPAWN_FAILED, KT_GUEST_ON_CLOSED),
			 "new starting failed:qemu-exit stopped");
	ck_assert_str_eq(WALK(KT_GUEST_ON_START, KT_GUEST_ON_GREETING, KT_GUEST_ON_RESET,
			      KT_GUEST_ON_AGENT_GONE, KT_GUEST_ON_QEMU_EXIT, KT_GUEST_ON_CLOSED),
			 "new starting kernel failed:no-agent stopped");
	ck_assert_str_eq(WALK(KT_GUEST_ON_START, KT_GUEST_ON_GREETING, KT_GUEST_ON_DEADLINE,
			      KT_GUEST_ON_CANCEL, KT_GUEST_ON_QEMU_EXIT, KT_GUEST_ON_CLOSED),
			 "new starting kernel failed:no-agent stopped");
	ck_assert_str_eq(WALK(KT_GUEST_ON_START, KT_GUEST_ON_GREETING, KT_GUEST_ON_KVM_FAILED,
			      KT_GUEST_ON_QEMU_EXIT, KT_GUEST_ON_CLOSED),
			 "new starting kernel failed:no-kvm stopped");
	ck_assert_str_eq(WALK(KT_GUEST_ON_START, KT_GUEST_ON_AGENT_HELLO, KT_GUEST_ON_AGENT_READY,
			      KT_GUEST_ON_AGENT_HELLO, KT_GUEST_ON_CLOSED),
			 "new starting agent ready failed:protocol stopped");
	/* A template: booted, saved. */
	ck_assert_str_eq(WALK(KT_GUEST_ON_START, KT_GUEST_ON_GREETING, KT_GUEST_ON_AGENT_HELLO,
			      KT_GUEST_ON_AGENT_READY, KT_GUEST_ON_SAVED, KT_GUEST_ON_QEMU_EXIT,
			      KT_GUEST_ON_AGENT_GONE, KT_GUEST_ON_CLOSED),
			 "new starting kernel agent ready done stopped");
	/* A state that QEMU does not take. */
	ck_assert_str_eq(WALK(KT_GUEST_ON_START, KT_GUEST_ON_GREETING, KT_GUEST_ON_TEMPLATE_BAD,
			      KT_GUEST_ON_QEMU_EXIT, KT_GUEST_ON_CLOSED),
			 "new starting kernel failed:template stopped");
}
END_TEST

/* From every state in which a guest runs, each of these ends in failed, for this reason. */
START_TEST(every_running_state_can_fail)
{
	static const struct {
		enum kt_guest_event event;
		enum kt_guest_reason reason;
	} ends[] = {
		{ KT_GUEST_ON_CANCEL, KT_REASON_CANCELLED },
		{ KT_GUEST_ON_QEMU_EXIT, KT_REASON_QEMU_EXIT },
		{ KT_GUEST_ON_GARBAGE, KT_REASON_PROTOCOL },
		{ KT_GUEST_ON_KVM_FAILED, KT_REASON_NO_KVM },
	};

	for (int state = KT_GUEST_STARTING; state <= KT_GUEST_PROBING; state++)
		for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
			struct kt_transition cell =
				kt_lifecycle_cell((enum kt_guest_state)state, ends[i].event);
			ck_assert_int_eq(cell.kind, KT_TRANSITION_FAIL);
			ck_assert_int_eq(cell.reason, ends[i].reason);
		}
}
END_TEST

/* What is decided stays decided. */
START_TEST(ends_are_final)
{
	for (int event = 0; event < KT_GUEST_EVENT_COUNT; event++)
		for (int state = KT_GUEST_DONE; state <= KT_GUEST_STOPPED; state++) {
			struct kt_transition cell = kt_lifecycle_cell((enum kt_guest_state)state,
								      (enum kt_guest_event)event);
			ck_assert_int_ne(cell.kind, KT_TRANSITION_FAIL);
			if (cell.kind == KT_TRANSITION_GO)
				ck_assert_int_eq(cell.next, KT_GUEST_STOPPED);
		}
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("lifecycle");
	TCase *tests = tcase_create("lifecycle");

	tcase_add_test(tests, every_cell_is_set);
	tcase_add_test(tests, whole_lives);
	tcase_add_test(tests, every_running_state_can_fail);
	tcase_add_test(tests, ends_are_final);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
