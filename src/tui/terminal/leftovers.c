/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/terminal/leftovers.h"

/* The second screen comes last: what is switched back before belongs to it. */
static const struct mode {
	unsigned number;
	bool is_usual; /* it is on */
} modes[] = {
	{ 1, false },	 /* other cursor keys */
	{ 7, true },	 /* lines go on at the edge */
	{ 25, true },	 /* the cursor is seen */
	{ 1000, false }, /* the mouse, as the next six */
	{ 1002, false }, { 1003, false }, { 1004, false }, { 1005, false },
	{ 1006, false }, { 1015, false }, { 2004, false }, /* pastes are marked */
	{ 47, false },					   /* the second screen, as the next two */
	{ 1047, false }, { 1049, false },
};

enum {
	MODE_COUNT = sizeof(modes) / sizeof(*modes),
	NUMBER_MAX = 100000,
};

enum state {
	TEXT,
	ESCAPE,
	SEQUENCE, /* behind "ESC [" */
	PRIVATE,  /* behind "ESC [ ?" */
};

/* Note a number of a sequence. */
static void end_number(struct kt_leftovers *leftovers)
{
	for (unsigned i = 0; i < MODE_COUNT; i++)
		if (modes[i].number == leftovers->number)
			leftovers->seen |= 1U << i;
	leftovers->number = 0;
}

static void switch_modes(struct kt_leftovers *leftovers, bool is_on)
{
	for (unsigned i = 0; i < MODE_COUNT; i++) {
		if (!(leftovers->seen & 1U << i))
			continue;
		if (is_on == modes[i].is_usual)
			leftovers->switched &= ~(1U << i);
		else
			leftovers->switched |= 1U << i;
	}
}

static void begin_sequence(struct kt_leftovers *leftovers)
{
	leftovers->state = SEQUENCE;
	leftovers->number = 0;
	leftovers->seen = 0;
}

static void read_text(struct kt_leftovers *leftovers, char byte)
{
	if (byte == '\033')
		leftovers->state = ESCAPE;
	else
		leftovers->is_inside_line = byte != '\n' && byte != '\r';
}

/* Parameters, then a byte that says what is done. */
static void read_sequence(struct kt_leftovers *leftovers, char byte)
{
	if (byte == '?' && leftovers->state == SEQUENCE) {
		leftovers->state = PRIVATE;
	} else if (byte >= '0' && byte <= '9') {
		if (leftovers->number < NUMBER_MAX)
			leftovers->number = leftovers->number * 10 + (unsigned)(byte - '0');
	} else if (byte == ';') {
		end_number(leftovers);
	} else if (byte >= '@') {
		end_number(leftovers);
		if (leftovers->state == PRIVATE && (byte == 'h' || byte == 'l'))
			switch_modes(leftovers, byte == 'h');
		if (byte == 'm')
			leftovers->has_colors = true;
		leftovers->state = TEXT;
	} else if (byte == '\033') {
		leftovers->state = ESCAPE;
	}
}

bool kt_leftovers_feed(struct kt_leftovers *leftovers, const char *bytes, size_t len)
{
	const struct kt_leftovers before = *leftovers;

	for (const char *end = bytes + len; bytes < end; bytes++) {
		switch ((enum state)leftovers->state) {
		case TEXT:
			read_text(leftovers, *bytes);
			break;
		case ESCAPE:
			if (*bytes == '[')
				begin_sequence(leftovers);
			else if (*bytes != '\033')
				leftovers->state = TEXT;
			break;
		case SEQUENCE:
		case PRIVATE:
			read_sequence(leftovers, *bytes);
			break;
		}
	}
	return before.switched != leftovers->switched || before.has_colors != leftovers->has_colors;
}

void kt_leftovers_put_undo(const struct kt_leftovers *leftovers, struct kt_buf *out)
{
	/* A sequence that was cut would swallow what comes next; CAN ends it. */
	if (leftovers->state != TEXT)
		kt_buf_putc(out, '\030');
	if (leftovers->has_colors)
		kt_buf_puts(out, "\033[m");
	for (unsigned i = 0; i < MODE_COUNT; i++)
		if (leftovers->switched & 1U << i)
			kt_buf_printf(out, "\033[?%u%c", modes[i].number,
				      modes[i].is_usual ? 'h' : 'l');
	if (leftovers->is_inside_line)
		kt_buf_puts(out, "\r\n");
}
