/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tui/columns.h"

enum {
	MAX_NAME_WIDTH = 24,
	MAX_STATE_WIDTH = 60,
	PERMILLE = 1000,
	NS_PER_US = 1000,
};

static struct kt_column_value number(bool is_known, uint64_t magnitude)
{
	return (struct kt_column_value){ .is_known = is_known, .magnitude = magnitude };
}

static struct kt_column_value number_of(struct kt_opt_u64 opt)
{
	return number(opt.known, opt.value);
}

/* @left - @right, with its sign. */
static struct kt_column_value flow_between(struct kt_opt_u64 left, struct kt_opt_u64 right)
{
	bool is_negative = left.value < right.value;

	return (struct kt_column_value){
		.is_known = left.known && right.known,
		.is_negative = is_negative,
		.magnitude = is_negative ? right.value - left.value : left.value - right.value,
	};
}

static struct kt_column_value per_second(struct kt_opt_u64 more, uint64_t elapsed_ns)
{
	if (!more.known || !elapsed_ns)
		return number(false, 0);
	return number(true, kt_per_second(more.value, elapsed_ns));
}

static void put_unknown(struct kt_cell_context *cell, struct kt_buf *out)
{
	if (cell->role == KT_ROLE_NORMAL)
		cell->role = KT_ROLE_UNKNOWN;
	kt_buf_putc(out, '-');
}

static void put_bytes(struct kt_cell_context *cell, struct kt_column_value value,
		      struct kt_buf *out)
{
	if (value.is_known)
		kt_format_bytes(cell->look->units, value.magnitude, out);
	else
		put_unknown(cell, out);
}

/* In bytes a second: rates are numbers of one second already. */
static void put_byte_rate(struct kt_cell_context *cell, struct kt_column_value value,
			  struct kt_buf *out)
{
	put_bytes(cell, value, out);
	if (value.is_known)
		kt_buf_puts(out, "/s");
}

static void put_flow(struct kt_cell_context *cell, struct kt_column_value value, struct kt_buf *out)
{
	if (value.is_known)
		kt_format_flow(cell->look->units, value.magnitude, value.is_negative, out);
	else
		put_unknown(cell, out);
}

static struct kt_column_value guest_value(const struct kt_cell_context *cell)
{
	return (struct kt_column_value){ .is_known = true, .text = cell->guest };
}

static void guest_format(struct kt_cell_context *cell, unsigned width, struct kt_buf *out)
{
	(void)width;
	kt_buf_puts(out, cell->guest);
}

static struct kt_column_value tid_value(const struct kt_cell_context *cell)
{
	return number(true, cell->row->tid);
}

static void tid_format(struct kt_cell_context *cell, unsigned width, struct kt_buf *out)
{
	(void)width;
	kt_buf_printf(out, "%u", cell->row->tid);
}

static struct kt_column_value name_value(const struct kt_cell_context *cell)
{
	return (struct kt_column_value){ .is_known = cell->row->comm[0], .text = cell->row->comm };
}

static void name_format(struct kt_cell_context *cell, unsigned width, struct kt_buf *out)
{
	(void)width;
	if (cell->row->comm[0])
		kt_buf_puts(out, cell->row->comm);
	else
		put_unknown(cell, out);
}

static struct kt_column_value alloc_value(const struct kt_cell_context *cell)
{
	return number_of(cell->row->allocated_bytes);
}

static void alloc_format(struct kt_cell_context *cell, unsigned width, struct kt_buf *out)
{
	(void)width;
	put_bytes(cell, alloc_value(cell), out);
}

static struct kt_column_value freed_value(const struct kt_cell_context *cell)
{
	return number_of(cell->row->deallocated_bytes);
}

static void freed_format(struct kt_cell_context *cell, unsigned width, struct kt_buf *out)
{
	(void)width;
	put_bytes(cell, freed_value(cell), out);
}

static struct kt_column_value alloc_rate_value(const struct kt_cell_context *cell)
{
	return per_second(cell->row->allocated_more_bytes, cell->row->counters_elapsed_ns);
}

static void alloc_rate_format(struct kt_cell_context *cell, unsigned width, struct kt_buf *out)
{
	(void)width;
	put_byte_rate(cell, alloc_rate_value(cell), out);
}

static struct kt_column_value freed_rate_value(const struct kt_cell_context *cell)
{
	return per_second(cell->row->deallocated_more_bytes, cell->row->counters_elapsed_ns);
}

static void freed_rate_format(struct kt_cell_context *cell, unsigned width, struct kt_buf *out)
{
	(void)width;
	put_byte_rate(cell, freed_rate_value(cell), out);
}

static struct kt_column_value flow_value(const struct kt_cell_context *cell)
{
	return flow_between(cell->row->allocated_bytes, cell->row->deallocated_bytes);
}

static void flow_format(struct kt_cell_context *cell, unsigned width, struct kt_buf *out)
{
	(void)width;
	put_flow(cell, flow_value(cell), out);
}

static struct kt_column_value flow_rate_value(const struct kt_cell_context *cell)
{
	struct kt_column_value value =
		flow_between(cell->row->allocated_more_bytes, cell->row->deallocated_more_bytes);

	value.is_known = value.is_known && cell->row->counters_elapsed_ns;
	if (value.is_known)
		value.magnitude = kt_per_second(value.magnitude, cell->row->counters_elapsed_ns);
	return value;
}

static void flow_rate_format(struct kt_cell_context *cell, unsigned width, struct kt_buf *out)
{
	struct kt_column_value value = flow_rate_value(cell);

	(void)width;
	put_flow(cell, value, out);
	if (value.is_known)
		kt_buf_puts(out, "/s");
}

static void graph_format(struct kt_cell_context *cell, unsigned width, struct kt_buf *out)
{
	struct kt_graph_value values[KT_ROWS_HISTORY];
	size_t count = kt_thread_row_history(cell->rows, cell->row, values);

	if (cell->role == KT_ROLE_NORMAL)
		cell->role = KT_ROLE_GRAPH;
	kt_graph_line(cell->look->glyphs, values, count, 0, width, out);
}

static struct kt_column_value cpu_value(const struct kt_cell_context *cell)
{
	return number_of(cell->row->cpu);
}

static void cpu_format(struct kt_cell_context *cell, unsigned width, struct kt_buf *out)
{
	(void)width;
	if (cell->row->cpu.known)
		kt_buf_printf(out, "%llu", (unsigned long long)cell->row->cpu.value);
	else
		put_unknown(cell, out);
}

static struct kt_column_value letter_value(const struct kt_cell_context *cell)
{
	return number(cell->row->state, (unsigned char)cell->row->state);
}

static void letter_format(struct kt_cell_context *cell, unsigned width, struct kt_buf *out)
{
	(void)width;
	if (!cell->row->state) {
		put_unknown(cell, out);
		return;
	}
	if (cell->row->state == 'R' && cell->role == KT_ROLE_NORMAL)
		cell->role = KT_ROLE_ACTIVE;
	kt_buf_putc(out, cell->row->state);
}

static struct kt_column_value run_value(const struct kt_cell_context *cell)
{
	/* Nanoseconds in a second are a billionth each. */
	return per_second(cell->row->run_more_ns, cell->row->extras_elapsed_ns);
}

static void run_format(struct kt_cell_context *cell, unsigned width, struct kt_buf *out)
{
	struct kt_column_value value = run_value(cell);

	(void)width;
	if (!value.is_known) {
		put_unknown(cell, out);
		return;
	}
	uint64_t permille = (value.magnitude / NS_PER_US + PERMILLE / 2) / PERMILLE;
	if (permille > 9999)
		permille = 9999;
	kt_buf_printf(out, "%u.%u%%", (unsigned)permille / 10, (unsigned)permille % 10);
}

static struct kt_column_value delay_value(const struct kt_cell_context *cell)
{
	return per_second(cell->row->run_delay_more_ns, cell->row->extras_elapsed_ns);
}

static void delay_format(struct kt_cell_context *cell, unsigned width, struct kt_buf *out)
{
	struct kt_column_value value = delay_value(cell);

	(void)width;
	if (!value.is_known) {
		put_unknown(cell, out);
		return;
	}
	kt_format_duration(value.magnitude, out);
	kt_buf_puts(out, "/s");
}

static struct kt_column_value switch_value(const struct kt_cell_context *cell)
{
	return per_second(cell->row->switches_more, cell->row->extras_elapsed_ns);
}

static void switch_format(struct kt_cell_context *cell, unsigned width, struct kt_buf *out)
{
	struct kt_column_value value = switch_value(cell);

	(void)width;
	if (!value.is_known) {
		put_unknown(cell, out);
		return;
	}
	kt_format_count(value.magnitude, out);
	kt_buf_puts(out, "/s");
}

static struct kt_column_value state_value(const struct kt_cell_context *cell)
{
	return number(true, cell->row->status);
}

static void state_format(struct kt_cell_context *cell, unsigned width, struct kt_buf *out)
{
	const char *word = kt_row_status_word(cell->row);

	(void)width;
	if (!word[0] && cell->stale_ns) {
		cell->role = KT_ROLE_WARNING;
		kt_buf_printf(out, "stale %llu.%llu s",
			      (unsigned long long)(cell->stale_ns / 1000000000),
			      (unsigned long long)(cell->stale_ns / 100000000 % 10));
		return;
	}
	kt_buf_puts(out, word);
	if (cell->row->reason[0])
		kt_buf_printf(out, ": %s", cell->row->reason);
}

const char *kt_row_status_word(const struct kt_thread_row *row)
{
	static const char *const words[] = {
		[KT_ROW_SAME] = "",
		[KT_ROW_NEW] = "new",
		[KT_ROW_REUSED] = "tid reused",
		[KT_ROW_RESET] = "reset",
		[KT_ROW_FAILED] = "failed",
		[KT_ROW_SKIPPED] = "skipped",
		[KT_ROW_MISSED] = "missed",
		[KT_ROW_GONE] = "gone",
	};

	return words[row->status];
}

/* Byte counts may have 20 digits and a unit, flows a sign, rates "/s". */
const struct kt_column kt_columns[] = {
	{ "guest", "GUEST", "Guest that the thread is in; shown if there are several", 12, 0, 20, 4,
	  true, false, guest_value, guest_format },
	{ "tid", "TID", "Thread id, as its own kernel names it", 7, 0, 0, 1, false, false,
	  tid_value, tid_format },
	{ "name", "NAME", "Name of the thread", 10, 0, MAX_NAME_WIDTH, 0, true, false, name_value,
	  name_format },
	{ "alloc", "ALLOC", "Bytes that the thread has allocated since it began", 8, 21, 0, 3,
	  false, true, alloc_value, alloc_format },
	{ "freed", "FREED", "Bytes that the thread has freed since it began", 8, 21, 0, 5, false,
	  true, freed_value, freed_format },
	{ "alloc-rate", "ALLOC/s", "Bytes allocated per second, since the snapshot before", 10, 23,
	  0, 2, false, true, alloc_rate_value, alloc_rate_format },
	{ "freed-rate", "FREED/s", "Bytes freed per second, since the snapshot before", 10, 23, 0,
	  6, false, true, freed_rate_value, freed_rate_format },
	{ "flow", "FLOW",
	  "Bytes allocated minus bytes freed by the thread; no usage: threads free for each other",
	  9, 22, 0, 7, false, true, flow_value, flow_format },
	{ "flow-rate", "FLOW/s", "The flow per second, since the snapshot before", 11, 24, 0, 9,
	  false, true, flow_rate_value, flow_rate_format },
	{ "graph", "ALLOC/s GRAPH",
	  "Bytes allocated per second in the last 32 snapshots, each row by its own largest", 16, 0,
	  KT_ROWS_HISTORY, 8, true, false, NULL, graph_format },
	{ "cpu", "CPU", "Processor that the thread ran on last", 4, 0, 0, 13, false, false,
	  cpu_value, cpu_format },
	{ "s", "S", "State letter of proc(5): R runs, S sleeps, D waits for a device", 2, 0, 0, 11,
	  true, false, letter_value, letter_format },
	{ "run", "RUN%", "Time on a processor, of the time since the snapshot before", 6, 0, 0, 12,
	  false, true, run_value, run_format },
	{ "delay", "DELAY/s", "Time that the thread waited for a processor, per second", 9, 0, 0,
	  14, false, true, delay_value, delay_format },
	{ "switch", "SWITCH/s", "Context switches per second", 9, 0, 0, 15, false, true,
	  switch_value, switch_format },
	{ "state", "STATE",
	  "new, tid reused, reset (a counter went backwards), missed, gone; failed and skipped "
	  "with why",
	  12, 0, MAX_STATE_WIDTH, 10, true, false, state_value, state_format },
	{ 0 },
};
