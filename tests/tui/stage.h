/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A model made of event lines, and views of it painted without a dashboard.
 */
#ifndef KT_TESTS_TUI_STAGE_H
#define KT_TESTS_TUI_STAGE_H

#include <string.h>

#include "tests/run/events.h"
#include "tests/unit.h"
#include "tui/views/view.h"

/* LINE("12250", "s", "note", "\"text\":\"x\""): the time in milliseconds. */
#define LINE(ms, scenario, name, members)                                    \
	"{\"schema\":1,\"event\":\"" name "\",\"host_mono_ns\":" ms "000000" \
	",\"scenario\":\"" scenario "\"," members "}"

#define STAGE_MS 1000000ULL

enum {
	STAGE_SERIES_BYTES = 16 << 20
};

struct stage {
	struct kt_run run;
	struct kt_units units;
	struct kt_glyphs glyphs;
	struct kt_dashboard_input input;
	struct kt_look_at look;
	struct kt_canvas canvas;
	struct kt_buf text; /* what was painted last */
	void *rows;	    /* of the view that was painted last */
	const struct kt_view *view;
};

/* @lines end with NULL; what is painted is ASCII, at the time of the last event. */
static inline void stage_open(struct stage *stage, const char *const *lines)
{
	struct kt_run_limits limits = { .latest_only = true, .series_bytes = STAGE_SERIES_BYTES };

	memset(stage, 0, sizeof(*stage));
	stage->glyphs = kt_glyphs_make(true, KT_GRAPH_ASCII);
	kt_run_configure(&stage->run, &limits);
	for (; *lines; lines++)
		KT_OK(apply_line(&stage->run, *lines));
	stage->input = (struct kt_dashboard_input){
		.run = &stage->run,
		.now_ns = stage->run.last_mono_ns,
		.is_live = true,
		.source = "guests",
		.loaded_permille = 1000,
		.interval_ms = 1000,
		.command = "ktstr-top --batch --check alpha.json",
	};
	stage->look = (struct kt_look_at){
		.input = &stage->input,
		.moment_ns = stage->run.last_mono_ns,
		.is_present = true,
		.glyphs = &stage->glyphs,
		.units = &stage->units,
		.filter = "",
		.search = "",
		.theme = "mono",
	};
	stage->canvas.is_ascii = true;
}

static inline void stage_close(struct stage *stage)
{
	if (stage->view)
		stage->view->destroy(stage->rows);
	kt_canvas_deinit(&stage->canvas);
	kt_buf_deinit(&stage->text);
	kt_run_deinit(&stage->run);
}

/* Looks at an earlier time. */
static inline void stage_go(struct stage *stage, uint64_t ms)
{
	stage->look.moment_ns = ms * STAGE_MS;
	stage->look.is_present = false;
}

static inline void stage_use(struct stage *stage, const struct kt_view *view)
{
	if (stage->view != view) {
		if (stage->view)
			stage->view->destroy(stage->rows);
		stage->view = view;
		KT_OK(view->create(&stage->rows));
	}
	KT_OK(view->update(stage->rows, &stage->look));
}

/* A blank canvas with a margin of a column and a row around what views may paint. */
static inline struct kt_area stage_blank(struct stage *stage, unsigned columns, unsigned rows)
{
	KT_OK(kt_canvas_resize(&stage->canvas, columns + 2, rows + 2));
	return (struct kt_area){ .row = 1, .column = 1, .columns = columns, .rows = rows };
}

static inline void stage_check_blank(const struct kt_canvas *canvas, unsigned row, unsigned column)
{
	const char *cell = kt_canvas_cell(canvas, row, column)->text;

	/* An assertion that holds costs much more than this. */
	if (strcmp(cell, " ") != 0)
		ck_abort_msg("'%s' in the margin", cell);
}

/* What was painted, and that the margin was not. */
static inline const char *stage_text(struct stage *stage)
{
	const struct kt_canvas *canvas = &stage->canvas;

	for (unsigned row = 0; row < canvas->rows; row++) {
		stage_check_blank(canvas, row, 0);
		stage_check_blank(canvas, row, canvas->columns - 1);
	}
	for (unsigned column = 0; column < canvas->columns; column++) {
		stage_check_blank(canvas, 0, column);
		stage_check_blank(canvas, canvas->rows - 1, column);
	}
	kt_buf_reset(&stage->text);
	kt_canvas_dump(canvas, &stage->text);
	return kt_buf_text(&stage->text);
}

/* The list with its heading. */
static inline const char *stage_list(struct stage *stage, const struct kt_view *view,
				     unsigned columns, unsigned rows)
{
	struct kt_area area = stage_blank(stage, columns, rows);

	stage_use(stage, view);
	area.rows = 1;
	view->paint_heading(stage->rows, &stage->look, &stage->canvas, area);
	for (size_t i = 0; i < view->count(stage->rows) && i + 1 < rows; i++) {
		area.row++;
		view->paint_row(stage->rows, &stage->look, i, &stage->canvas, area);
	}
	return stage_text(stage);
}

/* The page of the row with @identity, from @scroll on. */
static inline const char *stage_page(struct stage *stage, const struct kt_view *view,
				     uint64_t identity, unsigned scroll, unsigned columns,
				     unsigned rows)
{
	struct kt_area area = stage_blank(stage, columns, rows);

	stage_use(stage, view);
	(void)view->paint_page(stage->rows, &stage->look, identity, scroll, &stage->canvas, area);
	return stage_text(stage);
}

/* The identity of the first row whose text contains @part. */
static inline uint64_t stage_find(struct stage *stage, const struct kt_view *view, const char *part)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	stage_use(stage, view);
	for (size_t i = 0; i < view->count(stage->rows); i++) {
		kt_buf_reset(&text);
		view->text(stage->rows, i, &text);
		if (strstr(kt_buf_text(&text), part))
			return view->identity(stage->rows, i);
	}
	ck_abort_msg("no row with '%s'", part);
	return 0;
}

static inline void shows(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part), "no '%s' in:\n%s", part, text);
}

static inline void shows_not(const char *text, const char *part)
{
	ck_assert_msg(!strstr(text, part), "'%s' in:\n%s", part, text);
}

/* @first stands before @second. */
static inline void shows_before(const char *text, const char *first, const char *second)
{
	shows(text, first);
	ck_assert_msg(strstr(strstr(text, first), second), "no '%s' behind '%s' in:\n%s", second,
		      first, text);
}

#endif
