/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Helpers of tests that speak in event lines.
 */
#ifndef KT_TESTS_RUN_EVENTS_H
#define KT_TESTS_RUN_EVENTS_H

#include "run/run.h"

/* Applies one line; the error is the caller's. */
static inline struct kt_error *apply_line(struct kt_run *run, const char *line)
{
	kt_autoevent struct kt_event event = { 0 };

	KT_TRY(kt_event_decode(line, strlen(line), &event));
	return kt_run_apply(run, &event);
}

/* A line of scenario "s": EVENT("note", "\"text\":\"x\""). */
#define EVENT(name, members) \
	"{\"schema\":1,\"event\":\"" name "\",\"host_mono_ns\":7,\"scenario\":\"s\"," members "}"

#endif
