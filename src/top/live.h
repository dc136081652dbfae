/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A run that is looked at: feed, model, dashboard and a canvas, without a terminal.  The live screen
 * (dashboard_run.h) and --screen-dump (dump.h) are made of it.
 *
 * Loop thread only.
 */
#ifndef KT_TOP_LIVE_H
#define KT_TOP_LIVE_H

#include "top/chore.h"
#include "top/feed.h"
#include "top/preferences.h"
#include "top/recording.h"
#include "top/spool.h"
#include "tui/dashboard.h"

/* All borrowed. */
struct kt_live_config {
	const struct kt_command_line *line;
	const struct kt_inputs *inputs;
	const struct kt_preferences *preferences;
	const char *preferences_path; /* NULL: they cannot be kept */
};

struct kt_live_handler {
	void (*on_change)(void *ctx); /* something to see happened */
	void (*on_end)(void *ctx);    /* nothing more will come */
};

struct kt_live {
	struct kt_live_config config;
	struct kt_live_handler handler;
	void *ctx;
	uv_loop_t loop;
	struct kt_session session;
	struct kt_recording recording;
	struct kt_spool spool;
	struct kt_feed *feed;
	struct kt_dashboard *dashboard;
	struct kt_canvas canvas;
	struct kt_chore chore;
	struct kt_buf command; /* that does the same without a screen */
	struct kt_buf problem;
	uint64_t interval_ms;
	int signal; /* the one that ended the run, or 0 */
	bool is_loop_made;
};

/**
 * Says what the dashboard is to be like, by command line, preferences and locale, in this order.  A
 * place in time (--at) is taken from a run that ends at @end_ns.
 */
struct kt_dashboard_options kt_live_options(const struct kt_live_config *config, uint64_t end_ns);

/**
 * Looks whether the dashboard can be as the command line wants it, before anything is prepared.
 * Errors: usage, no memory.
 */
struct kt_error *kt_live_check(const struct kt_live_config *config) KT_MUST_CHECK;

/**
 * Makes everything but the dashboard, and starts nothing.
 * Errors: usage (recording), environment, no memory.
 * Owner: the caller calls kt_live_deinit(), on failure too; @live does not move.
 */
struct kt_error *kt_live_init(struct kt_live *live, const struct kt_live_config *config,
			      const struct kt_live_handler *handler, void *ctx) KT_MUST_CHECK;

/** Makes the dashboard, or makes it anew.  Errors: usage, no memory. */
struct kt_error *kt_live_make_dashboard(struct kt_live *live,
					const struct kt_dashboard_options *options) KT_MUST_CHECK;

/** What the dashboard is told.  Texts are borrowed from @live. */
struct kt_dashboard_input kt_live_input(struct kt_live *live);

/** Has @needs of the dashboard done, as far as no screen is needed; returns the rest. */
unsigned kt_live_act(struct kt_live *live, unsigned needs);

/** Paints a frame of this size on the canvas.  Errors: no memory. */
struct kt_error *kt_live_paint(struct kt_live *live, unsigned columns, unsigned rows) KT_MUST_CHECK;

/** What main() returns if nothing else ended the run. */
int kt_live_exit_code(const struct kt_live *live);

/** Frees everything; the loop has run until its end. */
void kt_live_deinit(struct kt_live *live);

#endif
