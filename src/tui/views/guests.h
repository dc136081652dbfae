/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A scenario's guest, or a process of this host, as it was at a moment; private to src/tui.
 */
#ifndef KT_TUI_GUESTS_H
#define KT_TUI_GUESTS_H

#include "tui/views/checks.h"
#include "tui/views/signs.h"

/* What is known of it at the moment. */
struct kt_guest_glance {
	const struct kt_run_scenario *scenario;
	bool is_local; /* a process of this host: nobody announced a scenario */
	bool has_ended;
	const struct kt_run_state *state;   /* NULL: none yet */
	const struct kt_run_probe_run *run; /* the latest that had begun; NULL: none */
	bool has_run_ended;
	uint64_t snapshot_count;
	uint64_t begun_ns;
	uint64_t elapsed_ns;
	struct kt_opt_u64 boot_ns;
	const struct kt_guest_machine *machine; /* NULL: not told */
	enum kt_accel accel;
	struct kt_check_counts checks;
};

/** What was known of @scenario at @mono_ns.  Owner: everything is borrowed from the model. */
struct kt_guest_glance kt_guest_look(const struct kt_run_scenario *scenario, uint64_t mono_ns);

/**
 * Appends its state in words: "probing", "failed: kernel-panic", "sampled", "ended: target-exited".
 * Returns the role that belongs to it.
 */
enum kt_role kt_guest_state_put(const struct kt_guest_glance *glance, struct kt_buf *out);

/**
 * Appends the way it has gone and has to go, with @gap between: "starting > kernel > [agent] > ready >
 * probing > done".
 */
void kt_guest_strip_put(const struct kt_guest_glance *glance, const char *gap, struct kt_buf *out);

/** Appends glyph and word of what it came to; "-" while it has not. */
enum kt_role kt_guest_verdict_put(const struct kt_guest_glance *glance,
				  const struct kt_glyphs *glyphs, struct kt_buf *out);

/** Paints the page of a guest; returns how many lines it has. */
unsigned kt_guest_page_paint(const struct kt_look_at *look, const struct kt_run_scenario *scenario,
			     unsigned scroll, struct kt_canvas *canvas, struct kt_area area);

#endif
