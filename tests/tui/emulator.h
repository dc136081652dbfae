/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A terminal for tests: a pseudo-terminal whose other end is libvterm.  The test owns both ends, so
 * that it sees what a program leaves behind.
 */
#ifndef KT_TESTS_TUI_EMULATOR_H
#define KT_TESTS_TUI_EMULATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>
#include <vterm.h>

struct emulator {
	int master;
	int slave;
	char device[64];
	VTerm *vterm;
	VTermScreen *screen;
	int columns;
	int rows;
	bool is_alternate;
	bool is_cursor_visible;
	int mouse;	      /* VTERM_PROP_MOUSE_... */
	size_t byte_count;    /* that programs wrote */
	struct termios modes; /* as it was made */
};

/** Makes a terminal of this size.  Owner: the caller calls emulator_close(). */
void emulator_open(struct emulator *emulator, int columns, int rows);

/** Frees it; closes what is open of both ends. */
void emulator_close(struct emulator *emulator);

/** Takes what programs have written, without waiting.  Returns how many bytes. */
size_t emulator_take(struct emulator *emulator);

/** Waits until there is something to take, at most @ms; then takes it.  False: there was not. */
bool emulator_wait(struct emulator *emulator, int ms);

/** Waits until row @row begins with @text (at most 10 s). */
bool emulator_expect(struct emulator *emulator, int row, const char *text);

/** Sends a key as a terminal in its present mode does. */
void emulator_key(struct emulator *emulator, VTermKey key);

/** Sends a character. */
void emulator_char(struct emulator *emulator, unsigned code);

/** Sends what the emulator has to say (keys, the mouse) to the program. */
void emulator_send(struct emulator *emulator);

/** Makes it another size; the program is not told by a signal unless it runs in it. */
void emulator_resize(struct emulator *emulator, int columns, int rows);

/** The text of a row, without blanks at its end.  Owner: borrowed until the next call. */
const char *emulator_row(const struct emulator *emulator, int row);

/** Fails the test unless the terminal is as it was made: modes, cursor, screen, mouse. */
void emulator_check_restored(const struct emulator *emulator);

#endif
