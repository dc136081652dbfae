/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Private to the dashboard: its state, and the parts that paint it.
 */
#ifndef KT_TUI_DASHBOARD_STATE_H
#define KT_TUI_DASHBOARD_STATE_H

#include "tui/list.h"
#include "tui/prompt.h"
#include "tui/travel.h"
#include "tui/views/threads.h"

enum kt_dashboard_view {
	KT_DASHBOARD_THREADS,
	KT_DASHBOARD_CHECKS,
	KT_DASHBOARD_GUESTS,
	KT_DASHBOARD_HELP,
	KT_DASHBOARD_VIEW_COUNT,
};

/* What stands where in the frame.  A row that is not there is at or beyond the end. */
struct kt_dashboard_layout {
	bool is_summary; /* too small for a list: verdict and counts only */
	unsigned title_row;
	unsigned tabs_row;
	unsigned cost_row;
	unsigned problem_row;
	unsigned bottom_row; /* footer, message or prompt */
	struct kt_area body; /* of the view, with its heading */
	struct kt_area pane; /* of the checks below the threads; no rows: none */
};

struct kt_dashboard {
	struct kt_list lists[KT_DASHBOARD_VIEW_COUNT];
	enum kt_dashboard_view view;
	enum kt_dashboard_view view_before_help;
	struct kt_travel travel;
	struct kt_prompt prompt;
	bool has_command_box;
	struct kt_buf message;
	uint64_t message_left_ns;
	bool is_ascii;
	enum kt_graph_style graph;
	struct kt_units units;
	struct kt_glyphs glyphs;
	const struct kt_theme *theme;
	bool has_mouse;
	struct kt_buf save_path;
	unsigned save_count;
	struct kt_buf columns_text; /* for kt_dashboard_preferences() */
	struct kt_buf sort_text;

	/* What the last frame looked like, for clicks and for whether time shows. */
	struct kt_dashboard_layout layout;
	unsigned tab_ends[KT_DASHBOARD_VIEW_COUNT]; /* columns; 0: not painted */
	uint64_t painted_now_ns;
	uint64_t painted_stale_ns;
};

/** How everything is looked at now.  Owner: all is borrowed. */
struct kt_look_at kt_dashboard_look(const struct kt_dashboard *dashboard,
				    const struct kt_dashboard_input *input);

/** Lets the lists gather what they show.  Errors: no memory. */
struct kt_error *kt_dashboard_update(struct kt_dashboard *dashboard,
				     const struct kt_dashboard_input *input) KT_MUST_CHECK;

/** Does what a key means while nothing is asked for.  Returns bits of need. */
unsigned kt_dashboard_act(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
			  enum kt_action action);

/** Takes a key while something is asked for.  Returns bits of need. */
unsigned kt_dashboard_prompt_key(struct kt_dashboard *dashboard,
				 const struct kt_dashboard_input *input, uint32_t key);

/** Says what stands where in a frame of that size. */
struct kt_dashboard_layout kt_dashboard_lay_out(const struct kt_dashboard *dashboard,
						const struct kt_dashboard_input *input,
						unsigned columns, unsigned rows);

/** Appends "LIVE", "PAUSED at ..." and so on; @is_short: the word alone. */
void kt_dashboard_run_state(const struct kt_dashboard *dashboard,
			    const struct kt_dashboard_input *input, bool is_short,
			    struct kt_buf *out);

/** Paints program, source and run state. */
void kt_dashboard_paint_title(const struct kt_dashboard *dashboard,
			      const struct kt_dashboard_input *input, struct kt_canvas *canvas,
			      unsigned row);

/** Paints the views' names with their summaries, and what restricts the list. */
void kt_dashboard_paint_tabs(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
			     struct kt_canvas *canvas, unsigned row);

/** Paints what the snapshots cost, and how old and how complete they are. */
void kt_dashboard_paint_cost(const struct kt_dashboard *dashboard,
			     const struct kt_dashboard_input *input, struct kt_canvas *canvas,
			     unsigned row);

/** Paints the last row: what is asked for, a message, or keys. */
void kt_dashboard_paint_bottom(const struct kt_dashboard *dashboard, struct kt_canvas *canvas,
			       unsigned row);

/** Paints the box with the batch command over the frame. */
void kt_dashboard_paint_command(const struct kt_dashboard *dashboard, const char *command,
				struct kt_canvas *canvas);

#endif
