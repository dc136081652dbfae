/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Where the events come from, whichever it is: guests, a process of this machine, or a recording.  The
 * batch modes and the dashboard run the same feed; only what they do with the session differs.
 *
 * Loop thread only.  A session that failed ends its feed.
 */
#ifndef KT_TOP_FEED_H
#define KT_TOP_FEED_H

#include "engine/session.h"
#include "top/inputs.h"

struct kt_feed_config {
	uv_loop_t *loop;	    /* borrowed, as all here */
	struct kt_session *session; /* initialised */
	const struct kt_command_line *line;
	const struct kt_inputs *inputs;
	bool is_live; /* somebody looks: snapshots are events as soon as they are taken */
};

struct kt_feed_state {
	bool has_ended;
	bool was_cut;		  /* a recording's last line was not whole */
	const char *problem;	  /* NULL, or why it could not go on; borrowed from the feed */
	unsigned loaded_permille; /* of a recording; 1000 for all others */
};

struct kt_feed;

/** Nothing more will come. */
typedef void (*kt_feed_done_fn)(void *ctx);

/**
 * Makes a feed as the command line asks.
 * Errors: usage (a recording that cannot be read), environment (no probe), no memory.
 * Owner: the caller, who destroys it before the start or after @on_done.
 */
struct kt_error *kt_feed_create(const struct kt_feed_config *config, kt_feed_done_fn on_done,
				void *ctx, struct kt_feed **ret) KT_MUST_CHECK;

/** Starts it.  Errors: no memory; then @on_done will not come. */
struct kt_error *kt_feed_start(struct kt_feed *feed) KT_MUST_CHECK;

/** Ends it for the reason @text; @on_done comes.  Once is enough. */
void kt_feed_stop(struct kt_feed *feed, const char *text);

/** How far it is. */
struct kt_feed_state kt_feed_state(const struct kt_feed *feed);

/**
 * The exit code that what was seen deserves: of the run's verdicts, of the recorded run, or, where
 * nothing is judged, whether one could look.
 */
int kt_feed_exit_code(const struct kt_feed *feed);

/** The last event of a run that is no recording: what it came to. */
void kt_feed_emit_end(struct kt_feed *feed, int exit_code);

/** What is looked at, in a few words: "guests", "pid 4711 (redis)".  Borrowed from the feed. */
const char *kt_feed_name(const struct kt_feed *feed);

/** The wait between snapshots that a process is looked at with; 0 for other feeds. */
uint64_t kt_feed_interval_ms(const struct kt_command_line *line);

/** Frees the feed; NULL is allowed. */
void kt_feed_destroy(struct kt_feed *feed);

#endif
