/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The tables behind run/event.h: the members of each event's payload.
 */
#ifndef KT_RUN_EVENT_FIELDS_H
#define KT_RUN_EVENT_FIELDS_H

#include "run/event.h"

struct kt_event_description {
	const char *name;
	size_t payload_offset; /* in struct kt_event */
	const struct kt_record *record;
};

/** What a probe says of how it knows where the counters are: struct kt_probe_layout. */
extern const struct kt_record kt_probe_layout_record;

/** What an event of each type looks like; no record for KT_EVENT_NONE. */
extern const struct kt_event_description kt_event_descriptions[KT_EVENT_TYPE_COUNT];

/* The words of each enumeration, ended by NULL; words[0] may be NULL for "missing". */
extern const char *const kt_accel_words[];
extern const char *const kt_guest_state_words[];
extern const char *const kt_guest_reason_words[];
extern const char *const kt_verdict_words[];
extern const char *const kt_result_words[];

#endif
