/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The part of a guest's page that is about probes: their runs, and how they know where the
 * counters are.
 */
#ifndef KT_TUI_GUEST_PROBES_H
#define KT_TUI_GUEST_PROBES_H

#include "run/moment.h"
#include "tui/views/page.h"

/** Adds the probes of @scenario that had begun at the moment. */
void kt_guest_probes_put(struct kt_page *page, const struct kt_look_at *look,
			 const struct kt_run_scenario *scenario);

#endif
