/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The dashboard without a terminal: takes keys and the model, and paints frames on a canvas.  It knows
 * no clock, no file and no curses; the same keys on the same model paint the same frame, which
 * --screen-dump and the golden tests rely on.
 *
 * It looks at the model at a moment of the run's clock: now, or, when one stepped back, any
 * earlier one; everything on the screen is as it was then.  Handlers change what is looked at
 * and return what the owner has to do; painting changes nothing that one can see.
 */
#ifndef KT_TUI_DASHBOARD_H
#define KT_TUI_DASHBOARD_H

#include "run/run.h"
#include "tui/terminal/canvas.h"
#include "tui/terminal/theme.h"

/* What the owner knows besides the model.  All texts are borrowed, for one call. */
struct kt_dashboard_input {
	const struct kt_run *run;
	uint64_t now_ns;     /* the run's clock; of a recording: its end, as far as it is read */
	uint64_t real_ns;    /* wall clock that belongs to now_ns; 0: unknown */
	bool is_live;	     /* events come by themselves */
	bool has_ended;	     /* nothing will come any more */
	const char *source;  /* "guests", "pid 4711 (redis-server)", "run.ktr" */
	const char *problem; /* NULL, or what must be told all the time */
	unsigned loaded_permille; /* of a recording; 1000 when it is all there */
	uint64_t interval_ms;	  /* of the snapshots; 0: unknown */
	const char *command;	  /* the batch command that does the same */
};

/* What a user may choose and keep (preferences), as words; NULL or 0: the default. */
struct kt_dashboard_options {
	bool is_ascii;
	const char *theme;   /* of theme.h */
	const char *graph;   /* "block", "braille" or "ascii" */
	const char *units;   /* "iec" (KiB), "si" (kB) or "bytes" */
	const char *columns; /* "tid,name,alloc,..." of columns.h */
	const char *sort;    /* a column's word, "-" in front for descending */
	const char *view;    /* "threads", "checks" or "guests" */
	uint64_t at_ns;	     /* look at this time of the run first */
	bool is_at_set;
	double speed; /* play from there (or from the begin), this many times as fast; 0: do not */
};

/* What has to be done after a key: bits. */
enum kt_dashboard_need {
	KT_NEED_FRAME = 1 << 0, /* something one can see changed */
	KT_NEED_QUIT = 1 << 1,
	KT_NEED_SAVE = 1 << 2, /* write what is on screen to a run file: kt_dashboard_save_path() */
	KT_NEED_REDRAW = 1 << 3,      /* draw everything anew (Ctrl-L) */
	KT_NEED_SUSPEND = 1 << 4,     /* Ctrl-Z */
	KT_NEED_MOUSE = 1 << 5,	      /* kt_dashboard_has_mouse() changed */
	KT_NEED_THEME = 1 << 6,	      /* kt_dashboard_theme() changed */
	KT_NEED_PREFERENCES = 1 << 7, /* keep kt_dashboard_preferences() */
};

struct kt_dashboard;

/**
 * Makes a dashboard.  Errors: usage (a word of @options that does not exist; the text lists those that
 * do), no memory.  Owner: the caller calls kt_dashboard_destroy(); @options is not kept.
 */
struct kt_error *kt_dashboard_create(const struct kt_dashboard_options *options,
				     struct kt_dashboard **ret) KT_MUST_CHECK;

/** Frees a dashboard; NULL is allowed. */
void kt_dashboard_destroy(struct kt_dashboard *dashboard);

/** Takes a key (screen.h).  Returns bits of enum kt_dashboard_need. */
unsigned kt_dashboard_key(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
			  uint32_t key);

/** Takes a click.  Returns bits as kt_dashboard_key(). */
unsigned kt_dashboard_click(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
			    unsigned row, unsigned column);

/**
 * Lets @elapsed_ns of the owner's time pass: a recording plays on, a clock runs, a message goes.
 * Returns KT_NEED_FRAME if that shows.
 */
unsigned kt_dashboard_tick(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
			   uint64_t elapsed_ns);

/** Whether anything one can see depends on the time alone, so that ticks are needed. */
bool kt_dashboard_needs_ticks(const struct kt_dashboard *dashboard,
			      const struct kt_dashboard_input *input);

/** Paints the frame.  Errors: no memory. */
struct kt_error *kt_dashboard_paint(struct kt_dashboard *dashboard,
				    const struct kt_dashboard_input *input,
				    struct kt_canvas *canvas) KT_MUST_CHECK;

/** Shows a line at the bottom for some seconds ("saved as ..."). */
void kt_dashboard_say(struct kt_dashboard *dashboard, const char *text);

/** The moment that is looked at, on the run's clock. */
uint64_t kt_dashboard_moment_ns(const struct kt_dashboard *dashboard,
				const struct kt_dashboard_input *input);

/** The file that the user wants saved to.  Owner: borrowed until the next key. */
const char *kt_dashboard_save_path(const struct kt_dashboard *dashboard);

/** Whether the mouse moves the cursor. */
bool kt_dashboard_has_mouse(const struct kt_dashboard *dashboard);

/** How roles look.  Owner: static. */
const struct kt_theme *kt_dashboard_theme(const struct kt_dashboard *dashboard);

/**
 * What the user has chosen by keys, as options.  Owner: texts are borrowed until the next key.
 */
struct kt_dashboard_options kt_dashboard_preferences(const struct kt_dashboard *dashboard);

#endif
