/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the checks view and the pages have in common, private to src/tui.
 */
#ifndef KT_TUI_CHECKS_H
#define KT_TUI_CHECKS_H

#include "run/moment.h"
#include "tui/views/view.h"

/* How many checks of a scenario said what at a moment. */
struct kt_check_counts {
	unsigned of[KT_VERDICT_COUNT];
	unsigned total;
};

/** Adds what the checks of @scenario said at @mono_ns. */
void kt_checks_count(const struct kt_run_scenario *scenario, uint64_t mono_ns,
		     struct kt_check_counts *counts);

/** Appends "3 of 5 pass", with what is bad in front: "1 FAIL, 3 of 5 pass". */
void kt_checks_summarize(const struct kt_check_counts *counts, struct kt_buf *out);

/** Appends where @said was decided: "run 1 #12 tid 4711"; "-" when it says nothing of it. */
void kt_check_where(const struct kt_event_check *said, struct kt_buf *out);

/** The text of the check: that of @said, or as it was announced.  Owner: borrowed. */
const char *kt_check_text(const struct kt_run_check *check, const struct kt_event_check *said);

/** Paints the page of a check; returns how many lines it has. */
unsigned kt_check_page_paint(const struct kt_look_at *look, const struct kt_run_scenario *scenario,
			     const struct kt_run_check *check, unsigned scroll,
			     struct kt_canvas *canvas, struct kt_area area);

#endif
