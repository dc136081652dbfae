/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/checks.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tui/views/order.h"
#include "tui/views/signs.h"
#include "tui/views/table.h"

/* The text of a check ends in its threshold, so the column of that goes first. */
enum {
	VERDICT,
	SCENARIO,
	CHECK,
	THRESHOLD,
	WORST,
	WHERE
};
static const struct kt_table_column columns[] = {
	[VERDICT] = { "VERDICT", 8, 8, 0, false },
	[SCENARIO] = { "SCENARIO", 12, 24, 3, false },
	[CHECK] = { "CHECK", 8, 64, 1, false },
	[THRESHOLD] = { "EXPECTED", 12, 44, 5, false },
	[WORST] = { "WORST SEEN", 10, 44, 2, false },
	[WHERE] = { "DECIDED AT", 14, 32, 4, false },
	{ 0 },
};

/* What deserves a look comes first. */
static const unsigned char ranks[KT_VERDICT_COUNT] = {
	[KT_VERDICT_FAIL] = 0,	  [KT_VERDICT_CANNOT_TELL] = 1, [KT_VERDICT_PENDING] = 2,
	[KT_VERDICT_HOLDING] = 3, [KT_VERDICT_PASS] = 4,	[KT_VERDICT_SKIP] = 5,
};

struct check_row {
	struct kt_row_head head;
	const struct kt_run_scenario *scenario;
	const struct kt_run_check *check;
};

struct checks {
	struct check_row *rows;
	size_t count;
	size_t cap;
	struct kt_order order;
	struct kt_check_counts counts;
};

void kt_checks_count(const struct kt_run_scenario *scenario, uint64_t mono_ns,
		     struct kt_check_counts *counts)
{
	for (size_t i = 0; i < scenario->check_count; i++)
		counts->of[kt_moment_check(&scenario->checks[i], mono_ns)->verdict]++;
	counts->total += (unsigned)scenario->check_count;
}

void kt_checks_summarize(const struct kt_check_counts *counts, struct kt_buf *out)
{
	if (!counts->total) {
		kt_buf_putc(out, '-');
		return;
	}
	if (counts->of[KT_VERDICT_FAIL])
		kt_buf_printf(out, "%u FAIL, ", counts->of[KT_VERDICT_FAIL]);
	if (counts->of[KT_VERDICT_CANNOT_TELL])
		kt_buf_printf(out, "%u UNSURE, ", counts->of[KT_VERDICT_CANNOT_TELL]);
	kt_buf_printf(out, "%u of %u pass", counts->of[KT_VERDICT_PASS], counts->total);
}

void kt_check_where(const struct kt_event_check *said, struct kt_buf *out)
{
	const char *gap = "";

	if (said->run.known && said->run.value) {
		kt_buf_printf(out, "run %" PRIu64, said->run.value);
		gap = " ";
	}
	if (said->snapshot.known) {
		kt_buf_printf(out, "%s#%" PRIu64, gap, said->snapshot.value);
		gap = " ";
	}
	if (said->tid.known) {
		kt_buf_printf(out, "%stid %" PRIu64, gap, said->tid.value);
		gap = " ";
	}
	if (!*gap)
		kt_buf_putc(out, '-');
}

const char *kt_check_text(const struct kt_run_check *check, const struct kt_event_check *said)
{
	if (said->text && *said->text)
		return said->text;
	return check->check.text && *check->check.text ? check->check.text : check->id;
}

static struct kt_error *create(void **ret)
{
	struct checks *checks = calloc(1, sizeof(*checks));

	if (!checks)
		return kt_error_no_memory();
	*ret = checks;
	return NULL;
}

static void destroy(void *view)
{
	struct checks *checks = view;

	if (!checks)
		return;
	kt_order_deinit(&checks->order);
	free(checks->rows);
	free(checks);
}

/* Scenarios are listed in the order of their first mention and checks as announced: both for good. */
static uint64_t identity_of(size_t scenario, size_t check)
{
	return (uint64_t)(scenario + 1) << 32 | (check + 1);
}

/* Verdicts last until the next event only, so they are looked up and not kept. */
static void row_text(const struct check_row *row, uint64_t mono_ns, struct kt_buf *out)
{
	struct kt_glyphs glyphs = kt_glyphs_make(true, KT_GRAPH_ASCII);
	const struct kt_event_check *said = kt_moment_check(row->check, mono_ns);

	kt_buf_printf(out, "%s %s %s %s ", kt_sign_verdict(&glyphs, said->verdict).word,
		      row->scenario->name, row->check->id, kt_check_text(row->check, said));
	if (said->threshold)
		kt_buf_printf(out, "%s ", said->threshold);
	if (said->worst)
		kt_buf_printf(out, "%s ", said->worst);
	kt_check_where(said, out);
}

static struct kt_error *gather(struct checks *checks, const struct kt_look_at *look, size_t place)
{
	const struct kt_run_scenario *scenario = look->input->run->scenarios[place];
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	void *rows = checks->rows;

	kt_checks_count(scenario, look->moment_ns, &checks->counts);
	KT_TRY(kt_order_reserve(&rows, &checks->cap, checks->count + scenario->check_count,
				sizeof(*checks->rows)));
	checks->rows = rows;
	for (size_t i = 0; i < scenario->check_count; i++) {
		struct check_row *row = &checks->rows[checks->count];

		*row = (struct check_row){
			.scenario = scenario,
			.check = &scenario->checks[i],
		};
		row->head.identity = identity_of(place, i);
		row->head.rank = ranks[kt_moment_check(row->check, look->moment_ns)->verdict];
		kt_buf_reset(&text);
		row_text(row, look->moment_ns, &text);
		if (kt_filter_takes(look, &text))
			checks->count++;
	}
	return kt_buf_error(&text);
}

static struct kt_error *update(void *view, const struct kt_look_at *look)
{
	struct checks *checks = view;
	const struct kt_run *run = look->input->run;

	if (kt_order_is_current(&checks->order, look))
		return NULL;
	checks->count = 0;
	checks->counts = (struct kt_check_counts){ 0 };
	for (size_t i = 0; i < run->scenario_count; i++) {
		if (run->scenarios[i]->started &&
		    kt_moment_has_begun(run->scenarios[i], look->moment_ns))
			KT_TRY(gather(checks, look, i));
	}
	return kt_order_sort(&checks->order, look->is_order_frozen, checks->rows, checks->count,
			     sizeof(*checks->rows));
}

static size_t count(const void *view)
{
	return ((const struct checks *)view)->count;
}

static uint64_t identity(const void *view, size_t row)
{
	return ((const struct checks *)view)->rows[row].head.identity;
}

static void text(const void *view, size_t row, struct kt_buf *out)
{
	const struct checks *checks = view;

	row_text(&checks->rows[row], checks->order.moment_ns, out);
}

static void summary(const void *view, const struct kt_look_at *look, struct kt_buf *out)
{
	(void)look;
	kt_checks_summarize(&((const struct checks *)view)->counts, out);
}

static void paint_heading(const void *view, const struct kt_look_at *look, struct kt_canvas *canvas,
			  struct kt_area area)
{
	(void)view;
	kt_table_heading(columns, look->glyphs, canvas, area);
}

static void paint_row(const void *view, const struct kt_look_at *look, size_t index,
		      struct kt_canvas *canvas, struct kt_area area)
{
	const struct check_row *row = &((const struct checks *)view)->rows[index];
	struct kt_table_layout layout = kt_table_fit(columns, area.columns);
	const struct kt_event_check *said = kt_moment_check(row->check, look->moment_ns);
	struct kt_sign sign = kt_sign_verdict(look->glyphs, said->verdict);
	kt_autobuf struct kt_buf verdict = KT_BUF_INIT;
	kt_autobuf struct kt_buf where = KT_BUF_INIT;
	kt_autobuf struct kt_buf name = KT_BUF_INIT;
	const char *cells[] = {
		[CHECK] = kt_check_text(row->check, said),
		[THRESHOLD] = said->threshold ? said->threshold : "-",
		[WORST] = said->worst ? said->worst : "-",
	};

	kt_sign_put(sign, &verdict);
	kt_check_where(said, &where);
	kt_format_name(row->scenario->name, layout.width[SCENARIO], look->glyphs->ellipsis, &name);
	cells[SCENARIO] = kt_buf_text(&name);
	cells[VERDICT] = kt_buf_text(&verdict);
	/* Too narrow for the first column: the glyph and as much of the word as there is room for. */
	if (!layout.width[VERDICT])
		kt_put_cut(canvas, look->glyphs, area.row, area.column, area.columns, sign.role,
			   cells[VERDICT]);
	for (unsigned i = VERDICT; i < WHERE; i++)
		kt_table_cell(columns, &layout, i, look->glyphs, canvas, area,
			      i == VERDICT ? sign.role : KT_ROLE_NORMAL, cells[i]);
	kt_table_cell(columns, &layout, WHERE, look->glyphs, canvas, area, KT_ROLE_NORMAL,
		      kt_buf_text(&where));
}

static void explain_empty(const void *view, const struct kt_look_at *look, struct kt_buf *out)
{
	const struct checks *checks = view;
	const struct kt_run *run = look->input->run;
	bool is_local = run->scenario_count > 0;

	for (size_t i = 0; i < run->scenario_count; i++)
		is_local = is_local && !run->scenarios[i]->started;
	if (checks->counts.total)
		kt_buf_printf(out, "none of %u checks contains \"%s\"", checks->counts.total,
			      look->filter);
	else if (is_local)
		kt_buf_puts(out, "no checks: a process of this host is only watched");
	else if (look->input->has_ended && look->is_present)
		kt_buf_puts(out, "no checks: no scenario was begun");
	else
		kt_buf_puts(out, "no checks yet: no scenario has begun");
}

static unsigned paint_page(const void *view, const struct kt_look_at *look, uint64_t identity,
			   unsigned scroll, struct kt_canvas *canvas, struct kt_area area)
{
	const struct kt_run *run = look->input->run;
	uint64_t scenario = (identity >> 32) - 1;
	uint64_t check = (identity & UINT32_MAX) - 1;

	(void)view;
	if (scenario >= run->scenario_count || check >= run->scenarios[scenario]->check_count)
		return 0;
	return kt_check_page_paint(look, run->scenarios[scenario],
				   &run->scenarios[scenario]->checks[check], scroll, canvas, area);
}

const struct kt_view kt_checks_view = {
	.word = "checks",
	.title = "Checks",
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
