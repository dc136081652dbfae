/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/glyphs.h"

#include <string.h>

__extension__ typedef unsigned __int128 wide;

enum {
	BLOCK_STEPS = 8,
	BRAILLE_STEPS = 4,
	BRAILLE_BASE = 0x2800,
	ZERO = 0,
	UNKNOWN = -1,
};

static const char *const style_words[KT_GRAPH_STYLE_COUNT] = { "block", "braille", "ascii" };

static const struct kt_glyphs unicode_glyphs = {
	.pass = "\u2713",
	.fail = "\u2717",
	.holding = "\u25d0",
	.pending = "\u25cb",
	.cannot_tell = "?",
	.skip = "\u2298",
	.running = "\u25cf",
	.ended = "\u25a0",
	.failed = "\u2717",
	.paused = "\u2016",
	.playing = "\u25b6",
	.up = "\u25b2",
	.down = "\u25bc",
	.ellipsis = "\u2026",
	.horizontal = "\u2500",
	.vertical = "\u2502",
};

static const struct kt_glyphs ascii_glyphs = {
	.pass = "+",
	.fail = "X",
	.holding = "=",
	.pending = ".",
	.cannot_tell = "?",
	.skip = "s",
	.running = "*",
	.ended = "#",
	.failed = "X",
	.paused = "!",
	.playing = ">",
	.up = "^",
	.down = "v",
	.ellipsis = "~",
	.horizontal = "-",
	.vertical = "|",
};

/* One to eight eighths; a known 0 has to look like neither of them nor like a gap. */
static const char *const block_cells[BLOCK_STEPS] = { "\u2581", "\u2582", "\u2583", "\u2584",
						      "\u2585", "\u2586", "\u2587", "\u2588" };
static const char *const ascii_cells[BLOCK_STEPS] = { ".", ",", ":", "-", "=", "+", "*", "#" };
static const char *const block_zero = "\u00b7";
static const char *const ascii_zero = "_";

/* The dots of a braille cell from the bottom up, left and right. */
static const uint8_t braille_dots[2][BRAILLE_STEPS] = { { 0x40, 0x04, 0x02, 0x01 },
							{ 0x80, 0x20, 0x10, 0x08 } };

/* What of the values is painted, and how. */
struct graph {
	const struct kt_graph_value *values;
	size_t count;
	uint64_t max;
	unsigned steps; /* in all rows together */
};

struct kt_glyphs kt_glyphs_make(bool is_ascii, enum kt_graph_style graph)
{
	struct kt_glyphs glyphs = is_ascii ? ascii_glyphs : unicode_glyphs;

	glyphs.is_ascii = is_ascii;
	glyphs.graph = is_ascii ? KT_GRAPH_ASCII : graph;
	return glyphs;
}

/* The steps of the value that stands @back places before the last one. */
static int level(const struct graph *graph, size_t back)
{
	const struct kt_graph_value *value;

	if (back >= graph->count)
		return UNKNOWN;
	value = &graph->values[graph->count - 1 - back];
	if (!value->is_known)
		return UNKNOWN;
	if (value->value == 0)
		return ZERO;
	if (value->value >= graph->max)
		return (int)graph->steps;
	/* Upwards: what is little is not nothing. */
	return (int)(((wide)value->value * graph->steps + graph->max - 1) / graph->max);
}

/* How much of a level of @steps in all is in the cell that begins @below steps above 0. */
static unsigned filled(int level, unsigned below, unsigned cell_steps)
{
	unsigned above;

	if (level <= 0 || (unsigned)level <= below)
		return 0;
	above = (unsigned)level - below;
	return above < cell_steps ? above : cell_steps;
}

static const char *bar_cell(const struct kt_glyphs *glyphs, int level, unsigned below)
{
	bool is_block = glyphs->graph == KT_GRAPH_BLOCK;
	unsigned steps = filled(level, below, BLOCK_STEPS);

	if (level == ZERO && below == 0)
		return is_block ? block_zero : ascii_zero;
	if (steps == 0)
		return " ";
	return is_block ? block_cells[steps - 1] : ascii_cells[steps - 1];
}

/*
 * A known 0 is the lowest dot alone, and everything else has one dot more: so 0, little and unknown
 * all look different.
 */
static uint8_t braille_half(int level, unsigned below, unsigned side)
{
	uint8_t dots = 0;

	if (level == UNKNOWN)
		return 0;
	for (unsigned i = 0; i < filled(level + 1, below, BRAILLE_STEPS); i++)
		dots |= braille_dots[side][i];
	return dots;
}

static void put_braille(uint8_t dots, struct kt_buf *out)
{
	unsigned code = BRAILLE_BASE + dots;

	if (!dots) {
		kt_buf_putc(out, ' ');
		return;
	}
	kt_buf_putc(out, (char)(0xe0 | code >> 12));
	kt_buf_putc(out, (char)(0x80 | (code >> 6 & 0x3f)));
	kt_buf_putc(out, (char)(0x80 | (code & 0x3f)));
}

/* The largest of the last @shown values. */
static uint64_t largest(const struct kt_graph_value *values, size_t count, size_t shown)
{
	uint64_t max = 0;

	for (size_t i = count > shown ? count - shown : 0; i < count; i++) {
		if (values[i].is_known && values[i].value > max)
			max = values[i].value;
	}
	return max;
}

void kt_graph_row(const struct kt_glyphs *glyphs, const struct kt_graph_value *values, size_t count,
		  uint64_t max, unsigned columns, unsigned rows, unsigned row, struct kt_buf *out)
{
	bool is_braille = glyphs->graph == KT_GRAPH_BRAILLE;
	unsigned cell_steps = is_braille ? BRAILLE_STEPS : BLOCK_STEPS;
	size_t shown = (size_t)columns * (is_braille ? 2 : 1);
	unsigned below = (rows - 1 - row) * cell_steps;
	struct graph graph = {
		.values = values,
		.count = count,
		.max = max ? max : largest(values, count, shown),
		.steps = rows * cell_steps - (is_braille ? 1 : 0),
	};

	for (size_t back = columns; back-- > 0;) {
		if (!is_braille) {
			kt_buf_puts(out, bar_cell(glyphs, level(&graph, back), below));
			continue;
		}
		put_braille(braille_half(level(&graph, back * 2 + 1), below, 0) |
				    braille_half(level(&graph, back * 2), below, 1),
			    out);
	}
}

void kt_graph_line(const struct kt_glyphs *glyphs, const struct kt_graph_value *values,
		   size_t count, uint64_t max, unsigned columns, struct kt_buf *out)
{
	kt_graph_row(glyphs, values, count, max, columns, 1, 0, out);
}

bool kt_graph_style_find(const char *word, enum kt_graph_style *ret)
{
	for (unsigned i = 0; i < KT_GRAPH_STYLE_COUNT; i++) {
		if (strcmp(word, style_words[i]) == 0) {
			*ret = (enum kt_graph_style)i;
			return true;
		}
	}
	return false;
}

const char *kt_graph_style_word(enum kt_graph_style style)
{
	return style_words[style];
}
