/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A session whose events are kept as lines, for tests of sources; and a loop that does not run for
 * ever.
 */
#ifndef KT_TESTS_ENGINE_TOLD_H
#define KT_TESTS_ENGINE_TOLD_H

#include <uv.h>

#include "engine/session.h"

struct told {
	struct kt_session session;
	struct kt_scenario_set scenarios;
	struct kt_buf lines; /* all events, as a run file has them */
	struct kt_buf types; /* "probe_start snapshot ... " */
	size_t type_counts[KT_EVENT_TYPE_COUNT];
	/* Called for each event, if set. */
	void (*on_event)(void *ctx, const struct kt_event *event);
	void *ctx;
	uv_loop_t loop;
	uv_timer_t deadline;
};

/** Starts a session over no scenario, or over the one that @scenario_text (may be NULL) holds. */
void told_init(struct told *told, const char *scenario_text);

/** Emits run_start, and scenario_start for @scenario (NULL: none) with the titles of its checks. */
void told_begin(struct told *told, const char *scenario);

/** Runs the loop until nothing is left to do; fails the test after a minute. */
void told_run(struct told *told);

/** Frees all of it; the loop must have nothing left. */
void told_deinit(struct told *told);

/** Appends everything that the model holds, as lines; two models that are the same give the same. */
void told_dump(const struct kt_run *run, struct kt_buf *out);

/** Writes @text to a new file and puts its path, which the caller unlinks, into @path. */
void told_write_file(const char *text, size_t len, char path[64]);

#endif
