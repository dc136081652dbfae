/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/keys.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "tui/terminal/screen.h"

#define KT_CTRL(letter) ((letter)&0x1f)

/* The footer shows them from left to right as far as there is room; who is lost finds the first two. */
const struct kt_key_binding kt_key_table[] = {
	{ KT_ACTION_QUIT, { 'q' }, "Quit", "quit" },
	{ KT_ACTION_HELP_VIEW, { '?', 'h' }, "Show all keys, or go back from there", "help" },
	{ KT_ACTION_PAUSE,
	  { ' ', 'z' },
	  "Hold the screen still, or follow what comes; nothing is missed meanwhile",
	  "pause" },
	{ KT_ACTION_STEP_BACK, { '[', KT_KEY_LEFT }, "Go back by one snapshot", "back" },
	{ KT_ACTION_STEP_FORWARD, { ']', KT_KEY_RIGHT }, "Go forward by one snapshot", "forward" },
	{ KT_ACTION_OPEN, { KT_KEY_ENTER, 'o' }, "Open the page of the row", "open" },
	{ KT_ACTION_BACK,
	  { KT_KEY_ESCAPE, 'b' },
	  "Leave the page or the help; then drop the filter and the search",
	  NULL },
	{ KT_ACTION_FILTER, { 'f', '\\' }, "Show only rows that contain a text", "filter" },
	{ KT_ACTION_SEARCH, { '/' }, "Search for a text", "search" },
	{ KT_ACTION_SEARCH_NEXT, { 'n' }, "Go to the next row that was searched for", NULL },
	{ KT_ACTION_SEARCH_PREVIOUS,
	  { 'N' },
	  "Go to the previous row that was searched for",
	  NULL },
	{ KT_ACTION_SORT_NEXT, { '>', '.' }, "Sort by the column to the right", "sort" },
	{ KT_ACTION_SORT_PREVIOUS, { '<', ',' }, "Sort by the column to the left", NULL },
	{ KT_ACTION_SORT_REVERSE, { 'r' }, "Sort the other way round", "reverse" },
	{ KT_ACTION_COLUMNS, { 'c' }, "Choose the columns of the threads", "columns" },
	{ KT_ACTION_SAVE, { 's' }, "Save what is looked at to a run file", "save" },
	{ KT_ACTION_COMMAND, { '!' }, "Show the batch command that does the same", "command" },
	{ KT_ACTION_NEXT_VIEW, { KT_KEY_TAB, 'v' }, "Go to the next view", "view" },
	{ KT_ACTION_PREVIOUS_VIEW, { KT_KEY_BACK_TAB, 'V' }, "Go to the previous view", NULL },
	{ KT_ACTION_THREADS, { '1' }, "Show the threads", NULL },
	{ KT_ACTION_CHECKS, { '2' }, "Show the checks", NULL },
	{ KT_ACTION_GUESTS, { '3' }, "Show the guests", NULL },
	{ KT_ACTION_UP, { 'k', KT_KEY_UP, KT_KEY_MOUSE_WHEEL_UP }, "Go up by one row", NULL },
	{ KT_ACTION_DOWN,
	  { 'j', KT_KEY_DOWN, KT_KEY_MOUSE_WHEEL_DOWN },
	  "Go down by one row",
	  NULL },
	{ KT_ACTION_PAGE_UP, { 'K', KT_KEY_PAGE_UP }, "Go up by one screen", NULL },
	{ KT_ACTION_PAGE_DOWN, { 'J', KT_KEY_PAGE_DOWN }, "Go down by one screen", NULL },
	{ KT_ACTION_FIRST, { 'g' }, "Go to the first row, and stay at the top", NULL },
	{ KT_ACTION_LAST, { 'G' }, "Go to the last row", NULL },
	{ KT_ACTION_LEAP_BACK, { '{' }, "Go back by ten snapshots", NULL },
	{ KT_ACTION_LEAP_FORWARD, { '}' }, "Go forward by ten snapshots", NULL },
	{ KT_ACTION_TIME_FIRST, { '(', KT_KEY_HOME }, "Go to the first snapshot", NULL },
	{ KT_ACTION_TIME_LAST,
	  { ')', KT_KEY_END, 'l' },
	  "Go to the latest snapshot, and follow what comes",
	  "latest" },
	{ KT_ACTION_GO_TO_TIME,
	  { 't' },
	  "Go to a time of the run: 12.5, 1:02.5, 50%, begin, end",
	  "time" },
	{ KT_ACTION_PLAY, { 'p' }, "Play from here on, or stop playing", "play" },
	{ KT_ACTION_FASTER, { '+', '=' }, "Play twice as fast", NULL },
	{ KT_ACTION_SLOWER, { '-' }, "Play half as fast", NULL },
	{ KT_ACTION_UNITS, { 'u' }, "Change the units: KiB, kB, bytes", NULL },
	{ KT_ACTION_GRAPH, { 'y' }, "Change the style of graphs: block, braille, ascii", NULL },
	{ KT_ACTION_THEME, { 'T' }, "Change the colours", NULL },
	{ KT_ACTION_MOUSE,
	  { 'm' },
	  "Let the mouse move the cursor, or let the terminal select text with it",
	  NULL },
	{ KT_ACTION_KEEP,
	  { 'W' },
	  "Keep columns, sorting, view, units and looks for next time",
	  NULL },
	{ KT_ACTION_REDRAW, { 'R', KT_CTRL('l') }, "Draw the screen anew", NULL },
	{ KT_ACTION_SUSPEND,
	  { 'Z', KT_CTRL('z') },
	  "Stop the program until the shell continues it",
	  NULL },
	{ KT_ACTION_NONE, { 0 }, NULL, NULL },
};

enum {
	KEYS_PER_BINDING = sizeof(kt_key_table[0].keys) / sizeof(kt_key_table[0].keys[0]),
	MAX_NAME = 24, /* bytes within < and > */
};

/* A key whose name is a word, as people read it and as --keys has it, which is without case. */
struct named_key {
	uint32_t key;
	const char *shown;
	const char *typed;
};

static const struct named_key named_keys[] = {
	{ ' ', "Space", "Space" },
	{ '<', "<", "lt" },
	{ KT_KEY_ESCAPE, "Esc", "Esc" },
	{ KT_KEY_ENTER, "Enter", "Enter" },
	{ KT_KEY_TAB, "Tab", "Tab" },
	{ KT_KEY_BACKSPACE, "Backspace", "BS" },
	{ KT_KEY_UP, "Up", "Up" },
	{ KT_KEY_DOWN, "Down", "Down" },
	{ KT_KEY_LEFT, "Left", "Left" },
	{ KT_KEY_RIGHT, "Right", "Right" },
	{ KT_KEY_PAGE_UP, "PgUp", "PageUp" },
	{ KT_KEY_PAGE_DOWN, "PgDn", "PageDown" },
	{ KT_KEY_HOME, "Home", "Home" },
	{ KT_KEY_END, "End", "End" },
	{ KT_KEY_DELETE, "Del", "Del" },
	{ KT_KEY_BACK_TAB, "Shift-Tab", "S-Tab" },
	{ KT_KEY_MOUSE_WHEEL_UP, "WheelUp", "WheelUp" },
	{ KT_KEY_MOUSE_WHEEL_DOWN, "WheelDown", "WheelDown" },
};

enum {
	NAMED_COUNT = sizeof(named_keys) / sizeof(named_keys[0]),
};

enum kt_action kt_key_action(uint32_t key)
{
	if (!key)
		return KT_ACTION_NONE;
	for (const struct kt_key_binding *binding = kt_key_table; binding->action; binding++)
		for (size_t i = 0; i < KEYS_PER_BINDING && binding->keys[i]; i++)
			if (binding->keys[i] == key)
				return binding->action;
	return KT_ACTION_NONE;
}

static void put_utf8(uint32_t code, struct kt_buf *out)
{
	if (code < 0x80) {
		kt_buf_putc(out, (char)code);
	} else if (code < 0x800) {
		kt_buf_putc(out, (char)(0xc0 | code >> 6));
		kt_buf_putc(out, (char)(0x80 | (code & 0x3f)));
	} else if (code < 0x10000) {
		kt_buf_putc(out, (char)(0xe0 | code >> 12));
		kt_buf_putc(out, (char)(0x80 | (code >> 6 & 0x3f)));
		kt_buf_putc(out, (char)(0x80 | (code & 0x3f)));
	} else {
		kt_buf_putc(out, (char)(0xf0 | code >> 18));
		kt_buf_putc(out, (char)(0x80 | (code >> 12 & 0x3f)));
		kt_buf_putc(out, (char)(0x80 | (code >> 6 & 0x3f)));
		kt_buf_putc(out, (char)(0x80 | (code & 0x3f)));
	}
}

void kt_key_put_character(uint32_t key, struct kt_buf *out)
{
	bool is_control = key < ' ' || (key >= 0x7f && key < 0xa0);

	if (!is_control && key <= 0x10ffff && (key < 0xd800 || key > 0xdfff))
		put_utf8(key, out);
}

void kt_key_name(uint32_t key, struct kt_buf *out)
{
	size_t before = out->len;

	for (size_t i = 0; i < NAMED_COUNT; i++)
		if (named_keys[i].key == key) {
			kt_buf_puts(out, named_keys[i].shown);
			return;
		}
	if (key && key < ' ') {
		kt_buf_printf(out, "Ctrl-%c", '@' + (int)key);
		return;
	}
	kt_key_put_character(key, out);
	if (out->len == before && !out->failed)
		kt_buf_puts(out, "none");
}

/* The key called by the @len bytes between < and >. */
static bool find_named(const char *name, size_t len, uint32_t *ret)
{
	for (size_t i = 0; i < NAMED_COUNT; i++)
		if (strlen(named_keys[i].typed) == len &&
		    !strncasecmp(named_keys[i].typed, name, len)) {
			*ret = named_keys[i].key;
			return true;
		}
	if (len != 3 || (name[0] != 'C' && name[0] != 'c') || name[1] != '-')
		return false;
	int letter = name[2] & ~0x20; /* in upper case */
	if (letter < 'A' || letter > 'Z')
		return false;
	*ret = (uint32_t)KT_CTRL(letter);
	return true;
}

static uint32_t decode_utf8(const char *text, size_t len)
{
	static const unsigned char masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t code = (unsigned char)text[0] & masks[len];

	for (size_t i = 1; i < len; i++)
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	return code;
}

size_t kt_key_parse(const char *text, uint32_t *ret)
{
	if (text[0] == '<') {
		const char *end = memchr(text, '>', strnlen(text, MAX_NAME));
		if (!end || !find_named(text + 1, (size_t)(end - text) - 1, ret))
			return 0;
		return (size_t)(end - text) + 1;
	}
	size_t len = kt_text_utf8_length(text, strnlen(text, 4));
	if (!len || (unsigned char)text[0] < ' ' || text[0] == 0x7f)
		return 0;
	*ret = decode_utf8(text, len);
	return len;
}

/* Every sign is escaped, so that none of them means anything to scdoc. */
static void put_escaped(const char *text, struct kt_buf *out)
{
	for (; *text; text++) {
		bool is_plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
				(*text >= '0' && *text <= '9') || *text == ' ' || *text == ',' ||
				(unsigned char)*text >= 0x80;
		if (!is_plain)
			kt_buf_putc(out, '\\');
		kt_buf_putc(out, *text);
	}
}

void kt_keys_scdoc(struct kt_buf *out)
{
	for (const struct kt_key_binding *binding = kt_key_table; binding->action; binding++) {
		for (size_t i = 0; i < KEYS_PER_BINDING && binding->keys[i]; i++) {
			kt_autobuf struct kt_buf name = KT_BUF_INIT;

			kt_key_name(binding->keys[i], &name);
			kt_buf_puts(out, i ? ", *" : "*");
			put_escaped(kt_buf_text(&name), out);
			kt_buf_putc(out, '*');
		}
		kt_buf_puts(out, "\n\t");
		put_escaped(binding->help, out);
		kt_buf_puts(out, ".\n\n");
	}
}
