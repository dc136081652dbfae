/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The help view: keys and columns out of their tables, signs, graphs, and the settings in force. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tui/views/columns.h"
#include "tui/views/help_facts.h"
#include "tui/views/order.h"
#include "tui/views/page.h"
#include "tui/views/signs.h"
#include "tui/views/table.h"

enum {
	LABEL_COLUMNS = 16,
	NARROW_LABEL_COLUMNS = 8,
	NARROW_COLUMNS = 60,
	MAX_ROWS = 512,
};

/* One line; the texts stand in the view's buffer. */
struct help_row {
	uint64_t identity; /* its place among all lines */
	size_t label;	   /* offsets */
	size_t text;
	bool is_title;
};

struct help {
	struct help_row rows[MAX_ROWS];
	size_t count;
	size_t total;
	struct kt_buf texts;
};

static struct kt_error *create(void **ret)
{
	struct help *help = calloc(1, sizeof(*help));

	if (!help)
		return kt_error_no_memory();
	*ret = help;
	return NULL;
}

static void destroy(void *view)
{
	struct help *help = view;

	if (!help)
		return;
	kt_buf_deinit(&help->texts);
	free(help);
}

static const char *label_of(const struct help *help, const struct help_row *row)
{
	return kt_buf_text(&help->texts) + row->label;
}

static const char *text_of(const struct help *help, const struct help_row *row)
{
	return kt_buf_text(&help->texts) + row->text;
}

static void row_text(const struct help *help, const struct help_row *row, struct kt_buf *out)
{
	kt_buf_printf(out, "%s %s", label_of(help, row), text_of(help, row));
}

/* A line, if the filter takes it.  Without memory it is lost, which update() tells. */
static void add(struct help *help, const struct kt_look_at *look, bool is_title, const char *label,
		const char *text)
{
	struct help_row row = {
		.identity = ++help->total,
		.is_title = is_title,
		.label = help->texts.len,
		.text = help->texts.len + strlen(label) + 1,
	};
	kt_autobuf struct kt_buf whole = KT_BUF_INIT;

	kt_buf_printf(&whole, "%s %s", label, text);
	if (!kt_filter_takes(look, &whole) || help->count == MAX_ROWS)
		return;
	kt_buf_append(&help->texts, label, strlen(label) + 1);
	kt_buf_append(&help->texts, text, strlen(text) + 1);
	if (!help->texts.failed)
		help->rows[help->count++] = row;
}

static void add_title(struct help *help, const struct kt_look_at *look, const char *title)
{
	add(help, look, true, title, "");
}

static void add_binding(struct help *help, const struct kt_look_at *look,
			const struct kt_key_binding *binding)
{
	kt_autobuf struct kt_buf keys = KT_BUF_INIT;
	size_t max = sizeof(binding->keys) / sizeof(binding->keys[0]);

	for (size_t i = 0; i < max && binding->keys[i]; i++) {
		if (i)
			kt_buf_putc(&keys, ' ');
		kt_key_name(binding->keys[i], &keys);
	}
	add(help, look, false, kt_buf_text(&keys), binding->help);
}

static void add_keys(struct help *help, const struct kt_look_at *look)
{
	for (size_t group = 0; kt_help_groups[group].title; group++) {
		add_title(help, look, kt_help_groups[group].title);
		for (const struct kt_key_binding *binding = kt_key_table; binding->action;
		     binding++) {
			if (binding->action >= kt_help_groups[group].first &&
			    binding->action < kt_help_groups[group + 1].first)
				add_binding(help, look, binding);
		}
	}
}

static void add_columns(struct help *help, const struct kt_look_at *look)
{
	add_title(help, look, "COLUMNS OF THE THREADS");
	for (const struct kt_column *column = kt_columns; column->word; column++)
		add(help, look, false, column->heading, column->help);
	for (const struct kt_help_fact *fact = kt_help_flow; fact->label; fact++)
		add(help, look, false, fact->label, fact->text);
}

static void add_verdicts(struct help *help, const struct kt_look_at *look)
{
	add_title(help, look, "VERDICTS OF CHECKS");
	for (unsigned i = 0; i < KT_VERDICT_COUNT; i++) {
		struct kt_sign sign = kt_sign_verdict(look->glyphs, (enum kt_verdict)i);
		kt_autobuf struct kt_buf label = KT_BUF_INIT;

		kt_sign_put(sign, &label);
		add(help, look, false, kt_buf_text(&label), sign.meaning);
	}
}

/* Drawn as graphs are now, so that one sees what is meant. */
static void add_graphs(struct help *help, const struct kt_look_at *look)
{
	static const struct {
		struct kt_graph_value values[2];
		const char *text;
	} facts[] = {
		{ { { 0, false }, { 0, false } }, "a blank in a graph: not known, never 0" },
		{ { { 0, true }, { 0, true } }, "a known 0" },
		{ { { 1, true }, { 1, true } }, "little" },
		{ { { 100, true }, { 100, true } },
		  "the largest that is shown; the scale ends here" },
	};

	add_title(help, look, "GRAPHS");
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		unsigned columns = look->glyphs->graph == KT_GRAPH_BRAILLE ? 1 : 2;
		kt_autobuf struct kt_buf label = KT_BUF_INIT;

		kt_graph_line(look->glyphs, facts[i].values, 2, 100, columns, &label);
		add(help, look, false, kt_buf_text(&label), facts[i].text);
	}
}

static void add_settings(struct help *help, const struct kt_look_at *look)
{
	const struct kt_dashboard_input *input = look->input;
	kt_autobuf struct kt_buf interval = KT_BUF_INIT;

	add_title(help, look, "IN FORCE NOW");
	add(help, look, false, "characters",
	    look->glyphs->is_ascii ? "ASCII only: the locale has no UTF-8, or ASCII was asked for"
				   : "UTF-8");
	add(help, look, false, "graphs", kt_graph_style_word(look->glyphs->graph));
	add(help, look, false, "units", kt_unit_style_word(look->units->style));
	add(help, look, false, "theme", look->theme ? look->theme : "-");
	add(help, look, false, "mouse",
	    look->has_mouse ? "on: it moves the cursor" : "off: the terminal selects text with it");
	add(help, look, false, "source", input->source ? input->source : "-");
	if (input->interval_ms)
		kt_buf_printf(&interval, "%" PRIu64 "ms between snapshots", input->interval_ms);
	else
		kt_buf_putc(&interval, '-');
	add(help, look, false, "interval", kt_buf_text(&interval));
	add(help, look, false, "as a command", input->command ? input->command : "-");
}

static struct kt_error *update(void *view, const struct kt_look_at *look)
{
	struct help *help = view;

	help->count = 0;
	help->total = 0;
	kt_buf_reset(&help->texts);
	add_keys(help, look);
	add_columns(help, look);
	add_verdicts(help, look);
	for (const struct kt_help_fact *fact = kt_help_states; fact->label; fact++)
		add(help, look, !fact->text[0], fact->label, fact->text);
	add_graphs(help, look);
	for (const struct kt_help_fact *fact = kt_help_units; fact->label; fact++)
		add(help, look, !fact->text[0], fact->label, fact->text);
	add_settings(help, look);
	return kt_buf_error(&help->texts);
}

static size_t count(const void *view)
{
	return ((const struct help *)view)->count;
}

static uint64_t identity(const void *view, size_t row)
{
	return ((const struct help *)view)->rows[row].identity;
}

static void text(const void *view, size_t row, struct kt_buf *out)
{
	const struct help *help = view;

	row_text(help, &help->rows[row], out);
}

static void summary(const void *view, const struct kt_look_at *look, struct kt_buf *out)
{
	(void)view;
	(void)look;
	(void)out;
}

static unsigned label_columns(struct kt_area area)
{
	return area.columns < NARROW_COLUMNS ? NARROW_LABEL_COLUMNS : LABEL_COLUMNS;
}

static void paint_heading(const void *view, const struct kt_look_at *look, struct kt_canvas *canvas,
			  struct kt_area area)
{
	unsigned labels = label_columns(area);

	(void)view;
	kt_put_cut(canvas, look->glyphs, area.row, area.column, area.columns, KT_ROLE_HEADING,
		   "KEY");
	if (area.columns > labels + 1)
		kt_put_cut(canvas, look->glyphs, area.row, area.column + labels + 1,
			   area.columns - labels - 1, KT_ROLE_HEADING, "MEANING");
}

static void paint_row(const void *view, const struct kt_look_at *look, size_t index,
		      struct kt_canvas *canvas, struct kt_area area)
{
	const struct help *help = view;
	const struct help_row *row = &help->rows[index];
	unsigned labels = label_columns(area);

	if (row->is_title || area.columns <= labels + 1) {
		kt_put_cut(canvas, look->glyphs, area.row, area.column, area.columns,
			   row->is_title ? KT_ROLE_TITLE : KT_ROLE_KEY, label_of(help, row));
		return;
	}
	kt_put_cut(canvas, look->glyphs, area.row, area.column, labels, KT_ROLE_KEY,
		   label_of(help, row));
	kt_put_cut(canvas, look->glyphs, area.row, area.column + labels + 1,
		   area.columns - labels - 1, KT_ROLE_NORMAL, text_of(help, row));
}

static void explain_empty(const void *view, const struct kt_look_at *look, struct kt_buf *out)
{
	(void)view;
	kt_buf_printf(out, "nothing in the help contains \"%s\"", look->filter);
}

static unsigned paint_page(const void *view, const struct kt_look_at *look, uint64_t identity,
			   unsigned scroll, struct kt_canvas *canvas, struct kt_area area)
{
	const struct help *help = view;
	struct kt_page page = kt_page_begin(canvas, area, scroll);

	(void)look;
	for (size_t i = 0; i < help->count; i++) {
		if (help->rows[i].identity == identity)
			kt_page_field(&page, label_of(help, &help->rows[i]), KT_ROLE_NORMAL,
				      text_of(help, &help->rows[i]));
	}
	return page.lines;
}

const struct kt_view kt_help_view = {
	.word = "help",
	.title = "Help",
	.create = create,
	.destroy = destroy,
	.update = update,
	.count = count,
	.identity = identity,
	.text = text,
	.summary = summary,
	.paint_heading = paint_heading,
	.paint_row = paint_row,
	.explain_empty = explain_empty,
	.paint_page = paint_page,
};
