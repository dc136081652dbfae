/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tui/views/columns.h"

#define NS_PER_S 1000000000ULL

enum {
	MAX_STATE_WIDTH = 60,
	MIN_STALE_WIDTH = 10,  /* of "stale 3.2 s" and then some */
	MIN_REASON_WIDTH = 10, /* less of a reason says nothing */
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
	kt_format_name(cell->guest, width, cell->look->glyphs->ellipsis, out);
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

static void put_stale(struct kt_cell_context *cell, unsigned width, struct kt_buf *out)
{
	cell->role = KT_ROLE_WARNING;
	kt_buf_puts(out, "stale");
	if (width > MIN_STALE_WIDTH)
		kt_buf_printf(out, " %llu.%llu s", (unsigned long long)(cell->stale_ns / NS_PER_S),
			      (unsigned long long)(cell->stale_ns / (NS_PER_S / 10) % 10));
}

/* The word, and what belongs to it if there is room for any of that. */
static void state_format(struct kt_cell_context *cell, unsigned width, struct kt_buf *out)
{
	const char *word = kt_row_status_word(cell->row);

	if (!word[0] && cell->stale_ns) {
		put_stale(cell, width, out);
		return;
	}
	kt_buf_puts(out, word);
	if (cell->row->reason[0] && strlen(word) + MIN_REASON_WIDTH < width)
		kt_buf_printf(out, ": %s", cell->row->reason);
}

const char *kt_row_status_word(const struct kt_thread_row *row)
{
	static const char *const words[] = {
		[KT_ROW_SAME] = "",	    [KT_ROW_NEW] = "new",
		[KT_ROW_REUSED] = "reused", [KT_ROW_RESET] = "reset",
		[KT_ROW_FAILED] = "failed", [KT_ROW_SKIPPED] = "skipped",
		[KT_ROW_MISSED] = "missed", [KT_ROW_GONE] = "gone",
	};

	return words[row->status];
}

/* Byte counts may have 20 digits and a unit, flows a sign, rates "/s". */
const struct kt_column kt_columns[] = {
	{ .word = "guest",
	  .heading = "GUEST",
	  .help = "Guest that the thread is in; shown if there are several",
	  .width = 12,
	  .most_width = 20,
	  .priority = 4,
	  .is_left = true,
	  .value = guest_value,
	  .format = guest_format },
	{ .word = "tid",
	  .heading = "TID",
	  .help = "Thread id, as its own kernel names it",
	  .width = 7,
	  .priority = 1,
	  .value = tid_value,
	  .format = tid_format },
	{ .word = "name",
	  .heading = "NAME",
	  .help = "Name of the thread",
	  .width = 10,
	  .most_width = 15,
	  .priority = 0,
	  .is_left = true,
	  .value = name_value,
	  .format = name_format },
	{ .word = "alloc",
	  .heading = "ALLOC",
	  .help = "Bytes that the thread has allocated since it began",
	  .width = 8,
	  .bytes_width = 21,
	  .priority = 3,
	  .is_descending = true,
	  .value = alloc_value,
	  .format = alloc_format },
	{ .word = "freed",
	  .heading = "FREED",
	  .help = "Bytes that the thread has freed since it began",
	  .width = 8,
	  .bytes_width = 21,
	  .priority = 6,
	  .is_descending = true,
	  .value = freed_value,
	  .format = freed_format },
	{ .word = "alloc-rate",
	  .heading = "ALLOC/s",
	  .help = "Bytes allocated per second, since the snapshot before",
	  .width = 10,
	  .bytes_width = 23,
	  .priority = 2,
	  .is_descending = true,
	  .value = alloc_rate_value,
	  .format = alloc_rate_format },
	{ .word = "freed-rate",
	  .heading = "FREED/s",
	  .help = "Bytes freed per second, since the snapshot before",
	  .width = 10,
	  .bytes_width = 23,
	  .priority = 7,
	  .is_descending = true,
	  .value = freed_rate_value,
	  .format = freed_rate_format },
	{ .word = "flow",
	  .heading = "FLOW",
	  .help = "Bytes allocated minus bytes freed by the thread; it owns no such amount, for "
		  "threads "
		  "free for each other",
	  .width = 9,
	  .bytes_width = 22,
	  .priority = 8,
	  .is_descending = true,
	  .value = flow_value,
	  .format = flow_format },
	{ .word = "flow-rate",
	  .heading = "FLOW/s",
	  .help = "The flow per second, since the snapshot before",
	  .width = 11,
	  .bytes_width = 24,
	  .priority = 10,
	  .is_descending = true,
	  .value = flow_rate_value,
	  .format = flow_rate_format },
	{ .word = "graph",
	  .heading = "ALLOC/s GRAPH",
	  .help = "Bytes allocated per second in the last 32 snapshots, each row by its own "
		  "largest",
	  .width = 8,
	  .most_width = KT_ROWS_HISTORY,
	  .priority = 9,
	  .needs_past = true,
	  .is_left = true,
	  .format = graph_format },
	{ .word = "cpu",
	  .heading = "CPU",
	  .help = "Processor that the thread ran on last",
	  .width = 4,
	  .priority = 13,
	  .is_extra = true,
	  .value = cpu_value,
	  .format = cpu_format },
	{ .word = "s",
	  .heading = "S",
	  .help = "State letter of proc(5): R runs, S sleeps, D waits for a device",
	  .width = 2,
	  .priority = 11,
	  .is_extra = true,
	  .is_left = true,
	  .value = letter_value,
	  .format = letter_format },
	{ .word = "run",
	  .heading = "RUN%",
	  .help = "Time on a processor, of the time since the snapshot before",
	  .width = 6,
	  .priority = 12,
	  .is_extra = true,
	  .is_descending = true,
	  .value = run_value,
	  .format = run_format },
	{ .word = "delay",
	  .heading = "DELAY/s",
	  .help = "Time that the thread waited for a processor, per second",
	  .width = 9,
	  .priority = 14,
	  .is_extra = true,
	  .is_descending = true,
	  .value = delay_value,
	  .format = delay_format },
	{ .word = "switch",
	  .heading = "SWITCH/s",
	  .help = "Context switches per second",
	  .width = 9,
	  .priority = 15,
	  .is_extra = true,
	  .is_descending = true,
	  .value = switch_value,
	  .format = switch_format },
	{ .word = "state",
	  .heading = "STATE",
	  .help = "new, reused (the tid was another thread's), reset (a counter went backwards), "
		  "missed, gone; failed and skipped with why",
	  .width = 7,
	  .most_width = MAX_STATE_WIDTH,
	  .priority = 5,
	  .is_left = true,
	  .value = state_value,
	  .format = state_format },
	{ 0 },
};
