/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/dashboard_state.h"

#define MESSAGE_NS (4ULL * 1000 * 1000 * 1000)

struct kt_look_at kt_dashboard_look(const struct kt_dashboard *dashboard,
				    const struct kt_dashboard_input *input)
{
	return (struct kt_look_at){
		.input = input,
		.moment_ns = kt_travel_moment(&dashboard->travel, input),
		.is_present = !dashboard->travel.is_held,
		.glyphs = &dashboard->glyphs,
		.units = &dashboard->units,
		.filter = "",
		.search = "",
		.theme = dashboard->theme->name,
		.has_mouse = dashboard->has_mouse,
	};
}

struct kt_error *kt_dashboard_update(struct kt_dashboard *dashboard,
				     const struct kt_dashboard_input *input)
{
	for (unsigned i = 0; i < KT_DASHBOARD_VIEW_COUNT; i++) {
		struct kt_look_at look = kt_dashboard_look(dashboard, input);

		KT_TRY(kt_list_update(&dashboard->lists[i], &look));
	}
	return NULL;
}

void kt_dashboard_say(struct kt_dashboard *dashboard, const char *text)
{
	kt_buf_reset(&dashboard->message);
	kt_buf_puts(&dashboard->message, text);
	dashboard->message_left_ns = MESSAGE_NS;
}
