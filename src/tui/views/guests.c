/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/guests.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tui/views/order.h"
#include "tui/views/past.h"
#include "tui/views/table.h"

enum {
	GUEST,
	STATE,
	VERDICT,
	CHECKS,
	SNAPSHOTS,
	ACCEL,
	TOPOLOGY,
	MEMORY,
	BOOT,
	ELAPSED,
	COLUMN_COUNT,
};

enum {
	MAX_COMM = 64
};

static const struct kt_table_column wide_columns[] = {
	[GUEST] = { "GUEST", 8, 16, 0, false },
	[STATE] = { "STATE", 21, 64, 1, false },
	[VERDICT] = { "VERDICT", 8, 8, 2, false },
	[CHECKS] = { "CHECKS", 18, 34, 3, false },
	[SNAPSHOTS] = { "SNAPS", 5, 6, 5, true },
	[ACCEL] = { "ACCEL", 5, 7, 6, false },
	[TOPOLOGY] = { "TOPOLOGY", 8, 12, 8, false },
	[MEMORY] = { "MEMORY", 8, 8, 9, true },
	[BOOT] = { "BOOT", 6, 7, 7, true },
	[ELAPSED] = { "TIME", 6, 7, 4, true },
	{ 0 },
};

static const struct kt_table_column narrow_columns[] = {
	[GUEST] = { "GUEST", 1, 12, 0, false },
	[STATE] = { "STATE", 6, 64, 1, false },
	{ 0 },
};

#define WIDE_COLUMNS 40

static const struct kt_table_column *columns_for(struct kt_area area)
{
	return area.columns < WIDE_COLUMNS ? narrow_columns : wide_columns;
}

struct guest_row {
	struct kt_row_head head;
	const struct kt_run_scenario *scenario;
	char comm[MAX_COMM]; /* of a local process, as it began; "": unknown */
};

struct guests {
	struct guest_row *rows;
	size_t count;
	size_t cap;
	struct kt_order order;
	unsigned ended_count;
	unsigned total;
	struct kt_past_frame frame;
};

static struct kt_error *create(void **ret)
{
	struct guests *guests = calloc(1, sizeof(*guests));

	if (!guests)
		return kt_error_no_memory();
	*ret = guests;
	return NULL;
}

static void destroy(void *view)
{
	struct guests *guests = view;

	if (!guests)
		return;
	kt_order_deinit(&guests->order);
	kt_past_frame_deinit(&guests->frame);
	free(guests->rows);
	free(guests);
}

static struct kt_error *find_comm(struct guests *guests, const struct kt_guest_glance *glance,
				  struct guest_row *row)
{
	kt_autobuf struct kt_buf comm = KT_BUF_INIT;
	const struct kt_thread *thread;

	if (!glance->is_local || !glance->run || !kt_past_count(glance->run))
		return NULL;
	KT_TRY(kt_past_read(glance->run, 0, &guests->frame));
	(void)kt_snapshot_find_thread(guests->frame.snapshot, glance->run->target_pid, &thread);
	if (!thread || !thread->comm)
		return NULL;
	kt_text_sanitize(&comm, thread->comm, strlen(thread->comm), sizeof(row->comm) - 1, false);
	memcpy(row->comm, kt_buf_text(&comm), comm.len);
	return kt_buf_error(&comm);
}

static void name_put(const struct guest_row *row, const struct kt_guest_glance *glance,
		     struct kt_buf *out)
{
	if (!glance->is_local || !glance->run) {
		kt_buf_puts(out, row->scenario->name);
		return;
	}
	kt_buf_printf(out, "pid %" PRIu32, glance->run->target_pid);
	if (row->comm[0])
		kt_buf_printf(out, " %s", row->comm);
}

static void row_text(const struct guest_row *row, const struct kt_guest_glance *glance,
		     struct kt_buf *out)
{
	struct kt_glyphs glyphs = kt_glyphs_make(true, KT_GRAPH_ASCII);

	name_put(row, glance, out);
	kt_buf_printf(out, " %s ", row->scenario->name);
	(void)kt_guest_state_put(glance, out);
	kt_buf_putc(out, ' ');
	(void)kt_guest_verdict_put(glance, &glyphs, out);
	if (row->scenario->started)
		kt_buf_printf(out, " %s %s", row->scenario->start.topology,
			      kt_accel_name(glance->accel));
}

/* Behind the end of the run nothing runs, whether it came to an end of its own or was left. */
static bool is_over(const struct kt_look_at *look)
{
	const struct kt_run *run = look->input->run;

	return run->ended && look->moment_ns >= run->last_mono_ns;
}

static struct kt_error *gather(struct guests *guests, const struct kt_look_at *look, size_t place)
{
	struct guest_row row = { .scenario = look->input->run->scenarios[place] };
	struct kt_guest_glance glance = kt_guest_look(row.scenario, look->moment_ns);
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	void *rows = guests->rows;

	row.head.identity = place + 1;
	KT_TRY(find_comm(guests, &glance, &row));
	guests->total++;
	guests->ended_count += glance.has_ended || (glance.is_local && glance.has_run_ended) ||
			       is_over(look);
	row_text(&row, &glance, &text);
	KT_TRY(kt_buf_error(&text));
	if (!kt_filter_takes(look, &text))
		return NULL;
	KT_TRY(kt_order_reserve(&rows, &guests->cap, guests->count + 1, sizeof(*guests->rows)));
	guests->rows = rows;
	guests->rows[guests->count++] = row;
	return NULL;
}

static bool has_begun(const struct kt_run_scenario *scenario, uint64_t mono_ns)
{
	if (scenario->started || scenario->state_count)
		return kt_moment_has_begun(scenario, mono_ns);
	for (size_t i = 0; i < scenario->probe_count; i++) {
		if (kt_moment_probe_run(&scenario->probes[i], mono_ns))
			return true;
	}
	return false;
}

static struct kt_error *update(void *view, const struct kt_look_at *look)
{
	struct guests *guests = view;
	const struct kt_run *run = look->input->run;

	if (kt_order_is_current(&guests->order, look))
		return NULL;
	guests->count = 0;
	guests->ended_count = 0;
	guests->total = 0;
	for (size_t i = 0; i < run->scenario_count; i++) {
		if (has_begun(run->scenarios[i], look->moment_ns))
			KT_TRY(gather(guests, look, i));
	}
	return kt_order_sort(&guests->order, look->is_order_frozen, guests->rows, guests->count,
			     sizeof(*guests->rows));
}

static size_t count(const void *view)
{
	return ((const struct guests *)view)->count;
}

static uint64_t identity(const void *view, size_t row)
{
	return ((const struct guests *)view)->rows[row].head.identity;
}

static void text(const void *view, size_t row, struct kt_buf *out)
{
	const struct guests *guests = view;
	struct kt_guest_glance glance =
		kt_guest_look(guests->rows[row].scenario, guests->order.moment_ns);

	row_text(&guests->rows[row], &glance, out);
}

static void summary(const void *view, const struct kt_look_at *look, struct kt_buf *out)
{
	const struct guests *guests = view;

	(void)look;
	if (!guests->total)
		kt_buf_putc(out, '-');
	else if (guests->ended_count == guests->total)
		kt_buf_printf(out, "%u ended", guests->total);
	else
		kt_buf_printf(out, "%u of %u running", guests->total - guests->ended_count,
			      guests->total);
}

static void paint_heading(const void *view, const struct kt_look_at *look, struct kt_canvas *canvas,
			  struct kt_area area)
{
	(void)view;
	kt_table_heading(columns_for(area), look->glyphs, canvas, area);
}

/* All digits of it stand on the guest's page; a number that is cut says nothing. */
static void memory_put(const struct kt_look_at *look, uint64_t memory_mib, struct kt_buf *out)
{
	struct kt_units units = *look->units;

	if (units.style == KT_UNITS_BYTES)
		units.style = KT_UNITS_IEC;
	kt_format_bytes(&units, memory_mib << 20, out);
}

/* What only a guest has; a process of this host leaves it unknown. */
static void guest_cells(const struct kt_guest_glance *glance, const struct kt_look_at *look,
			struct kt_buf *cells)
{
	const struct kt_event_scenario_start *start = &glance->scenario->start;

	if (glance->is_local)
		return;
	if (glance->accel != KT_ACCEL_NONE)
		kt_buf_puts(&cells[ACCEL], kt_accel_name(glance->accel));
	kt_buf_puts(&cells[TOPOLOGY], start->topology);
	memory_put(look, start->memory_mib, &cells[MEMORY]);
	if (glance->boot_ns.known)
		kt_format_duration(glance->boot_ns.value, &cells[BOOT]);
}

/* The whole way where there is room for it, otherwise the state alone. */
static enum kt_role way_put(const struct kt_guest_glance *glance, const struct kt_canvas *canvas,
			    unsigned columns, struct kt_buf *out)
{
	static const char *const gaps[] = { " > ", ">" };
	kt_autobuf struct kt_buf state = KT_BUF_INIT;
	enum kt_role role = kt_guest_state_put(glance, &state);

	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		kt_buf_reset(out);
		kt_guest_strip_put(glance, gaps[i], out);
		if (kt_canvas_width(canvas, kt_buf_text(out)) <= columns)
			return role;
	}
	kt_buf_reset(out);
	kt_buf_puts(out, kt_buf_text(&state));
	return role;
}

static void paint_row(const void *view, const struct kt_look_at *look, size_t index,
		      struct kt_canvas *canvas, struct kt_area area)
{
	const struct guest_row *row = &((const struct guests *)view)->rows[index];
	const struct kt_table_column *columns = columns_for(area);
	struct kt_table_layout layout = kt_table_fit(columns, area.columns);
	struct kt_guest_glance glance = kt_guest_look(row->scenario, look->moment_ns);
	struct kt_buf cells[COLUMN_COUNT] = { 0 };
	kt_autobuf struct kt_buf name = KT_BUF_INIT;
	enum kt_role roles[COLUMN_COUNT] = { 0 };

	name_put(row, &glance, &name);
	kt_format_name(kt_buf_text(&name), layout.width[GUEST], look->glyphs->ellipsis,
		       &cells[GUEST]);
	roles[STATE] = way_put(&glance, canvas, layout.width[STATE], &cells[STATE]);
	roles[VERDICT] = kt_guest_verdict_put(&glance, look->glyphs, &cells[VERDICT]);
	kt_checks_summarize(&glance.checks, &cells[CHECKS]);
	if (glance.checks.of[KT_VERDICT_FAIL])
		roles[CHECKS] = KT_ROLE_BAD;
	if (glance.run)
		kt_format_count(glance.snapshot_count, &cells[SNAPSHOTS]);
	guest_cells(&glance, look, cells);
	kt_format_duration(glance.elapsed_ns, &cells[ELAPSED]);
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		const char *text = cells[i].len ? kt_buf_text(&cells[i]) : "-";

		if (layout.width[i])
			kt_table_cell(columns, &layout, i, look->glyphs, canvas, area, roles[i],
				      text);
		kt_buf_deinit(&cells[i]);
	}
}

static void explain_empty(const void *view, const struct kt_look_at *look, struct kt_buf *out)
{
	const struct guests *guests = view;

	if (guests->total)
		kt_buf_printf(out, "none of %u guests contains \"%s\"", guests->total,
			      look->filter);
	else if (look->input->has_ended && look->is_present)
		kt_buf_puts(out, "no guests: nothing was started");
	else
		kt_buf_puts(out, "no guests yet: nothing has been started");
}

static unsigned paint_page(const void *view, const struct kt_look_at *look, uint64_t identity,
			   unsigned scroll, struct kt_canvas *canvas, struct kt_area area)
{
	const struct kt_run *run = look->input->run;

	(void)view;
	if (!identity || identity > run->scenario_count)
		return 0;
	return kt_guest_page_paint(look, run->scenarios[identity - 1], scroll, canvas, area);
}

const struct kt_view kt_guests_view = {
	.word = "guests",
	.title = "Guests",
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
