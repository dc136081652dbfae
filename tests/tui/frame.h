/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A dashboard on a canvas, for tests: keys go in, frames come out as text.
 */
#ifndef KT_TESTS_TUI_FRAME_H
#define KT_TESTS_TUI_FRAME_H

#include "tests/tui/model.h"
#include "tui/keys.h"

struct frame {
	struct kt_dashboard *dashboard;
	struct kt_canvas canvas;
	struct kt_buf text;
};

static inline void frame_init(struct frame *frame, const struct kt_dashboard_options *options,
			      unsigned columns, unsigned rows)
{
	static const struct kt_dashboard_options none = { 0 };

	*frame = (struct frame){ .canvas = KT_CANVAS_INIT };
	KT_OK(kt_dashboard_create(options ? options : &none, &frame->dashboard));
	KT_OK(kt_canvas_resize(&frame->canvas, columns, rows));
	frame->canvas.is_ascii = options && options->is_ascii;
}

static inline void frame_deinit(struct frame *frame)
{
	kt_dashboard_destroy(frame->dashboard);
	kt_canvas_deinit(&frame->canvas);
	kt_buf_deinit(&frame->text);
}

/* The frame as it is painted now.  Owner: borrowed until the next one. */
static inline const char *frame_text(struct frame *frame, const struct kt_dashboard_input *input)
{
	KT_OK(kt_dashboard_paint(frame->dashboard, input, &frame->canvas));
	kt_buf_reset(&frame->text);
	kt_canvas_dump(&frame->canvas, &frame->text);
	return kt_buf_text(&frame->text);
}

/* Presses the keys that are written as --keys has them; returns all that was needed. */
static inline unsigned frame_press(struct frame *frame, const struct kt_dashboard_input *input,
				   const char *keys)
{
	unsigned need = 0;

	while (*keys) {
		uint32_t key = 0;
		size_t len = kt_key_parse(keys, &key);

		ck_assert_msg(len, "no key: %s", keys);
		need |= kt_dashboard_key(frame->dashboard, input, key);
		keys += len;
	}
	return need;
}

/* Fails unless the frame has @text. */
static inline void frame_has(struct frame *frame, const struct kt_dashboard_input *input,
			     const char *text)
{
	const char *painted = frame_text(frame, input);

	ck_assert_msg(strstr(painted, text), "'%s' is not in\n%s", text, painted);
}

/* Fails if the frame has @text. */
static inline void frame_lacks(struct frame *frame, const struct kt_dashboard_input *input,
			       const char *text)
{
	const char *painted = frame_text(frame, input);

	ck_assert_msg(!strstr(painted, text), "'%s' is in\n%s", text, painted);
}

#endif
