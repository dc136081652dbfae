/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What tests have guests suffer (ktstr-top --fault): which fault, at which place in a guest's life, in
 * which scenario, and the table of places and of what there is to suffer at each.  Pure: the guest
 * itself sees its states come (vmm/guest/guest_fault.h).
 *
 * A list is [SCENARIO:]KIND@PLACE[+MS] by commas.  Without a scenario every one is meant; MS shortens
 * the guest's deadlines from the strike on, so that what ends by a deadline is seen soon.
 */
#ifndef KT_ENGINE_FAULT_H
#define KT_ENGINE_FAULT_H

#include "check/scenario_set.h"
#include "vmm/guest/guest_fault.h"

#define KT_FAULTS_MAX		 KT_GUEST_MAX_STRIKES
#define KT_FAULT_MAX_DEADLINE_MS 600000

/** What a guest is for, and how it came to run. */
enum kt_fault_role {
	KT_FAULT_BOOTED = 1,   /* a scenario's, from its kernel */
	KT_FAULT_WOKEN = 2,    /* a scenario's, from a template */
	KT_FAULT_TEMPLATE = 4, /* to become a template */
};

/** Where faults strike: guests of some roles, when they enter a state. */
struct kt_fault_place {
	const char *name; /* NULL ends the table */
	unsigned roles;
	enum kt_guest_state state;
	const char
		*refusals[KT_GUEST_FAULT_COUNT]; /* why a fault cannot happen there; NULL: it can */
};

extern const struct kt_fault_place kt_fault_places[];

struct kt_fault {
	const char *scenario; /* borrowed, not terminated */
	size_t scenario_len;  /* 0: every scenario */
	enum kt_guest_fault kind;
	const struct kt_fault_place *place;
	uint32_t deadline_ms; /* 0: the usual deadlines */
};

struct kt_faults {
	struct kt_fault list[KT_FAULTS_MAX];
	size_t count;
};

/** The word for @kind: "kill".  Owner: a constant. */
const char *kt_fault_kind_name(enum kt_guest_fault kind);

/**
 * Reads a list.
 * Errors: usage (no such kind or place, nothing to suffer there, a wild number, too many).
 * Owner: @ret borrows from @text.
 */
struct kt_error *kt_faults_parse(const char *text, struct kt_faults *ret) KT_MUST_CHECK;

/** Looks whether the scenarios that @faults name are in @set.  Errors: usage.  Owner: borrows. */
struct kt_error *kt_faults_check(const struct kt_faults *faults,
				 const struct kt_scenario_set *set) KT_MUST_CHECK;

/** Sets the list in @ret to what a guest of @scenario in @role is to suffer.  Owner: borrows. */
void kt_faults_select(const struct kt_faults *faults, const char *scenario, enum kt_fault_role role,
		      struct kt_guest_strikes *ret);

#endif
